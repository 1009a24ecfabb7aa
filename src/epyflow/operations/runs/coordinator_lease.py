"""Hold the lease of a run in a bucket or a shared folder, so that the run has one coordinator.

The lease is an object beside the coordinator's record. It is created, renewed, replaced and removed
on condition that nobody else has written it since, so one of two coordinators is refused, in
whatever folders and on whatever machines they are. A lease that is not renewed lapses.

A run in the work folder has no lease: Snakemake locks the folder.
"""

import atexit
import contextlib
import os
import secrets
import threading
from collections.abc import Callable, Mapping

import psutil

from epyflow.errors import EpyflowError, RunningError
from epyflow.operations.runs.coordinator_record import (
    JOB_VARIABLE,
    Coordinator,
    Wanted,
    this_coordinator,
)
from epyflow.operations.runs.run_lease import RENEW_SECONDS, Lease, read_lease, watch_lease
from epyflow.run.layout import RunLayout
from epyflow.storage.disk import Storage
from epyflow.storage.stored_file import VersionedStorage

TAKE_OVER_VARIABLE = "EPYFLOW_TAKE_OVER"
"""Set to ``true`` to start although another coordinator holds the lease.

It is no setting of the run: a changed ``--config`` would end running tasks instead of taking them
over.
"""

REPLACED = 77
"""Exit code of a coordinator that has lost its lease to another one."""

_TRIES = 3


class HeldLease:
    """A lease that this process holds, from :func:`acquire_lease`."""

    def __init__(self, storage: VersionedStorage, path: str, lease: Lease, version: str) -> None:
        self._storage, self._path = storage, path
        self._lease, self._version = lease, version
        self._ending, self._writing = threading.Event(), threading.Lock()

    def renew(self) -> bool:
        """Renew the lease; return False if another coordinator has it now.

        Raises
        ------
        EpyflowError
            If the storage does not answer.
        """
        with self._writing:
            lease = self._lease.model_copy(update={"renewals": self._lease.renewals + 1})
            version = _write(self._storage, self._path, lease, self._version)
            if version is not None:
                self._lease, self._version = lease, version
            return version is not None

    def keep(self, lost: Callable[[], object], say: Callable[[str], object]) -> None:
        """Renew the lease in a thread until it is released.

        Parameters
        ----------
        lost
            Called in the thread, once, if another coordinator has the lease.
        say
            Called with a message if the storage does not answer; the thread tries again.
        """

        def renew_often() -> None:
            while not self._ending.wait(RENEW_SECONDS):
                try:
                    if self.renew():
                        continue
                except (EpyflowError, OSError) as error:
                    say(f"The lease of this run is not renewed, will be tried again: {error}")
                    continue
                lost()
                return

        threading.Thread(target=renew_often, name="lease", daemon=True).start()

    def release(self) -> None:
        """Remove the lease, unless another coordinator has it; errors are ignored: it lapses."""
        self._ending.set()
        with self._writing, contextlib.suppress(EpyflowError, OSError):
            self._storage.remove_version(self._path, self._version)


def acquire_lease(
    mine: Coordinator,
    storage: VersionedStorage,
    say: Callable[[str], object],
    *,
    take_over: bool = False,
) -> HeldLease:
    """Acquire the lease of a run.

    A lease whose holder has ended on this machine, or of an earlier attempt of the same Batch job,
    is replaced. One that seems to have lapsed is replaced if it is not renewed while it is watched.

    Parameters
    ----------
    mine
        This coordinator.
    storage
        The bucket of the run.
    say
        Called with a message before a lease is watched.
    take_over
        Replace the lease of another coordinator, too. It ends when it notices.

    Raises
    ------
    RunningError
        If another coordinator holds it: who, since when, and what to do.
    EpyflowError
        If the storage cannot be read or written.
    """
    bare = mine.model_copy(update={"wanted": Wanted()})
    lease = Lease(holder=bare, nonce=secrets.token_hex(8))
    path = RunLayout(mine.exp_id, mine.run_id).coordinator_lease
    for _ in range(_TRIES):
        found = read_lease(mine.exp_id, mine.run_id, storage)
        own_job = found is not None and mine.job is not None and found.job == mine.job
        if found is not None and not own_job and not take_over:
            found = watch_lease(mine.exp_id, mine.run_id, storage, say)
            if found is not None and found.is_held:
                raise RunningError(
                    f"{found.described()}. Follow it with `epyflow status`, end it with `epyflow "
                    f"cancel`, or start again with {TAKE_OVER_VARIABLE}=true to take the run over; "
                    "it ends then, and tasks on Google Batch go on if the sources are the same"
                )
        version = _write(storage, path, lease, None if found is None else found.version)
        if version is not None:
            return HeldLease(storage, path, lease, version)
    raise RunningError(f"{mine.exp_id}/{mine.run_id}: other coordinators are starting; try again")


def claim_run(
    exp_id: str,
    run_id: str,
    storage: Storage,
    lost: Callable[[], object],
    say: Callable[[str], object],
    environment: Mapping[str, str] = os.environ,
) -> HeldLease | None:
    """Hold the lease of a run for this process until it ends.

    Returns
    -------
    lease
        None on disk, and for Snakemake in a submitted coordinator, which holds the lease itself.

    Raises
    ------
    RunningError
        If another coordinator holds it.
    EpyflowError
        If the variable to take over has another value than ``true``, or the storage fails.
    """
    given = environment.get(TAKE_OVER_VARIABLE, "")
    if given.lower() not in ("", "true", "false"):
        raise RunningError(f"{TAKE_OVER_VARIABLE}={given}: expected true, false, or nothing")
    if environment.get(JOB_VARIABLE) or not isinstance(storage, VersionedStorage):
        return None
    mine = this_coordinator(exp_id, run_id, environment)
    held = acquire_lease(mine, storage, say, take_over=given.lower() == "true")
    atexit.register(held.release)
    held.keep(lost, say)
    return held


def end_this_process(unlock: Callable[[], object]) -> None:
    """End this process and its local jobs, and leave Batch jobs to the coordinator that took over.

    Parameters
    ----------
    unlock
        Removes the lock of the folder.
    """
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            child.kill()
    unlock()
    os._exit(REPLACED)


def _write(storage: VersionedStorage, path: str, lease: Lease, replaced: str | None) -> str | None:
    """Write a lease if nobody else has; return its version, None if somebody has."""
    data = lease.model_dump_json(indent=1).encode() + b"\n"
    version = storage.write_version(path, data, replaced)
    if version is None:
        # The answer to the first of two requests may have been lost.
        found = storage.read_version(path)
        version = found.name if found is not None and found.data == data else None
    return version

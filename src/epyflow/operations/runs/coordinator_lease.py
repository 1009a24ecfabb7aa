"""Hold the lease of a run in a bucket or a shared folder, so that the run has one coordinator.

The lease is an object beside the coordinator's record. It is created, renewed, replaced and removed
on condition that nobody else has written it since, so one of two coordinators is refused, in
whatever folders and on whatever machines they are. A lease that is not renewed lapses.

A run in the work folder has no lease: Snakemake locks the folder.
"""

import atexit
import contextlib
import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from epyflow.errors import EpyflowError, RunningError
from epyflow.operations.runs.coordinator_presence import coordinator_name, format_time
from epyflow.operations.runs.coordinator_record import Coordinator, this_coordinator
from epyflow.operations.runs.run_lease import (
    RENEW_SECONDS,
    FoundLease,
    Lease,
    new_lease,
    read_lease,
    wait_for_end,
    watch_lease,
    write_lease,
)
from epyflow.run.layout import RunLayout
from epyflow.storage.disk import Storage
from epyflow.storage.stored_file import Version, VersionedStorage

TAKE_OVER_VARIABLE = "EPYFLOW_TAKE_OVER"
"""Set to ``true`` to start although another coordinator holds the lease.

It is no setting of the run: a changed ``--config`` would end running tasks instead of taking them
over.
"""

LEASE_VARIABLE = "EPYFLOW_COORDINATOR_LEASE"
"""The lease of a submitted coordinator, for the Snakemake that it starts."""

_TRIES = 3


class HeldLease:
    """A lease that this process holds, from :func:`acquire_lease`.

    Without a version, the process that has started this one holds it, and renews and releases it.

    Attributes
    ----------
    replaced
        The lease of a coordinator that may run still, from which this one has taken the run over.
    """

    def __init__(
        self,
        storage: VersionedStorage,
        lease: Lease,
        version: str | None,
        say: Callable[[str], object],
        replaced: FoundLease | None = None,
        earlier: Version | None = None,
    ) -> None:
        self.replaced, self._earlier = replaced, earlier
        self._run = RunLayout(lease.holder.exp_id, lease.holder.run_id)
        self._storage, self._path = storage, self._run.coordinator_lease
        self._lease, self._version, self._say = lease, version, say
        self._ending, self._writing = threading.Event(), threading.Lock()

    def variables(self) -> dict[str, str]:
        """Return the environment of a Snakemake that works under this lease."""
        return {LEASE_VARIABLE: self._lease.model_dump_json()}

    def renew(self) -> None:
        """Renew the lease, unless it was released.

        One that was removed or damaged is written again, with a message.

        Raises
        ------
        RunningError
            If another coordinator has the run now: which one.
        EpyflowError
            If the storage does not answer.
        """
        with self._writing:
            if self._ending.is_set():
                return
            lease = self._lease.model_copy(update={"renewals": self._lease.renewals + 1})
            version = write_lease(self._storage, lease, self._version)
            for _ in range(_TRIES):
                if version is not None:
                    self._lease, self._version = lease, version
                    return
                changed, replaced = self._change()
                version = write_lease(self._storage, lease, replaced)
                if version is not None:
                    self._say(
                        f"{self._path}: {changed}, by whom is unknown. No other coordinator holds "
                        "it: it was written again, and the run goes on. Find out who may write "
                        "the folder of this file"
                    )
        raise EpyflowError(f"{self._path}: somebody else writes it, too")

    def _change(self) -> tuple[str, str | None]:
        """Say how the lease was changed, and return its version; raise if another holds the run."""
        found = read_lease(self._run.exp_id, self._run.run_id, self._storage)
        lease = None if found is None else found.lease
        if found is not None and lease is not None:
            if lease.nonce != self._lease.nonce:
                raise RunningError(found.described())
            return "the lease of this run was replaced by an earlier one", found.version
        # Another one may have taken the run over, and released the lease at its end.
        record = self._storage.read_version(self._run.coordinator_record)
        with contextlib.suppress(ValidationError):
            other = Coordinator.model_validate_json(b"" if record is None else record.data)
            if record != self._earlier and not other.is_same(self._lease.holder):
                since = format_time(other.started)
                raise RunningError(
                    f"{self._run.name}: {coordinator_name(other)} was its coordinator since {since}"
                )
        if found is None:
            return "the lease of this run was removed", None
        return "the lease of this run was overwritten, and cannot be read", found.version

    def confirm(self, lost: Callable[[str], object]) -> None:
        """Read the lease, as before jobs are started: the next renewal may be seconds away.

        One that was removed or damaged is left to it, and so is a storage that does not answer.

        Parameters
        ----------
        lost
            As in :meth:`keep`.

        Raises
        ------
        RunningError
            If another coordinator has the run now, after ``lost`` was called.
        """
        try:
            self._change()
        except RunningError as error:
            lost(str(error))
            raise
        except (EpyflowError, OSError):
            return

    def keep(self, lost: Callable[[str], object]) -> None:
        """Renew the lease in a thread until it is released.

        If the storage does not answer, the thread says so and tries again.

        Parameters
        ----------
        lost
            Called in the thread, once, with the name of the other coordinator that has the run.
        """

        def renew_often() -> None:
            began = time.monotonic()
            # A request that fails may take minutes: then the next one follows at once.
            while not self._ending.wait(max(0.0, began + RENEW_SECONDS - time.monotonic())):
                began = time.monotonic()
                try:
                    self.renew()
                    began = time.monotonic()
                except RunningError as error:
                    lost(str(error))
                    return
                except (EpyflowError, OSError) as error:
                    self._say(f"The lease of this run is not renewed, will be tried again: {error}")

        threading.Thread(target=renew_often, name="lease", daemon=True).start()

    def release(self) -> None:
        """Remove the lease, unless another coordinator has it; errors are ignored: it lapses."""
        self._ending.set()
        if self._version is None:
            return
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

    A lease whose holder has ended on this machine, or of the same Batch job, is replaced. One that
    seems to have lapsed is replaced if it is not renewed while it is watched.

    Parameters
    ----------
    mine
        This coordinator.
    storage
        The bucket of the run.
    say
        Called with a message before a lease is watched, and later by the lease.
    take_over
        Replace the lease of another coordinator, too. It ends when it notices.

    Raises
    ------
    RunningError
        If another coordinator holds it: who, since when, and what to do.
    EpyflowError
        If the storage cannot be read or written.
    """
    lease = new_lease(mine)
    for _ in range(_TRIES):
        earlier = storage.read_version(RunLayout(mine.exp_id, mine.run_id).coordinator_record)
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
        version = write_lease(storage, lease, None if found is None else found.version)
        if version is not None:
            free = found is None or own_job or found.has_ended or found.changes is False
            return HeldLease(storage, lease, version, say, None if free else found, earlier)
    raise RunningError(f"{mine.exp_id}/{mine.run_id}: other coordinators are starting; try again")


def claim_run(
    exp_id: str,
    run_id: str,
    storage: Storage,
    lost: Callable[[str], object],
    say: Callable[[str], object],
    environment: Mapping[str, str] = os.environ,
) -> HeldLease | None:
    """Hold the lease of a run for this process until it ends.

    Returns
    -------
    lease
        None on disk. For Snakemake in a submitted coordinator, the lease of that.

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
    if not isinstance(storage, VersionedStorage):
        return None
    if environment.get(LEASE_VARIABLE):
        lease = Lease.model_validate_json(environment[LEASE_VARIABLE])
        return HeldLease(storage, lease, None, say)
    mine = this_coordinator(exp_id, run_id, environment)
    held = acquire_lease(mine, storage, say, take_over=given.lower() == "true")
    atexit.register(held.release)
    held.keep(lost)
    if held.replaced is not None:
        wait_for_end(held.replaced, say)
    return held


def confirm_before_jobs(scheduler: Any, held: HeldLease, lost: Callable[[str], object]) -> None:
    """Let Snakemake confirm the lease before it starts jobs, with whatever executor.

    The method is private: a Snakemake without it is left as it is.

    Parameters
    ----------
    scheduler
        ``workflow.scheduler``.
    held, lost
        The lease, and what :meth:`HeldLease.confirm` calls when another coordinator has the run.
    """
    start = getattr(scheduler, "run", None)
    if start is None:
        return

    def run(*jobs: Any, **options: Any) -> None:
        held.confirm(lost)
        start(*jobs, **options)

    scheduler.run = run

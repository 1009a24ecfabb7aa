"""Acquire the lease of a run in a bucket or a shared folder, so that it has one coordinator.

The lease is an object beside the coordinator's record. It is created, renewed, replaced and removed
on condition that nobody else has written it since, so one of two coordinators is refused, in
whatever folders and on whatever machines they are. A lease that is not renewed lapses.

A run in the work folder has no lease: Snakemake locks the folder.
"""

import atexit
import os
from collections.abc import Callable, Mapping
from typing import Any

from epyflow.errors import RunningError
from epyflow.operations.runs.coordinator_record import Coordinator, is_same_job, this_coordinator
from epyflow.operations.runs.held_lease import LEASE_VARIABLE, TRIES, HeldLease
from epyflow.operations.runs.run_lease import (
    Lease,
    new_lease,
    read_lease,
    wait_for_end,
    watch_lease,
    write_lease,
)
from epyflow.run.layout import RunLayout
from epyflow.storage.disk import Storage
from epyflow.storage.stored_file import VersionedStorage

TAKE_OVER_VARIABLE = "EPYFLOW_TAKE_OVER"
"""Set to ``true`` to start although another coordinator holds the lease.

It is no setting of the run: a changed ``--config`` would end running tasks instead of taking them
over.
"""


def acquire_lease(
    mine: Coordinator,
    storage: VersionedStorage,
    say: Callable[[str], object],
    *,
    take_over: bool = False,
    replaces: str = "",
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
    replaces
        Nonce of the only lease that is replaced in this way; empty: none.

    Raises
    ------
    RunningError
        If another coordinator holds it: who, since when, and what to do.
    EpyflowError
        If the storage cannot be read or written.
    """
    lease = new_lease(mine)
    for _ in range(TRIES):
        earlier = storage.read_version(RunLayout(mine.exp_id, mine.run_id).coordinator_record)
        found = read_lease(mine.exp_id, mine.run_id, storage)
        own_job = found is not None and is_same_job(found.job, mine.job)
        named = replaces != "" and found is not None and found.nonce == replaces
        if found is not None and not (own_job or named or take_over):
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

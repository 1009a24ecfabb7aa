"""``epyflow status``: the progress of a run, its coordinator, and what failed."""

import time
from typing import Annotated, Any, NamedTuple

import typer

from epyflow.cli.options import Format, RunId, RunName, StoragePrefix
from epyflow.cli.output import ExitCode, exit_on_error, print_json, say
from epyflow.operations.runs.coordinator_presence import (
    Presence,
    find_coordinator,
    how_to_resume,
    summarise_jobs,
)
from epyflow.operations.runs.run_lease import find_lease
from epyflow.operations.runs.run_list import Run
from epyflow.operations.runs.run_lookup import find_run
from epyflow.operations.runs.status import Progress, Status
from epyflow.operations.runs.status import status as status_of
from epyflow.operations.runs.unplanned_files import describe_unplanned
from epyflow.operations.slurm.jobs import QueuedJobs, queued_jobs
from epyflow.storage.disk import Storage
from epyflow.suggest import counted


class _Seen(NamedTuple):
    """A look at a run; ``lease`` says who holds the lease, None without one."""

    now: Status
    presence: Presence
    queued: QueuedJobs | None
    lease: str | None


def status(
    run: RunName,
    run_id: RunId = None,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch",
            "-w",
            help="Print it again when it has changed, until the run or its coordinator has ended.",
        ),
    ] = False,
    every: Annotated[
        float, typer.Option(min=1, help="With `--watch`: seconds between two checks.")
    ] = 15.0,
    storage: StoragePrefix = None,
    format: Format = "table",
) -> None:
    """Show the progress of a run, its coordinator, and what failed.

    Progress is read from the run's files. The state of the coordinator is read from its record
    beside the logs, from its process if that is on this machine, and, for a run in a bucket, from
    its lease and from Google Batch in the project of profiles/gcp/site.yaml. The jobs of a run on
    Slurm are listed with squeue.

    Exit code 0: complete. 1: something failed, or the hub's checks refuse the submission. 2: there
    is no such run, or the storage cannot be read. 3: under way. 4: not complete, and no coordinator
    works on it.
    """
    shown = None
    with exit_on_error():
        place, found = find_run(run, run_id, storage)
        while True:
            now = _look(place, found)
            if now != shown:
                _print(now, format)
            shown = now
            if not watch or _is_over(*now[:2]):
                break
            time.sleep(every)
    if watch and not now[0].run.complete and now[1].lives is False:
        where = how_to_resume(now[1].record)
        say(f"{found.folder}: no coordinator works on it. To resume it: {where}", err=True)
    raise typer.Exit(_code(*now[:2]))


def _look(storage: Storage, run: Run) -> _Seen:
    """Look at the coordinator, then at the files: a run that ends in between is seen as ended."""
    presence = find_coordinator(storage, run.exp_id, run.run_id)
    found = find_lease(run.exp_id, run.run_id, storage)
    lease = None if found is None else found.holder_described()
    record = presence.record
    if record is None:
        return _Seen(status_of(storage, run), presence, None, lease)
    since = record.started if presence.lives and record.outcome is None else None
    queued = queued_jobs(record) if storage.uri is None else None
    return _Seen(status_of(storage, run, record.wanted.files, since), presence, queued, lease)


def _is_over(now: Status, presence: Presence) -> bool:
    """Whether the run, or its coordinator, has ended."""
    if presence.lives is None:
        return now.over
    return not presence.lives


def _code(now: Status, presence: Presence) -> ExitCode:
    if now.failed:
        return ExitCode.PROBLEM
    if now.run.complete:
        return ExitCode.OK
    return ExitCode.ABANDONED if presence.lives is False else ExitCode.NOT_DONE


def _print(seen: _Seen, format: str) -> None:
    if format == "json":
        print_json(_document(seen))
        return
    now, presence, queued, lease = seen
    run = now.run
    state: str = run.state
    if state == "incomplete" and presence.outcome == "stopped":
        state = "incomplete; it was stopped, and the same command resumes it"
    judged = f"; submission {run.submission}" if run.submission else ""
    say(f"{run.folder}: {state}{judged}, {run.modified:%Y-%m-%d %H:%M:%S} UTC")
    say(f"coordinator: {presence.described()}")
    if lease is not None:
        say(f"lease    {lease}")
    if presence.own:
        say(f"batch    {summarise_jobs(presence.own)}")
    elif presence.unseen:
        say(f"batch    cannot be seen from here: {presence.unseen}")
    if queued is not None:
        say(f"slurm    {queued.described()}")
    say(
        f"tasks    {run.tasks:,}: {run.done:,} done, {run.failed:,} failed, {run.missing:,} missing"
    )
    for stage in now.stages:
        if stage.files or stage.failed or stage.wanted:
            say(f"{stage.name:<8} {_counted(stage)}")
    if run.unplanned:
        say(f"not counted: {describe_unplanned(run.unplanned)}")
    for log, message in now.failures.items():
        say(f"{log}: {message}")


def _counted(stage: Progress) -> str:
    failed = f", {stage.failed:,} failed" if stage.failed else ""
    if stage.wanted:
        return f"{stage.files:,} of {stage.wanted:,}{failed}"
    return f"{counted(stage.files, 'file')}{failed}"


def _document(seen: _Seen) -> dict[str, Any]:
    now, presence, queued, lease = seen
    return {
        **now.as_dict(),
        "coordinator": presence.as_dict(),
        "lease": lease,
        "batch": None if presence.jobs is None else [job.as_dict() for job in presence.own],
        "slurm": None if queued is None else queued.as_dict(),
    }

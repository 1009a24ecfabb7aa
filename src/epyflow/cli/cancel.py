"""``epyflow cancel``: end a run."""

from typing import Annotated

import typer

from epyflow.cli.options import Format, RunId, RunName, StoragePrefix, Yes
from epyflow.cli.output import ExitCode, confirm_or_exit, exit_on_error, print_json, say, warn
from epyflow.operations.runs.cancellation import Cancelling, Ended
from epyflow.operations.runs.coordinator_presence import (
    find_coordinator,
    how_to_resume,
    list_live_parts,
)
from epyflow.operations.runs.coordinator_record import read_record
from epyflow.operations.runs.run_lookup import find_run


def cancel(
    run: RunName,
    run_id: RunId = None,
    now: Annotated[
        bool,
        typer.Option(
            "--now",
            help="Kill the coordinator's process and its children. Without it, they are "
            "interrupted, as by Ctrl-C, and clean up.",
        ),
    ] = False,
    only_coordinator: Annotated[
        bool,
        typer.Option(
            "--only-coordinator",
            help="Leave the jobs on Google Batch running: the next start of the run takes them "
            "over. A coordinator on this machine is killed, because it would end them.",
        ),
    ] = False,
    patience: Annotated[
        float, typer.Option(min=1, help="Seconds to wait until all have ended.")
    ] = 600.0,
    yes: Yes = False,
    storage: StoragePrefix = None,
    format: Format = "table",
) -> None:
    """End a run: its coordinator first, then its jobs. Finished tasks are kept.

    A coordinator on this machine is interrupted; one that is a Batch job is deleted. Then the
    run's jobs on Google Batch are deleted, and only those: their definitions name the run. A
    coordinator on another machine cannot be ended from here: its jobs are ended, and the command
    names the machine. To resume the run, repeat its command.

    Exit code 0: nothing of the run is running. 1: something may still be running, and is named. 2:
    there is no such run, or it cannot be read or ended. 3: not confirmed, nothing was done.
    """
    with exit_on_error():
        place, found = find_run(run, run_id, storage)
        presence = find_coordinator(place, found.exp_id, found.run_id)
        lines = list_live_parts(presence, only_coordinator=only_coordinator)
        confirm_or_exit(found.folder, lines, "End this run?", yes=yes)
        ended = Cancelling(
            place,
            presence,
            warn,
            now=now,
            only_coordinator=only_coordinator,
            patience=patience,
        ).run()
        go_on = how_to_resume(read_record(found.exp_id, found.run_id, place))
    if format == "json":
        document = {"run": found.folder, "ended": ended.done, "left": ended.left, "go_on": go_on}
        print_json(document)
    else:
        _print(found.folder, ended, go_on)
    for each in ended.left:
        say(f"{found.folder}: {each}", err=True)
    raise typer.Exit(ExitCode.PROBLEM if ended.left else ExitCode.OK)


def _print(folder: str, ended: Ended, go_on: str) -> None:
    if ended.done:
        say(f"{folder}: ended {', '.join(ended.done)}")
    elif not ended.left:
        say(f"{folder}: nothing of it is running")
    if not ended.left and ended.done:
        lock = "; first run `snakemake --unlock` there" if ended.killed else ""
        say(f"to resume it: {go_on}{lock}")

"""``epyflow status``: how far a run is."""

import json
import time
from typing import Annotated

import typer

from epyflow.cli_fetch import RunId, RunName
from epyflow.cli_runs import Format, Place
from epyflow.errors import EpyflowError
from epyflow.runs.choosing import chosen
from epyflow.runs.status import Status
from epyflow.runs.status import status as status_of

FAILED, UNREADABLE, UNDER_WAY = 1, 2, 3


def status(
    run: RunName,
    run_id: RunId = None,
    watch: Annotated[
        bool,
        typer.Option("--watch", help="Print it again when it has changed, until no task is left."),
    ] = False,
    every: Annotated[
        float, typer.Option(min=1, help="Seconds between two looks, with `--watch`.")
    ] = 15.0,
    storage: Place = None,
    format: Format = "table",
) -> None:
    """Show how far each stage of a run is, and the message of every job that failed.

    It is told from files: whether a coordinator is at work they cannot say.

    Exit code 0: complete. 1: something failed, or the hub's checks refuse the submission. 2: there
    is no such run, or the storage cannot be read. 3: tasks are missing, or the tables.
    """
    shown = None
    try:
        place, found = chosen(run, run_id, storage)
        while True:
            now = status_of(place, found)
            if now != shown:
                _print(now, format)
            shown = now
            if not watch or now.over:
                break
            time.sleep(every)
    except EpyflowError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(UNREADABLE) from None
    raise typer.Exit(FAILED if now.failed else 0 if now.run.complete else UNDER_WAY)


def _print(now: Status, format: str) -> None:
    if format == "json":
        typer.echo(json.dumps(now.as_dict(), indent=2))
        return
    run = now.run
    state = "complete" if run.complete else "incomplete"
    judged = f"; submission {run.submission}" if run.submission else ""
    typer.echo(f"{run.folder}: {state}{judged}, {run.modified:%Y-%m-%d %H:%M:%S} UTC")
    typer.echo(
        f"tasks    {run.tasks:,}: {run.done:,} done, {run.failed:,} failed, {run.missing:,} missing"
    )
    for stage in now.stages:
        failed = f", {stage.failed:,} failed" if stage.failed else ""
        if stage.files or failed:
            files = f"{stage.files:,} file{'' if stage.files == 1 else 's'}"
            typer.echo(f"{stage.name:<8} {files}{failed}")
    for log, message in now.failures.items():
        typer.echo(f"{log}: {message}")

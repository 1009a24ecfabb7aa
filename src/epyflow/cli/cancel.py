"""``epyflow cancel``: end a run."""

import json
import sys
from typing import Annotated

import typer

from epyflow.cli.fetch import RunId, RunName
from epyflow.cli.runs import Format, Place
from epyflow.errors import EpyflowError
from epyflow.operations.runs.cancellation import Cancelling, Ended, at_work
from epyflow.operations.runs.coordinator_presence import presence_of, to_go_on
from epyflow.operations.runs.coordinator_record import read_record
from epyflow.operations.runs.run_lookup import chosen

LEFT, UNREADABLE, NOT_CONFIRMED = 1, 2, 3

Yes = Annotated[
    bool, typer.Option("--yes", "-y", help="Do not ask. Needed where there is no terminal.")
]


def cancel(
    run: RunName,
    run_id: RunId = None,
    now: Annotated[
        bool,
        typer.Option(
            "--now",
            help="Kill the coordinator's process and all that it has started. Without it, they "
            "are interrupted, as by Ctrl-C, and clear up.",
        ),
    ] = False,
    only_coordinator: Annotated[
        bool,
        typer.Option(
            "--only-coordinator",
            help="Let jobs on Google Batch go on: who starts the run again takes them over. A "
            "coordinator on this machine is killed, as it would end them.",
        ),
    ] = False,
    patience: Annotated[
        float, typer.Option(min=1, help="Seconds to wait until all have ended.")
    ] = 600.0,
    yes: Yes = False,
    storage: Place = None,
    format: Format = "table",
) -> None:
    """End a run: the coordinator first, then its jobs. What is done is kept.

    A coordinator on this machine is interrupted, one that is a Batch job is deleted. Then the
    run's jobs on Google Batch are deleted, and nobody else's: whose they are is read from their
    definitions. A coordinator on another machine cannot be ended from here; its jobs are, and it
    is said where it is. Start it again with the same command: it goes on with what is missing.

    Exit code 0: nothing of the run is at work. 1: something may still be, and it is said what. 2:
    there is no such run, or it cannot be read or ended. 3: not confirmed, nothing was done.
    """
    try:
        place, found = chosen(run, run_id, storage)
        presence = presence_of(place, found.exp_id, found.run_id)
        lines = at_work(presence, only_coordinator=only_coordinator)
        confirm(found.folder, lines, "End this run?", yes=yes)
        ended = Cancelling(
            place,
            presence,
            _say,
            now=now,
            only_coordinator=only_coordinator,
            patience=patience,
        ).run()
        go_on = to_go_on(read_record(found.exp_id, found.run_id, place))
    except EpyflowError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(UNREADABLE) from None
    if format == "json":
        document = {"run": found.folder, "ended": ended.done, "left": ended.left, "go_on": go_on}
        typer.echo(json.dumps(document, indent=2))
    else:
        _print(found.folder, ended, go_on)
    for each in ended.left:
        typer.echo(f"{found.folder}: {each}", err=True)
    raise typer.Exit(LEFT if ended.left else 0)


def confirm(what: str, lines: list[str], question: str, *, yes: bool) -> None:
    """Show what is to be ended or removed, and ask; without a terminal, ``--yes`` is the answer."""
    if not lines or yes:
        return
    for line in lines:
        typer.echo(f"{what}: {line}", err=True)
    if not sys.stdin.isatty():
        typer.echo("nothing was done; expected --yes, as nobody can be asked here", err=True)
        raise typer.Exit(NOT_CONFIRMED)
    if not typer.confirm(question, err=True):
        raise typer.Exit(NOT_CONFIRMED)


def _print(folder: str, ended: Ended, go_on: str) -> None:
    if ended.done:
        typer.echo(f"{folder}: ended {', '.join(ended.done)}")
    elif not ended.left:
        typer.echo(f"{folder}: nothing of it is at work")
    if not ended.left and ended.done:
        lock = "; first `snakemake --unlock` there" if ended.killed else ""
        typer.echo(f"to go on, {go_on}{lock}")


def _say(text: str) -> None:
    typer.echo(text, err=True)

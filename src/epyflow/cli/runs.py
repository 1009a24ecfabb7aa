"""``epyflow runs``: which runs there are."""

import json
from datetime import UTC, datetime
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from epyflow.errors import EpyflowError
from epyflow.operations.runs.log_lines import parse_since
from epyflow.operations.runs.run_list import Run, find_runs, opened

NONE, UNREADABLE = 1, 2

_WIDE = 200
"""Columns of a table that is not printed on a terminal."""

_STYLES = {"complete": "green", "failed": "bold red", "refused": "bold red"}

Place = Annotated[
    str | None,
    typer.Option(
        "--storage",
        help="Where results/ and logs/ are: `gs://<bucket>/<prefix>`, or a folder. "
        "Default: the working directory.",
    ),
]
Format = Annotated[Literal["table", "json"], typer.Option(help="How the answer is printed.")]


def runs(
    experiments: Annotated[
        str,
        typer.Argument(help="The experiment's id, or a glob for it in quotes, such as `'flu/*'`."),
    ] = "*",
    latest: Annotated[
        bool, typer.Option("--latest", help="Only the newest run of each experiment.")
    ] = False,
    state: Annotated[
        Literal["complete", "failed", "incomplete"] | None,
        typer.Option(help="Only runs of which this is true."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            help="Only runs of which a file was written since: `24h` or `7d` ago, a time."
        ),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only so many, the newest.")] = None,
    storage: Place = None,
    format: Annotated[
        Literal["table", "json", "uri"],
        typer.Option(help="How the answer is printed; `uri`: the folder of each run, for a pipe."),
    ] = "table",
) -> None:
    """List runs, the newest first: how many tasks are done, failed and missing.

    While a run is under way, its tasks are those that have an input, and one has failed if its log
    says so. After that they are what run_metadata.json says. A replay is one run.

    Exit code 0: listed. 1: there is none. 2: the storage cannot be read.
    """
    try:
        moment = None if since is None else parse_since(since, datetime.now(UTC))
        every = find_runs(opened(storage), experiments, latest=latest)
    except EpyflowError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(UNREADABLE) from None
    recent = [run for run in every if moment is None or run.modified >= moment]
    found = [run for run in recent if state in (None, _state(run))][:limit]
    if format == "json":
        typer.echo(json.dumps([run.as_dict() for run in found], indent=2))
    elif format == "uri":
        for run in found:
            typer.echo(f"{(storage or '.').rstrip('/')}/results/{run.folder}")
    elif found:
        _print(found)
    if not found:
        which = f"{state} run" if state else "run"
        typer.echo(f"no {which} of {experiments} under {storage or '.'}/results", err=True)
        raise typer.Exit(NONE)


def _print(found: list[Run]) -> None:
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDE)
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False)
    for name in ("experiment", "run_id", "modified", "state"):
        table.add_column(name, no_wrap=True)
    for name in ("tasks", "done", "failed", "missing"):
        table.add_column(name, justify="right")
    table.add_column("submission")
    for run in found:
        state, judged = _state(run), run.submission or "-"
        table.add_row(
            run.exp_id,
            run.run_id,
            f"{run.modified:%Y-%m-%d %H:%M:%S} UTC",
            Text(state, style=_STYLES.get(state, "")),
            *(f"{number:,}" for number in (run.tasks, run.done, run.failed, run.missing)),
            Text(judged, style=_STYLES.get(judged, "")),
        )
    console.print(table)


def _state(run: Run) -> str:
    if run.complete:
        return "complete"
    return "failed" if run.failed else "incomplete"

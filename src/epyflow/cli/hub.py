"""``epyflow hub``: files for forecast hubs."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from forecast_hub.errors import HubError

if TYPE_CHECKING:
    from forecast_hub.checks.validation import Verdict
    from forecast_hub.findings import Severity

hub = typer.Typer(help="Files for forecast hubs of the hubverse.", no_args_is_help=True)

REFUSED, UNJUDGED = 1, 2

_WIDE = 200
"""Columns of a table that is not printed on a terminal."""

_STYLES: "dict[Severity, str]" = {"error": "bold red", "warning": "yellow", "note": "dim"}


@hub.callback()
def hub_options() -> None:
    """Files for forecast hubs of the hubverse."""


@hub.command()
def validate(
    file: Annotated[Path, typer.Argument(help="The submission: a csv or parquet file.")],
    hub: Annotated[
        Path, typer.Option("--hub", help="The hub's folder, with tasks.json or hub-config/.")
    ],
    metadata: Annotated[
        Path | None,
        typer.Option("--metadata", help="The model's metadata file. Default: the hub's."),
    ] = None,
    locations: Annotated[
        Path | None,
        typer.Option("--locations", help="Table of populations. Default: the hub's."),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Treat warnings as errors.")] = False,
    format: Annotated[
        Literal["table", "json"], typer.Option(help="How the answer is printed.")
    ] = "table",
) -> None:
    """Check a submission as the hub will, and report every mistake with its lines.

    Exit code 0: accepted. 1: refused (with --strict, also for warnings). 2: the file or the hub
    cannot be read.
    """
    # Imported here, for pandas takes longer to import than the other commands take to run.
    from forecast_hub.checks.validation import validate as validate_submission

    try:
        verdict = validate_submission(
            file, hub, metadata=metadata, locations=locations, now=datetime.now(UTC)
        )
    except HubError as error:
        if format == "json":
            typer.echo(json.dumps({"accepted": False, "unreadable": str(error)}, indent=2))
        else:
            typer.echo(str(error), err=True)
        raise typer.Exit(UNJUDGED) from None
    accepted = verdict.accepted(strict=strict)
    if format == "json":
        typer.echo(json.dumps({"accepted": accepted, **verdict.as_dict()}, indent=2))
    else:
        _print(verdict, accepted)
    raise typer.Exit(0 if accepted else REFUSED)


def _print(verdict: "Verdict", accepted: bool) -> None:
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDE)
    if verdict.findings:
        table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False)
        for title in ("severity", "check", "where", "what"):
            table.add_column(title, overflow="fold", no_wrap=title in ("severity", "check"))
        for finding in verdict.findings:
            severity = Text(finding.severity, style=_STYLES[finding.severity])
            table.add_row(severity, finding.check, finding.place or "file", Text(finding.message))
        console.print(table)
    counts = ", ".join(
        f"{number} {severity}{'' if number == 1 else 's'}"
        for severity in ("error", "warning")
        for number in (verdict.count(severity),)
    )
    word = "accepted" if accepted else "refused"
    typer.echo(
        f"{verdict.path}: {word} ({counts}) for round {verdict.round_id or 'unknown'} of "
        f"{verdict.hub}; {verdict.rows:,} rows"
    )

"""``epyflow hub``: files for forecast hubs."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from epyflow.cli.options import Format, Strict
from epyflow.cli.output import ExitCode, console, count, exit_on_error, plain_table, print_json
from forecast_hub.checks.validation import Verdict
from forecast_hub.checks.validation import validate as validate_submission
from forecast_hub.errors import HubError
from forecast_hub.findings import Severity

hub = typer.Typer(
    help="Check files for forecast hubs.", no_args_is_help=True, rich_markup_mode="markdown"
)

_STYLES: dict[Severity, str] = {"error": "bold red", "warning": "yellow", "note": "dim"}


@hub.callback()
def hub_options() -> None:
    """Check files for forecast hubs."""


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
    strict: Strict = False,
    format: Format = "table",
) -> None:
    """Check a submission as the hub will, and report every mistake with its lines.

    Exit code 0: accepted. 1: refused (with --strict, also for warnings). 2: the file or the hub
    cannot be read.
    """
    document = {"accepted": False} if format == "json" else None
    with exit_on_error(errors=HubError, document=document):
        verdict = validate_submission(
            file, hub, metadata=metadata, locations=locations, now=datetime.now(UTC)
        )
    accepted = verdict.accepted(strict=strict)
    if format == "json":
        print_json({"accepted": accepted, **verdict.as_dict()})
    else:
        _print(verdict, accepted)
    raise typer.Exit(ExitCode.OK if accepted else ExitCode.PROBLEM)


def _print(verdict: Verdict, accepted: bool) -> None:
    if verdict.findings:
        table = plain_table({"severity": "word", "check": "word", "where": "text", "what": "text"})
        for finding in verdict.findings:
            severity = Text(finding.severity, style=_STYLES[finding.severity])
            table.add_row(severity, finding.check, finding.place or "file", Text(finding.message))
        console().print(table)
    counts = (
        f"{count(verdict.count('error'), 'error')}, {count(verdict.count('warning'), 'warning')}"
    )
    word = "accepted" if accepted else "refused"
    typer.echo(
        f"{verdict.path}: {word} ({counts}) for round {verdict.round_id or 'unknown'} of "
        f"{verdict.hub}; {verdict.rows:,} rows"
    )

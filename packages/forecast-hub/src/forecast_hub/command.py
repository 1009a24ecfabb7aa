"""The ``forecast-hub`` command: check submissions, score forecasts, and combine them."""

import json
import os
import sys
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from forecast_hub.errors import HubError

if TYPE_CHECKING:
    import pandas as pd

    from forecast_hub.checks.validation import Verdict
    from forecast_hub.findings import Severity

app = typer.Typer(
    help="Check submissions to forecast hubs of the hubverse, score forecasts and combine them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

REFUSED, FAILED = 1, 2

_WIDE = 200
"""Columns of a table that is not printed on a terminal."""

_STYLES: "dict[Severity, str]" = {"error": "bold red", "warning": "yellow", "note": "dim"}

Format = Annotated[Literal["text", "json"], typer.Option(help="How the answer is printed.")]
Locations = Annotated[
    Path | None, typer.Option("--locations", help="Table of populations. Default: the hub's.")
]


@app.command()
def validate(
    file: Annotated[Path, typer.Argument(help="The submission: a csv or parquet file.")],
    hub: Annotated[
        Path, typer.Option("--hub", help="The hub's folder, with tasks.json or hub-config/.")
    ],
    metadata: Annotated[
        Path | None,
        typer.Option("--metadata", help="The model's metadata file. Default: the hub's."),
    ] = None,
    locations: Locations = None,
    strict: Annotated[bool, typer.Option("--strict", help="Treat warnings as errors.")] = False,
    format: Format = "text",
) -> None:
    """Check a submission as its hub does, and report every mistake with its lines.

    Exit code 0: accepted. 1: refused (with --strict, also for warnings). 2: the file or the hub
    cannot be read.
    """
    # Imported here, for pandas takes longer to import than --help takes to print.
    from forecast_hub.checks.validation import validate as validate_submission

    try:
        verdict = validate_submission(
            file, hub, metadata=metadata, locations=locations, now=datetime.now(UTC)
        )
    except (HubError, OSError) as error:
        if format == "json":
            _write(json.dumps({"accepted": False, "unreadable": str(error)}, indent=2))
        else:
            typer.echo(str(error), err=True)
        raise typer.Exit(FAILED) from None
    accepted = verdict.accepted(strict=strict)
    if format == "json":
        _write(json.dumps({"accepted": accepted, **verdict.as_dict()}, indent=2))
    else:
        _print_verdict(verdict, accepted)
    raise typer.Exit(0 if accepted else REFUSED)


@app.command()
def score(
    target_data: Annotated[
        Path,
        typer.Option(
            "--target-data",
            help="What was observed: a csv or parquet file, or a hub with target-data/.",
        ),
    ],
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Submissions. Default: those in the hub's folder of model output."),
    ] = None,
    hub: Annotated[Path | None, typer.Option("--hub", help="The hub's folder.")] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            help="A model of the hub, <team>-<model>; may be repeated. Default: with FILES the "
            "baseline and the ensemble, else all.",
        ),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            "--baseline", help="The model to compare with. Default: <team>-baseline, if scored."
        ),
    ] = None,
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="First reference date."),
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last reference date.")
    ] = None,
    locations: Locations = None,
    output: Annotated[
        Path | None, typer.Option("--output", help="Folder to write the tables of scores to.")
    ] = None,
    format: Format = "text",
) -> None:
    """Score forecasts against what was observed, and print the mean scores of each model.

    Exit code 0: scored. 2: a file cannot be used, or no forecast has an outcome yet.
    """
    from forecast_hub.scoring.comparison import Selection, score_selection
    from forecast_hub.scoring.score_tables import write_tables
    from forecast_hub.scoring.table_names import SAMPLES

    selection = Selection(
        files=tuple(files or ()),
        hub=hub,
        models=tuple(model or ()),
        baseline=baseline,
        first=_day(first),
        last=_day(last),
    )
    try:
        tables = score_selection(selection, target_data, locations)
        if output is not None:
            write_tables(tables, output)
    except (HubError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(FAILED) from None
    _print_means([tables["mean_scores.csv"], tables[SAMPLES]], format)


@app.command()
def ensemble(
    files: Annotated[
        list[Path],
        typer.Argument(help="Submissions of the members; with those of earlier rounds to weigh."),
    ],
    output: Annotated[
        Path, typer.Option("--output", help="The ensemble's file, <date>-<team>-<model>.csv.")
    ],
    method: Annotated[
        Literal["median", "mean", "linear-pool"],
        typer.Option("--method", help="How quantiles are combined."),
    ] = "median",
    target_data: Annotated[
        Path | None,
        typer.Option(
            "--target-data",
            help="What was observed: weigh members by the WIS of their earlier rounds. Default: "
            "equal weights.",
        ),
    ] = None,
    hub: Annotated[
        Path | None,
        typer.Option("--hub", help="The hub's folder: its targets and locations are checked."),
    ] = None,
) -> None:
    """Combine the submissions of several models into one.

    Exit code 0: written. 2: a file cannot be used, or there are fewer than two members.
    """
    from forecast_hub.combining.ensemble import combine_files
    from forecast_hub.combining.submission import round_of, write_rows
    from forecast_hub.config.reader import read_hub

    try:
        read = None if hub is None else read_hub(hub)
        write_rows(combine_files(files, round_of(output), method, target_data, read), output)
    except HubError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(FAILED) from None
    _write(f"wrote {output}")


@app.command()
def growth(
    target_data: Annotated[
        Path, typer.Argument(help="What was observed, in all places and earlier years.")
    ],
    hub: Annotated[Path, typer.Option("--hub", help="The hub's folder, for its locations.")],
    output: Annotated[
        Path, typer.Option("--output", help="The forecast's file, <date>-<team>-<model>.csv.")
    ],
    target: Annotated[
        str, typer.Option("--target", help="The target, a weekly count.")
    ] = "wk inc flu hosp",
) -> None:
    """Forecast a weekly count by damped growth, with the errors that such forecasts had.

    Exit code 0: written. 2: a file cannot be used, or the observations are too few or too old.
    """
    from forecast_hub.combining.growth_file import forecast_file
    from forecast_hub.combining.submission import round_of, write_rows

    try:
        day = date.fromisoformat(round_of(output))
        write_rows(forecast_file(target_data, hub, day, target), output)
    except HubError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(FAILED) from None
    _write(f"wrote {output}")


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()


def _write_table(table: Table) -> None:
    shown = Console()
    width = shown.width if shown.is_terminal else _WIDE
    text = StringIO()
    Console(file=text, width=width, force_terminal=shown.is_terminal).print(table)
    _write(text.getvalue().rstrip("\n"))


def _write(text: str) -> None:
    """Print to standard output; a reader that has read enough, such as ``head``, is no failure."""
    try:
        typer.echo(text)
    except OSError as error:
        # What is still in the buffer must not be tried again when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            typer.echo(f"the answer cannot be printed: {error.strerror}", err=True)
            raise typer.Exit(FAILED) from None


def _print_verdict(verdict: "Verdict", accepted: bool) -> None:
    if verdict.findings:
        table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False)
        for title in ("severity", "check", "where", "what"):
            table.add_column(title, overflow="fold", no_wrap=title in ("severity", "check"))
        for finding in verdict.findings:
            severity = Text(finding.severity, style=_STYLES[finding.severity])
            table.add_row(severity, finding.check, finding.place or "file", Text(finding.message))
        _write_table(table)
    counts = ", ".join(
        f"{number} {severity}{'' if number == 1 else 's'}"
        for severity in ("error", "warning")
        for number in (verdict.count(severity),)
    )
    word = "accepted" if accepted else "refused"
    _write(
        f"{verdict.path}: {word} ({counts}) for round {verdict.round_id or 'unknown'} of "
        f"{verdict.hub}; {verdict.rows:,} rows"
    )


def _print_means(tables: "list[pd.DataFrame]", format: str) -> None:
    found = [json.loads(table.to_json(orient="records")) for table in tables if len(table)]
    if format == "json":
        _write(json.dumps([record for records in found for record in records], indent=2))
        return
    for records in found:
        table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False)
        for name in records[0]:
            table.add_column(name)
        for record in records:
            table.add_row(*map(_shown, record.values()))
        _write_table(table)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)

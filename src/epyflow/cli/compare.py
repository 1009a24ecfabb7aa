"""``epyflow compare``: the differences between two runs."""

from pathlib import Path
from typing import Annotated, Any

import typer

from epyflow.cli.options import Format, RunName, StoragePrefix
from epyflow.cli.output import ExitCode, console, exit_on_error, plain_table, print_json, say
from epyflow.operations.comparison.run_comparison import Comparison, compare_runs
from epyflow.operations.runs.run_lookup import find_run
from epyflow.suggest import listed

_SHOWN, _WHOLE = 20, 100_000
_ANSWERS = {True: "same", False: "different", None: "unknown"}


def compare(
    first: RunName,
    second: RunName,
    to: Annotated[Path, typer.Option(help="The folder to write to.")] = Path("comparison"),
    figures: Annotated[
        bool, typer.Option("--figures/--no-figures", help="Whether to draw figures.")
    ] = True,
    storage: StoragePrefix = None,
    format: Format = "table",
) -> None:
    """Compare two runs: the second minus the first, in tables and figures.

    Quantiles are compared by parameter set, population, date and level. Trajectories are paired
    where both runs have the seed and number of a trajectory. Replays have no such tables: the
    quantiles of their submissions are compared, for the reference dates that both have, also with
    those of a run for one date.

    Exit code 0: compared; the runs may differ. 1: they have no table in common, or one cannot be
    compared. 2: there is no such run, or a file cannot be read or written.
    """
    with exit_on_error(ExitCode.PROBLEM):
        runs = (find_run(first, None, storage), find_run(second, None, storage))
        found = compare_runs(*runs, to, figures=figures)
    if format == "json":
        print_json(_document(found))
        return
    say(*(f"{key:<12}{_ANSWERS[same]}" for key, same in found.facts.items()))
    for run, dates in found.more_dates.items():
        say(f"{run} has more reference dates: {listed(dates)}", err=True)
    more = tuple(f"{day}_" for dates in found.more_dates.values() for day in dates)
    for name in found.missing:
        if not name.startswith(more):
            say(f"{name} is in one of the runs only", err=True)
    if found.is_equal:
        say("tables      same medians in all of them")
    else:
        _print(found)
    say(f"{len(found.files)} files in {to}", err=True)


def _document(found: Comparison) -> dict[str, Any]:
    tables = {"summary": found.summary, "paired_totals": found.totals}
    rows = {
        name: table.astype(object).where(table.notna(), None).to_dict("records")
        for name, table in tables.items()
    }
    return {
        "equal": found.is_equal,
        "same": dict(found.facts),
        "missing": list(found.missing),
        "more_dates": dict(found.more_dates),
        "files": [str(path) for path in found.files],
        **rows,
    }


def _print(found: Comparison) -> None:
    """Print the totals of trajectories, else the largest differences of medians."""
    columns: tuple[str, ...]
    if found.totals.empty:
        rows = found.summary.sort_values("percent", key=abs, ascending=False, kind="stable")
        columns = ("location", "series", "date", "median_first", "median_second", "percent")
    else:
        rows = found.totals
        columns = ("location", "series", "total_first", "total_second", "difference")
        columns = (*columns, "low_95", "high_95")
    table = plain_table({name: "word" if n < 2 else "number" for n, name in enumerate(columns)})
    for row in rows.head(_SHOWN).to_dict("records"):
        if row.get("largest_difference") == 0:
            row["date"] = "-"  # Every date has the same difference.
        table.add_row(*(_text(row[name]) for name in columns))
    console().print(table)
    if len(rows) > _SHOWN:
        say(f"{_SHOWN} of {len(rows):,} rows; the files have all", err=True)


def _text(value: Any) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{value:,.0f}" if abs(value) >= _WHOLE else f"{value:,.6g}"

"""Read the submissions of two runs as tables, and name each by its reference date."""

import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from epyflow.errors import DataError, EpyflowError
from epyflow.files import table_reader
from epyflow.suggest import listed

SUBMITTED = "output_hub_formatted.csv.gz"
"""Rows of a submission: a replay has no table of quantiles besides."""

_ROW = ("location", "target_end_date", "output_type_id", "target", "value")
_DATE = r"\d{4}-\d\d-\d\d"
_DATED = re.compile(rf"({_DATE})_{SUBMITTED}")


def name_by_date(tables: Mapping[str, Path], other: Mapping[str, Path]) -> dict[str, Path]:
    """Name the files of a run as those of a date of a replay, if the other run is a replay.

    Parameters
    ----------
    tables, other
        The files of a run and of the other one by name, ``<date>_<name>`` in a replay.

    Raises
    ------
    EpyflowError
        If the submission cannot be read.
    """
    if SUBMITTED not in tables or not _dates(other):
        return dict(tables)
    try:
        day = _reference_date(tables[SUBMITTED])
    except (EpyflowError, ValueError, OSError) as error:
        raise EpyflowError(f"{SUBMITTED}: cannot be compared: {error}") from None
    return dict(tables) if day is None else {f"{day}_{k}": path for k, path in tables.items()}


def more_dates(runs: Mapping[str, Mapping[str, Path]]) -> dict[str, list[str]]:
    """Return the reference dates of each of two runs that the other one lacks, if there are any."""
    dates = {run: _dates(tables) for run, tables in runs.items()}
    both = set.intersection(*map(set, dates.values()))
    more = {run: [day for day in its if day not in both] for run, its in dates.items()}
    return {run: its for run, its in more.items() if its}


def nothing_in_common(runs: Mapping[str, Mapping[str, Path]]) -> EpyflowError:
    """Return the error of two runs, with their files by name, that have no table in common."""
    what = f"{' and '.join(runs)} have no table of quantiles in common"
    if not any(map(_dates, runs.values())):
        return EpyflowError(f"{what}; expected two whose output files ask for the same tables")
    has = "; ".join(f"{run} has {_submissions(tables)}" for run, tables in runs.items())
    return EpyflowError(
        f"{what}, and no submission of the same date: {has}. A replay has submissions alone; "
        "expected a run with that of one of its dates: add a date to its reference_dates, or a hub "
        "format to the output file of the other run"
    )


def _submissions(tables: Mapping[str, Path]) -> str:
    dates = _dates(tables)
    if dates:
        return f"{'that' if len(dates) == 1 else 'those'} of {listed(dates)}"
    return "one without a reference date" if SUBMITTED in tables else "none"


def _dates(tables: Mapping[str, Path]) -> list[str]:
    return [match[1] for match in map(_DATED.fullmatch, sorted(tables)) if match]


def _reference_date(path: Path) -> str | None:
    """Return the date that all rows have in one column, by whichever name; None without one."""
    rows = _rows(path)
    for name in rows.columns.difference(list(_ROW)):
        given = rows[name].unique()
        if len(given) == 1 and re.fullmatch(_DATE, str(given[0])):
            return str(given[0])
    return None


def _rows(path: Path) -> pd.DataFrame:
    with table_reader(path) as file:
        return pd.read_csv(file, na_filter=False, dtype=str)


def read_submission(path: Path) -> pd.DataFrame:
    """Read the quantiles of a submission as a table of quantiles with a column for each target.

    Raises
    ------
    DataError
        If a column is missing, or no row is the quantile of a date.
    """
    rows = _rows(path)
    if missing := {*_ROW, "output_type"} - set(rows):
        raise DataError(f"no column {', '.join(sorted(missing))}; expected a dated submission")
    its = rows[(rows["output_type"] == "quantile") & rows["target_end_date"].str.match(r"\d")]
    if its.empty:
        raise DataError("no quantiles of dates; expected output_type quantile in some rows")
    table = its.assign(output_type_id=pd.to_numeric(its["output_type_id"]))
    table = table.pivot_table("value", list(_ROW[:3]), "target", aggfunc="first").reset_index()
    table = table.rename(columns={"target_end_date": "date", "output_type_id": "quantile"})
    return table.rename_axis(columns=None).assign(primary_id=0, population=table["location"])

"""Compute the differences between tables of two runs: the second minus the first."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from epyflow.errors import DataError
from epyflow.figures.bands import at_level
from epyflow.figures.read_tables import KEYS

LEVELS = (0.025, 0.25, 0.5, 0.75, 0.975)
"""Quantiles of the differences by trajectory."""

SUMMARY = (
    *("table", "location", "series", "primary_id", "rows", "only_first", "only_second"),
    *("largest_difference", "date", "median_first", "median_second", "percent"),
)
TOTALS = (
    *("table", "location", "series", "primary_id", "trajectories", "total_first", "total_second"),
    *("difference", "low_95", "high_95", "p_second_larger"),
)
_GIVEN = ("primary_id", "population", "location", "date")
_OTHER = ("seed", "location", "sim_id")
_GROUP = ("primary_id", "scenario", "population")


@dataclass(frozen=True)
class Joined:
    """The rows that two tables share, in the order of the first.

    Attributes
    ----------
    keys
        Columns that name a row.
    series
        Columns of numbers that both have.
    first, second
        The rows of each: ``keys``, ``series``, and the other columns of the first table.
    only_first, only_second
        Numbers of rows that the other table lacks.
    apart
        What else one of the tables lacks, in words.
    """

    keys: list[str]
    series: list[str]
    first: pd.DataFrame
    second: pd.DataFrame
    only_first: int
    only_second: int
    apart: tuple[str, ...]

    def difference(self) -> pd.DataFrame:
        """Return the first table's columns with the second minus the first in each series."""
        numbers = {name: self.second[name] - self.first[name] for name in self.series}
        return self.first.assign(**numbers)


def join(first: pd.DataFrame, second: pd.DataFrame) -> Joined:
    """Join two tables of quantiles by parameter set, population, date and quantile.

    Tables of trajectories are joined by seed and number of the trajectory, too.

    Raises
    ------
    DataError
        If a table lacks a column, has no dates, or has a row twice.
    """
    named = ("seed", "sim_id") if "sim_id" in first else ("quantile",)
    for table in (first, second):
        _check_columns(table, (*_GIVEN, *named))
    keys = [name for name in KEYS if name in first and name in second and name not in _OTHER]
    if "sim_id" in first:
        keys += ["seed", "sim_id"]
    series = [str(name) for name in first if name in second and name not in (*KEYS, "sim_id")]
    try:
        both = first.merge(second[[*keys, *series]], on=keys, validate="one_to_one")
    except pd.errors.MergeError:
        raise DataError(f"a row is there twice; expected one for each {', '.join(keys)}") from None
    left = both.rename(columns={f"{name}_x": name for name in series})
    right = both.rename(columns={f"{name}_y": name for name in series})
    columns = [name for name in first if name in left]
    numbers = {name: pd.to_numeric(left[name], errors="coerce") for name in series}
    others = {name: pd.to_numeric(right[name], errors="coerce") for name in series}
    found = left[columns].assign(**numbers)
    cells = (n for n in series if not numbers[n].isna().equals(others[n].isna()))
    apart = [
        *first.columns.symmetric_difference(second.columns),
        *(f"a cell of {n}" for n in cells),
    ]
    return Joined(
        keys,
        [name for name in series if numbers[name].notna().any()],
        found,
        found.assign(**others),
        len(first) - len(both),
        len(second) - len(both),
        (*apart, *(["every row"] if both.empty else [])),
    )


def _check_columns(table: pd.DataFrame, names: tuple[str, ...]) -> None:
    missing = [name for name in names if name not in table]
    if missing:
        raise DataError(f"no column {', '.join(missing)}; expected a table that a run wrote")
    for date in table["date"].unique():
        try:
            datetime.strptime(str(date), "%Y-%m-%d")
        except ValueError:
            raise DataError(f"{str(date)[:60]!r} in the column date is no date") from None


def summarise(table: str, joined: Joined) -> pd.DataFrame:
    """Return the largest difference of the medians of each series, parameter set and population.

    Returns
    -------
    summary
        Columns :data:`SUMMARY`, and ``scenario`` if the tables have scenarios. ``percent`` is that
        of the first median. Rows of the tables without a median have no row here.
    """
    first, second = (at_level(each, 0.5) for each in (joined.first, joined.second))
    lines = []
    for name in joined.series:
        both = first.assign(one=first[name], two=second[name])
        both["difference"] = both["two"] - both["one"]
        for _, rows in both.dropna(subset=["difference"]).groupby(_groups(both), sort=False):
            largest = rows.iloc[int(rows["difference"].abs().to_numpy().argmax())]
            one, change = float(largest["one"]), float(largest["difference"])
            line = _line(table, name, largest) | {
                "rows": len(rows),
                "only_first": joined.only_first,
                "only_second": joined.only_second,
                "largest_difference": change,
                "date": largest["date"],
                "median_first": one,
                "median_second": float(largest["two"]),
                "percent": 100 * change / one if one else np.nan,
            }
            lines.append(line)
    return _frame(lines, SUMMARY)


def pair(table: str, joined: Joined) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the differences by trajectory, of trajectories with one seed and number.

    Returns
    -------
    quantiles
        A quantiles table: at each date, :data:`LEVELS` of the differences.
    totals
        Columns :data:`TOTALS`: sums over the dates, for each series of persons who moved. Means
        over trajectories, and quantiles of their differences.
    """
    difference = joined.difference()
    by = [name for name in joined.keys if name not in ("seed", "sim_id")]
    grouped = difference.groupby(by, sort=False)[joined.series]
    parts = [grouped.quantile(level).assign(quantile=level) for level in LEVELS]
    quantiles = pd.concat(parts).reset_index()
    quantiles = quantiles[[*by, "quantile", *joined.series]]
    lines = []
    for name in (each for each in joined.series if "_to_" in each):
        groups = _groups(difference)
        of_each = [*groups, "seed", "sim_id"]
        sums = joined.first.groupby(of_each, sort=False)[name].sum().rename("one").to_frame()
        sums["two"] = joined.second.groupby(of_each, sort=False)[name].sum()
        labels = joined.first.groupby(of_each, sort=False)["location"].first()
        for _, rows in sums.assign(location=labels).reset_index().groupby(groups, sort=False):
            change = rows["two"] - rows["one"]
            line = _line(table, name, rows.iloc[0]) | {
                "trajectories": len(rows),
                "total_first": rows["one"].mean(),
                "total_second": rows["two"].mean(),
                "difference": change.mean(),
                "low_95": change.quantile(LEVELS[0]),
                "high_95": change.quantile(LEVELS[-1]),
                "p_second_larger": (change > 0).mean(),
            }
            lines.append(line)
    return quantiles, _frame(lines, TOTALS)


def _groups(table: pd.DataFrame) -> list[str]:
    return [name for name in _GROUP if name in table]


def _line(table: str, series: str, row: "pd.Series[Any]") -> dict[str, object]:
    given = {name: row[name] for name in ("primary_id", "scenario") if name in row}
    location = row["location"] or row["population"]
    return {"table": table, "location": location, "series": series} | given


def _frame(lines: list[dict[str, object]], columns: tuple[str, ...]) -> pd.DataFrame:
    extra = ["scenario"] if any("scenario" in line for line in lines) else []
    return pd.DataFrame(lines, columns=[*columns[:4], *extra, *columns[4:]])

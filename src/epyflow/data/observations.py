"""Read the observations of a location, and refuse those that cannot be compared."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from epyflow.data.located_table import LocatedTable, find_dateless
from epyflow.data.observed_table import read_observed
from epyflow.data.sheet import Row, listed
from epyflow.data.vintages import Vintage
from epyflow.errors import DataError, NoObservationsError
from forecast_hub.mixed_series import find_mixed_series
from forecast_hub.tables import NO_VALUE, Table

_LAST_VISITS = 4


@dataclass(frozen=True)
class Column:
    """Columns of one comparison's observations."""

    values: str
    dates: str


def read_observations(
    path: Path,
    spellings: Collection[str],
    location_column: str | None,
    columns: Sequence[Column],
    window: tuple[date, date],
    vintage: Vintage | None = None,
    rows: Mapping[str, str] | None = None,
) -> tuple[tuple[date, ...], NDArray[np.float64]]:
    """Read the observations of a location in the fitting window.

    Parameters
    ----------
    path
        CSV, CSV.gz or parquet, or a partitioned folder: one row per location and date.
    spellings
        Values of the location column for the location.
    location_column
        None looks for ``geo_value`` or ``location``.
    columns
        One per comparison.
    window
        First and last date, both included.
    vintage
        Rows that were known; None for all rows of the file.
    rows
        Column to the value that chosen rows have; None for all rows.

    Returns
    -------
    dates
        Ascending.
    values
        Shape (dates, comparisons). NaN where the file has no value (``NA`` or empty).

    Raises
    ------
    DataError
        If the file, the location or a value is missing or invalid: no row for the location, rows
        of several series, a date twice, a negative value, no value in the window. The message
        names location and dates.
    """
    table = read_observed(path, required_columns(columns, vintage), rows)
    located = LocatedTable(table, location_column)
    return select_observations(located, spellings, columns, window, vintage)


def required_columns(columns: Sequence[Column], vintage: Vintage | None) -> list[str]:
    """Return the columns that a file of observations must have, besides the location."""
    required = [name for column in columns for name in (column.dates, column.values)]
    if vintage is not None and vintage.column is not None:
        required.append(vintage.column)
    return required


def select_observations(
    located: LocatedTable,
    spellings: Collection[str],
    columns: Sequence[Column],
    window: tuple[date, date],
    vintage: Vintage | None = None,
) -> tuple[tuple[date, ...], NDArray[np.float64]]:
    """Return the observations of a location in a file that was read before."""
    chosen = located.choose(spellings)
    rows = _rows(chosen)
    for column in columns:
        if advice := find_dateless(rows[0].cells, column.dates):
            raise DataError(f"{chosen.path}:{rows[0].line}: {column.dates}: {advice}")
    _refuse_mixed_series(chosen, located.column, columns, vintage)
    series = [_series(_known(rows, column, vintage), column, window) for column in columns]
    dates = tuple(sorted(set().union(*series)))
    values = np.array(
        [[each.get(day, np.nan) for each in series] for day in dates], dtype=np.float64
    ).reshape(len(dates), len(columns))
    for position, column in enumerate(columns):
        if np.isnan(values[:, position]).all():
            there = sorted(row.day(column.dates) for row in _known(rows, column, vintage))
            dates_there = f"its dates are {there[0]} to {there[-1]}" if there else "it has no dates"
            known = f" as of {vintage.day}" if vintage is not None else ""
            raise NoObservationsError(
                f"{chosen.path}: {column.values}: no value for {' or '.join(sorted(spellings))} "
                f"from {window[0]} to {window[1]}{known}; {dates_there}: move the fitting window "
                "or use another file"
            )
    return dates, values


def _known(rows: Sequence[Row], column: Column, vintage: Vintage | None) -> Sequence[Row]:
    return rows if vintage is None else vintage.rows(rows, column.dates)


def _refuse_mixed_series(
    table: Table,
    location_column: str,
    columns: Sequence[Column],
    vintage: Vintage | None,
) -> None:
    if len(table.index) < 2:
        return
    as_of = None if vintage is None else vintage.column
    if as_of is not None and vintage is not None:
        # Texts of dates compare as dates; those that are none are refused where they are read.
        table = table.choose(table.columns[as_of] <= vintage.day.isoformat())
    # A place may be written in several ways.
    names = [name for column in columns for name in (column.values, column.dates)]
    names.append(location_column)
    for day in dict.fromkeys(column.dates for column in columns):
        mixed = find_mixed_series(table, (), day, as_of, names)
        if mixed is not None:
            error = table.error(
                mixed.row,
                mixed.column,
                f"the rows of this location have several values: {listed(mixed.values)}",
                f"one: choose the rows, as in observed_rows: {{{mixed.column}: {mixed.usual}}}",
            )
            raise DataError(str(error))


def _rows(table: Table) -> list[Row]:
    names, cells_of_rows = list(table.columns), zip(*table.columns.values(), strict=True)
    return [
        Row(*table.place(row), dict(zip(names, cells, strict=True)))
        for row, cells in zip(table.index.tolist(), cells_of_rows, strict=True)
    ]


def _series(rows: Sequence[Row], column: Column, window: tuple[date, date]) -> dict[date, float]:
    series: dict[date, float] = {}
    for row in rows:
        day = row.day(column.dates)
        if not window[0] <= day <= window[1]:
            continue
        if day in series:
            raise row.error(column.dates, f"{day} occurs twice for this location", "each date once")
        missing = row.cells[column.values] in NO_VALUE
        series[day] = np.nan if missing else row.number(column.values)
    return series


def expected_visits(
    wanted: Sequence[date], known: Sequence[date], visits: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return all visits of periods: those observed, else the mean of the last four observed.

    Parameters
    ----------
    wanted
        T dates.
    known, visits
        Dates, ascending, and their visits; NaN where nothing was observed.

    Raises
    ------
    DataError
        If no visits were observed, or a number is not positive.
    """
    observed = {
        day: number
        for day, number in zip(known, visits.tolist(), strict=True)
        if not np.isnan(number)
    }
    if not observed or min(observed.values()) <= 0:
        raise DataError(
            "all visits are missing, or 0 in a period; expected a positive number in the "
            "observed_visits_column"
        )
    last = list(observed.values())[-_LAST_VISITS:]
    later = sum(last) / len(last)
    return np.array([observed.get(day, later) for day in wanted], dtype=np.float64)


def find_missing_dates(dates: Sequence[date], values: NDArray[np.float64]) -> tuple[date, ...]:
    """Return the dates on which a comparison has no value and is left out."""
    lacking = np.flatnonzero(np.isnan(values).any(axis=1))
    return tuple(dates[int(position)] for position in lacking)


def positions(observed: Sequence[date], periods: Sequence[date]) -> NDArray[np.int64]:
    """Find each observed date among the periods of a simulation.

    Parameters
    ----------
    observed
        Dates of observations, ascending.
    periods
        Dates of the simulated series, ascending and evenly spaced.

    Returns
    -------
    positions
        Shape (observed,); -1 before the first simulated date, where the series is zero.

    Raises
    ------
    DataError
        If the simulated series lacks a date because it has another frequency.
    """
    where = {day: position for position, day in enumerate(periods)}
    found = []
    for day in observed:
        if day in where:
            found.append(where[day])
        elif not periods or day < periods[0]:
            found.append(-1)
        else:
            raise DataError(
                f"there is an observation on {day}, but the simulated series has the dates "
                f"{', '.join(str(period) for period in periods[:3])}, ...; expected observations "
                "at the frequency of simulation.resample_frequency (W-SAT: weeks ending Saturday)"
            )
    if len(observed) > 1 and len(periods) > 1:
        spacing = min(later - day for day, later in pairwise(observed))
        if spacing > periods[-1] - periods[-2]:
            raise DataError(
                f"observations are at least {spacing.days} days apart, the simulated series "
                f"{(periods[-1] - periods[-2]).days}; expected one frequency: set "
                "simulation.resample_frequency to that of the observations"
            )
    return np.array(found, dtype=np.int64)

"""Read vaccine doses per day from the files that experiments name."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from epyflow.artifacts.task import DailyDoses
from epyflow.data.age_totals import leave_out_totals
from epyflow.data.sheet import Row, Sheet, listed, read_sheet
from epyflow.errors import DataError
from epyflow.population.age_groups import AgeGroup, parse_interval

DIP = 0.05
"""Percentage points by which cumulative coverage may fall below what it was.

Coverage cannot fall, but published scenarios are joined from estimates and projections: those of
influenza for 2024-25 dip by up to 0.037 points in 69 of 364 series. Such a week has no doses, and
doses begin again once coverage passes its highest value so far.
"""

AgeShares = Callable[[AgeGroup], NDArray[np.float64]]
"""From an interval of ages to the shares of its people in each age group of the model, shape (G,).

They add up to 1: :func:`epyflow.population.age_groups.overlap_shares` gives them.
"""

_SCENARIO = re.compile(r"(?:^|[._])sc_(?P<name>.+)$")
_WEEK = timedelta(7)
_SATURDAY = 5


def read_coverage(
    path: Path, spellings: Collection[str], scenario: str | None, shares: AgeShares
) -> DailyDoses:
    """Read the vaccination coverage of a location and convert it to doses per day.

    Coverage is the cumulative percentage of the people of an age who have been vaccinated by the
    end of the week, a Saturday. The increase of a week (in the first week, all of it) is multiplied
    by the row's population and spread evenly over its seven days, Sunday to Saturday. Source of the
    format: midas-network/flu-scenario-modeling-hub_resources, ``Rd5_datasets/README.md``.

    Parameters
    ----------
    path
        CSV with columns ``Geography``, ``Age``, ``Population``, ``Week_Ending_Sat`` and either
        ``Coverage`` or one column per scenario, ``sc_<NAME>`` or with more before it:
        ``flu.coverage.rd2425.sc_A_B``.
    spellings
        Values of ``Geography`` for the location: its name, ISO, FIPS and postal codes.
    scenario
        ``<NAME>``; None if the file has only one column of coverage. Without effect where this
        column is ``Coverage``.
    shares
        Returns the shares of an age interval's people in the G age groups of the model. Intervals
        that are totals of others in the data are left out.

    Returns
    -------
    doses
        From the first Sunday to the last Saturday.

    Raises
    ------
    UnreadableError
        If the file cannot be read.
    DataError
        If a column, the scenario or the place is missing; if coverage is not from 0 to 100 or
        falls by more than :data:`DIP`; if weeks are not seven days apart, do not end on a Saturday
        or occur twice; or if ages overlap in part.
    """
    sheet = read_sheet(path, ("Geography", "Age", "Population", "Week_Ending_Sat"))
    column = _coverage_column(sheet, scenario)
    rows = sheet.of_location("Geography", spellings)
    weeks_of = _weeks_by_age(rows)
    try:
        groups = leave_out_totals(weeks_of)
    except ValueError as error:
        raise DataError(f"{path}: Age: {rows[0].cells['Geography']}: {error}") from error
    return _sum_over_ages([(weeks_of[group], shares(group)) for group in groups], column)


def _coverage_column(sheet: Sheet, scenario: str | None) -> str:
    found = [(name, _SCENARIO.search(name)) for name in sheet.columns]
    named = [(match["name"], column) for column, match in found if match]
    plain = [("", "Coverage")] if "Coverage" in sheet.columns else []
    available = listed([name for name, _ in named]) or "one column, Coverage, without a name"
    if not named + plain:
        raise DataError(f"{sheet.path}:1: no column of coverage; expected Coverage or sc_<NAME>")
    if scenario is None and len(named + plain) > 1:
        raise DataError(f"{sheet.path}:1: several scenarios; choose one of {available}")
    if not named:
        return "Coverage"  # a scenario has no effect then
    chosen = [
        column for name, column in named + plain if scenario is None or (name and name == scenario)
    ]
    if len(chosen) != 1:
        count = "several columns" if chosen else "no column"
        raise DataError(f"{sheet.path}:1: {count} of scenario {scenario}; the file has {available}")
    return chosen[0]


def _weeks_by_age(rows: Sequence[Row]) -> Mapping[AgeGroup, Mapping[date, Row]]:
    """Sort the rows of a location by age and week; refuse missing and repeated weeks."""
    weeks_of: dict[AgeGroup, dict[date, Row]] = {}
    for row in rows:
        try:
            group = parse_interval(row.cells["Age"])
        except ValueError as error:
            raise DataError(f"{row.path}:{row.line}: Age: {error}") from error
        week = row.day("Week_Ending_Sat")
        if week.weekday() != _SATURDAY:
            problem = f"{_whose(row)} ends on a {week:%A}"
            raise row.error("Week_Ending_Sat", problem, "a Saturday")
        weeks = weeks_of.setdefault(group, {})
        if week in weeks:
            problem = f"{_whose(row)} is on line {weeks[week].line} already"
            raise row.error("Week_Ending_Sat", problem, "each week once")
        weeks[week] = row
    return {group: _in_order(weeks) for group, weeks in weeks_of.items()}


def _in_order(weeks: Mapping[date, Row]) -> Mapping[date, Row]:
    ascending = sorted(weeks)
    for before, after in pairwise(ascending):
        if after - before != _WEEK:
            problem = f"{_whose(weeks[after])} follows the week ending {before}"
            raise weeks[after].error("Week_Ending_Sat", problem, "weeks without a gap")
    return {week: weeks[week] for week in ascending}


def _sum_over_ages(
    ages: Sequence[tuple[Mapping[date, Row], NDArray[np.float64]]], column: str
) -> DailyDoses:
    first = min(min(weeks) for weeks, _ in ages) - _WEEK + timedelta(1)
    last = max(max(weeks) for weeks, _ in ages)
    doses = np.zeros(((last - first).days + 1, len(ages[0][1])))
    for weeks, shares in ages:
        per_week = _weekly_doses(list(weeks.values()), column)
        begin = (min(weeks) - first).days - 6
        doses[begin : begin + 7 * len(per_week)] += np.outer(np.repeat(per_week / 7, 7), shares)
    return DailyDoses(first, doses)


def _weekly_doses(rows: Sequence[Row], column: str) -> NDArray[np.float64]:
    """Return the doses of each week, shape (weeks,), from the ordered rows of one age."""
    doses = np.zeros(len(rows))
    highest = 0.0
    for week, row in enumerate(rows):
        percent = row.number(column)
        if percent > 100:
            problem = f"{_whose(row)}: coverage is {percent} percent"
            raise row.error(column, problem, "at most 100")
        if percent < highest - DIP:
            problem = f"{_whose(row)}: cumulative coverage falls from {highest} to {percent}"
            raise row.error(column, problem, "a value that does not fall")
        doses[week] = max(percent - highest, 0.0) / 100 * row.number("Population")
        highest = max(highest, percent)
    return doses


def _whose(row: Row) -> str:
    cells = row.cells
    return f"{cells['Geography']}, {cells['Age']}, week ending {cells['Week_Ending_Sat']}"


def read_preprocessed(
    path: Path, spellings: Collection[str], age_groups: Sequence[str], scenario: str | None = None
) -> DailyDoses:
    """Read doses per day that are already in the age groups of the model.

    Parameters
    ----------
    path
        CSV with columns ``dates``, ``location`` and one per age group: persons vaccinated that day.
    spellings
        Values of ``location`` for the location.
    age_groups
        G labels, such as ``0-4``.
    scenario
        Which rows are read, if the file has a column ``scenario``; None if it has only one.

    Returns
    -------
    doses
        Doses for the days in the file.

    Raises
    ------
    UnreadableError
        If the file cannot be read.
    DataError
        If a column, the place or the scenario is missing, days are missing or occur twice, or
        doses are not numbers from 0 to 10^12.
    """
    sheet = read_sheet(path, ("dates", "location", *age_groups))
    rows = _of_scenario(sheet, sheet.of_location("location", spellings), scenario)
    by_day: dict[date, Row] = {}
    for row in rows:
        day = row.day("dates")
        if day in by_day:
            problem = f"{day} is on line {by_day[day].line} already"
            raise row.error("dates", problem, "each day once for a location")
        by_day[day] = row
    first = min(by_day)
    for position, day in enumerate(sorted(by_day)):
        expected = first + timedelta(position)
        if day != expected:
            raise by_day[day].error("dates", f"follows {expected - timedelta(1)}", str(expected))
    doses = [[by_day[day].number(group) for group in age_groups] for day in sorted(by_day)]
    return DailyDoses(first, np.array(doses))


def _of_scenario(sheet: Sheet, rows: list[Row], scenario: str | None) -> list[Row]:
    if "scenario" not in sheet.columns:
        return rows
    names = list(dict.fromkeys(row.cells["scenario"] for row in rows))
    if scenario is None and len(names) > 1:
        raise DataError(f"{sheet.path}: several scenarios; choose one of {listed(names)}")
    if scenario is not None and scenario not in names:
        raise DataError(f"{sheet.path}: no scenario {scenario}; the file has {listed(names)}")
    return [row for row in rows if scenario in (None, row.cells["scenario"])]

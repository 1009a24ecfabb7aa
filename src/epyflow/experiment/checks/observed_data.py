"""Check observations against the simulated series, and that one row says each of them."""

import itertools
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np

from epyflow.data.located_table import LocatedTable, find_dateless, find_location_column
from epyflow.data.observations import (
    Column,
    required_columns,
    select_observations,
)
from epyflow.data.observed_table import read_observed
from epyflow.data.vintages import data_key, vintage_of
from epyflow.errors import DataError, NoObservationsError, UnreadableError
from epyflow.experiment.checks.observed_dates import (
    Round,
    check_age,
    check_dates,
    check_publication,
    parse_day,
)
from epyflow.experiment.format.calibration import Calibration, Comparison
from epyflow.experiment.format.hub_formats import RateTrends
from epyflow.experiment.format.model import Model
from epyflow.experiment.format.output import Output
from epyflow.experiment.reading.problem_report import Report
from epyflow.experiment.reading.yaml_source import KeyPath
from epyflow.population.locations import Location
from epyflow.suggest import listed
from forecast_hub.mixed_series import usual_series
from forecast_hub.tables import Table

_MOST_SAID = 5
"""Errors of a file that are reported; more are of the same kind as a rule."""
_MEASURE = re.compile(r"-?\d+\.\d+(e-?\d+)?|\d+|NA|")
"""Numbers with decimals, as a column of a rate beside the counts holds them, and no value."""
_BEGINNING = date(1900, 1, 1)
"""Submissions read observations from here on, for what a rate or a peak is compared with."""


class _Values(NamedTuple):
    """Places without observations and what is said of each, and two things of the others.

    They are the last day of each column, and whether all its values are zero.
    """

    missing: Mapping[str, str]
    latest: Mapping[str, Sequence[date]]
    zero: Mapping[str, Sequence[bool]]


def check_observations(
    model: Model,
    calibration: Calibration,
    places: Sequence[Location],
    found: Mapping[str, Path],
    report: Report,
    *,
    submits: bool = False,
    rounds: Sequence[Round] = (),
) -> None:
    """Report observations that no task could use.

    Rows of several issues or series among which nothing chooses, places without observations, and
    dates that the simulated series does not have. Files that cannot be read are reported
    elsewhere. A submission reads observations of before the fitting window, too; those that end
    long before the reference date of one of ``rounds`` are a warning.
    """
    path = found.get(data_key(calibration.observed_data_path, calibration.observed_data_vintage))
    table = None if path is None else _read(path, calibration, ("calibration",), report)
    if path is None or table is None:
        return
    column = find_location_column(table, calibration.observed_location_column)
    names = {name.casefold() for place in places for name in place.spellings}
    rows = table.choose(text.casefold() in names for text in table.columns[column])
    compared = {
        position: each
        for position, each in enumerate(calibration.comparison)
        if {each.observed_date_column, each.observed_value_column} <= set(rows.columns)
    }
    if not _are_dated(rows, compared, report):
        return
    for comparison in compared.values():
        if not _check_issues(rows, column, comparison, calibration, path, report):
            return
    pairs = [
        (name, each.observed_date_column)
        for names in ("observed_value_column", "observed_visits_column")
        for each in calibration.comparison
        if (name := getattr(each, names)) is not None
    ]
    window = (calibration.fitting_window.start_date, calibration.fitting_window.end_date)
    span = (_BEGINNING, window[1]) if submits else window
    for reference in sorted({each.reference for each in rounds}):
        known = [pair for pair in pairs if {*pair} <= set(rows.columns)]
        check_publication(rows, calibration, known, reference, report)
    columns = list(itertools.starmap(Column, pairs))
    values = _check_values(table, places, calibration, columns, (span, window), report)
    if values is None:
        return
    _report_missing(values.missing, places, report)
    # Of the compared counts; visits may come later.
    counts = len(calibration.comparison)
    zero = [name for name, each in values.zero.items() if any(each[:counts])]
    _report_zero(zero, places, calibration.distance_function, report)
    latest = {name: min(days[:counts]) for name, days in values.latest.items()}
    for each in sorted(set(rounds)):
        check_age(latest, len(places), each, report)
    for position, comparison in compared.items():
        check_dates(rows, column, comparison, position, (model, calibration), report)


def check_rate_trends(
    output: Output, places: Sequence[Location], found: Mapping[str, Path], report: Report
) -> None:
    """Report observations from which no submission could measure its rate trends."""
    hub = output.flusight_format
    trends = None if hub is None else hub.rate_trends
    if hub is None or trends is None or hub.reference_date is None:
        return
    path = found.get(data_key(trends.observed_data_path, trends.observed_data_vintage))
    here = ("flusight_format", "rate_trends")
    table = None if path is None else _read(path, trends, here, report)
    if table is None:
        return
    pair = (trends.observed_value_column, trends.observed_date_column)
    columns = [Column(*pair)]
    if {*pair} <= set(table.columns):
        check_publication(table, trends, [pair], hub.reference_date, report, here)
    span = (_BEGINNING, hub.reference_date - timedelta(days=1))
    values = _check_values(table, places, trends, columns, (span, span), report, here)
    if values is not None and values.missing:
        report.warn(
            (*here, "observed_data_path"),
            f"no observations before {hub.reference_date} of {listed(values.missing)}: no rate "
            "trends of them are submitted; expected rows of them",
        )


def _read(
    path: Path, section: Calibration | RateTrends, here: KeyPath, report: Report
) -> Table | None:
    """Read the chosen rows of a file; None if other checks report that it cannot be read."""
    try:
        find_location_column(read_observed(path), section.observed_location_column)
    except (DataError, UnreadableError):
        return None
    try:
        return read_observed(path, (), section.observed_rows)
    except DataError as error:
        report.error((*here, "observed_rows"), str(error))
        return None


def _are_dated(rows: Table, compared: Mapping[int, Comparison], report: Report) -> bool:
    """Report a column of dates that holds none; return whether there is no such column."""
    first = {name: texts[0] for name, texts in rows.columns.items() if len(texts)}
    for position, comparison in compared.items():
        name = comparison.observed_date_column
        if first and (advice := find_dateless(first, name)):
            key_path = ("calibration", "comparison", position, "observed_date_column")
            file, line = rows.place(int(rows.index[0]))
            report.error(key_path, f"{file}:{line}: {name}: {advice}")
            return False
    return True


def _check_values(
    table: Table,
    places: Sequence[Location],
    section: Calibration | RateTrends,
    columns: Sequence[Column],
    spans: tuple[tuple[date, date], tuple[date, date]],
    report: Report,
    here: KeyPath = ("calibration",),
) -> _Values | None:
    """Report rows that a task could not read, as its build reads them.

    ``spans`` are the days whose rows are read, and those of which at least one must have a value.

    Returns
    -------
    values
        None if rows were reported, or a column is missing, which is reported elsewhere.
    """
    vintage = vintage_of(table.path, section.observed_data_vintage, section.observed_as_of_column)
    if not set(required_columns(columns, vintage)) <= set(table.columns):
        return None
    span, window = spans
    said: set[str] = set()
    missing: dict[str, str] = {}
    latest: dict[str, list[date]] = {}
    zero: dict[str, list[bool]] = {}
    located = LocatedTable(table, section.observed_location_column)
    for place in places:
        try:
            dates, values = select_observations(located, place.spellings, columns, span, vintage)
            needed = [window[0] <= day <= window[1] for day in dates]
            if np.isnan(values[needed]).all(axis=0).any():
                missing[place.name] = (
                    f"{table.path}: no value for {place.label} from {window[0]} to {window[1]}; "
                    f"expected a fitting window from {dates[0]} to {dates[-1]}, or another file"
                )
            else:
                known = ~np.isnan(values)
                latest[place.name] = [dates[np.flatnonzero(each)[-1]] for each in known.T]
                zero[place.name] = (np.nan_to_num(values[needed]) == 0).all(axis=0).tolist()
        except NoObservationsError as error:
            missing[place.name] = str(error)
        except DataError as error:
            said.add(str(error))
    for message in sorted(said)[:_MOST_SAID]:
        report.error((*here, "observed_data_path"), message)
    return None if said else _Values(missing, latest, zero)


def _report_missing(missing: Mapping[str, str], places: Sequence[Location], report: Report) -> None:
    """Report places that have nothing to be fitted to: an error if all are such."""
    key_path = ("calibration", "observed_data_path")
    if missing and len(missing) == len(places):
        report.error(key_path, next(iter(missing.values())))
    elif missing:
        report.warn(
            key_path,
            f"no observations in the fitting window of {listed(missing)} ({len(missing)} of "
            f"{len(places)} populations): their tasks fail, and the others are run; expected rows "
            "of them, or their names in exclude",
        )


def _report_zero(
    names: Sequence[str], places: Sequence[Location], distance: str, report: Report
) -> None:
    """Report places whose observations are all zero, if the distance divides by observations."""
    if names and distance in ("wmape", "mape"):
        say = report.error if len(names) == len(places) else report.warn
        say(
            ("calibration", "distance_function"),
            f"{distance} is undefined where every observation is zero, as in the fitting window of "
            f"{listed(names)} ({len(names)} of {len(places)} populations): their tasks fail; "
            "expected rmse, ae or mae",
        )


def _check_issues(
    rows: Table,
    place: str,
    comparison: Comparison,
    calibration: Calibration,
    path: Path,
    report: Report,
) -> bool:
    """Report rows that nothing chooses among; return whether there are none."""
    vintage = vintage_of(path, calibration.observed_data_vintage, calibration.observed_as_of_column)
    known_by = [] if vintage is None or vintage.column is None else [vintage.column]
    keys = [place, comparison.observed_date_column, *filter(rows.columns.__contains__, known_by)]
    of_rows = list(zip(*(rows.columns[key] for key in keys), strict=True))
    times = Counter(of_rows)
    repeated = next((key for key in of_rows if times[key] > 1), None)
    if repeated is None:
        return True
    values = {each.observed_value_column for each in calibration.comparison}
    same = rows.choose(key == repeated for key in of_rows).columns
    differing = [name for name in same if name not in values and len(set(same[name])) > 1]
    issues = [name for name in differing if all(map(parse_day, same[name]))]
    measures = [name for name in differing if all(map(_MEASURE.fullmatch, same[name]))]
    chosen = [name for name in differing if name not in (*issues, *measures)]
    if not issues and not chosen:
        return True
    told = f"{path} has {times[repeated]} rows for {repeated[1]} of {repeated[0]}"
    for name in chosen:
        report.error(
            ("calibration", "observed_data_path"),
            f"{told}, which differ in {name!r} ({listed(dict.fromkeys(same[name]))}); expected "
            f"one: choose the rows, as in observed_rows: {{{name}: {usual_series(same[name])}}}",
        )
    for name in issues:
        also = "" if name == "as_of" else f" and observed_as_of_column: {name}"
        report.error(
            ("calibration", "observed_data_path"),
            f"{told}, which differ in {name!r} ({min(same[name])} to {max(same[name])}); "
            f"expected one: say which is meant by observed_data_vintage: a date{also}",
        )
    return False

"""Check observations against the simulated series, and that one row says each of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from epyflow.data.observations import (
    Column,
    find_location_column,
    required_columns,
    select_observations,
)
from epyflow.data.observed_table import read_observed
from epyflow.data.periods import WEEKS
from epyflow.data.vintages import data_key, vintage_of
from epyflow.errors import DataError, NoObservationsError, UnreadableError
from epyflow.experiment.format.calibration import Calibration, Comparison
from epyflow.experiment.format.model import Model
from epyflow.experiment.reading.problem_report import Report
from epyflow.population.locations import Location
from epyflow.suggest import listed

if TYPE_CHECKING:
    import pandas as pd

    from forecast_hub.tables import Table

_MOST_SAID = 5
"""Errors of a file that are reported; more are of the same kind as a rule."""
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SERIES = ("target", "age_group")
"""Columns of hubs that tell series apart, whatever the dates of their rows."""


def check_observations(
    model: Model,
    calibration: Calibration,
    places: Sequence[Location],
    found: Mapping[str, Path],
    report: Report,
) -> None:
    """Report observations that no task could use.

    Rows of several issues or targets among which nothing chooses, and dates that the simulated
    series does not have. Files and values that cannot be read are reported elsewhere.
    """
    path = found.get(data_key(calibration.observed_data_path, calibration.observed_data_vintage))
    if path is None:
        return
    try:
        column = find_location_column(read_observed(path), calibration.observed_location_column)
    except (DataError, UnreadableError):
        return
    try:
        table = read_observed(path, (), calibration.observed_rows)
    except DataError as error:
        report.error(("calibration", "observed_rows"), str(error))
        return
    names = {name.casefold() for place in places for name in place.spellings}
    rows = table.frame[table.frame[column].str.casefold().isin(names)]
    for position, comparison in enumerate(calibration.comparison):
        needed = {comparison.observed_date_column, comparison.observed_value_column}
        if not needed <= set(rows.columns):
            continue
        if not _check_issues(rows, column, comparison, calibration, path, report):
            return
        if not _check_series(rows, column, path, report):
            return
        _check_dates(rows, column, comparison, position, (model, calibration), report)
    _check_values(table, places, calibration, report)


def _check_values(
    table: "Table", places: Sequence[Location], calibration: Calibration, report: Report
) -> None:
    """Report values and dates that a task could not read, as its build reads them."""
    day, window = calibration.observed_data_vintage, calibration.fitting_window
    vintage = vintage_of(table.path, day, calibration.observed_as_of_column)
    columns = [
        Column(each.observed_value_column, each.observed_date_column)
        for each in calibration.comparison
    ]
    if not set(required_columns(columns, vintage)) <= set(table.frame.columns):
        return
    said: set[str] = set()
    for place in places:
        try:
            select_observations(
                table,
                place.spellings,
                calibration.observed_location_column,
                columns,
                (window.start_date, window.end_date),
                vintage,
            )
        except NoObservationsError:
            continue  # the task of this place says so; the others can be run
        except DataError as error:
            said.add(str(error))
    for message in sorted(said)[:_MOST_SAID]:
        report.error(("calibration", "observed_data_path"), message)


def _check_series(rows: "pd.DataFrame", place: str, path: Path, report: Report) -> bool:
    """Report places with several targets or age groups; return whether there are none."""
    for name in _SERIES:
        if name not in rows:
            continue
        there = rows.groupby(place)[name].unique()
        several = there[there.map(len) > 1]
        if len(several):
            found = sorted(several.iloc[0])
            report.error(
                ("calibration", "observed_data_path"),
                f"{path} has several values of {name!r} for {several.index[0]} ({listed(found)}); "
                f"expected one: choose the rows, as in observed_rows: {{{name}: {found[0]}}}",
            )
            return False
    return True


def _check_issues(
    rows: "pd.DataFrame",
    place: str,
    comparison: Comparison,
    calibration: Calibration,
    path: Path,
    report: Report,
) -> bool:
    """Report rows that nothing chooses among; return whether there are none."""
    day = calibration.observed_data_vintage
    vintage = vintage_of(path, day, calibration.observed_as_of_column)
    known_by = vintage.column if vintage is not None else None
    keys = [place, comparison.observed_date_column, *([known_by] if known_by in rows else [])]
    repeated = rows[rows.duplicated(keys, keep=False)]
    values = {each.observed_value_column for each in calibration.comparison}
    if repeated.empty:
        return True
    same = repeated[(repeated[keys] == repeated[keys].iloc[0]).all(axis=1)]
    differing = [name for name in same if name not in values and len(same[name].unique()) > 1]
    issues = [name for name in differing if all(map(_parse, same[name]))]
    chosen = [name for name in differing if name not in issues and not _is_measure(same[name])]
    if not issues and not chosen:
        return True
    told = f"{path} has {len(same)} rows for {same[keys[1]].iloc[0]} of {same[place].iloc[0]}"
    for name in chosen:
        report.error(
            ("calibration", "observed_data_path"),
            f"{told}, which differ in {name!r} ({listed(same[name].unique())}); expected one: "
            f"choose the rows, as in observed_rows: {{{name}: {same[name].iloc[0]}}}",
        )
    for name in issues:
        also = "" if name == "as_of" else f" and observed_as_of_column: {name}"
        report.error(
            ("calibration", "observed_data_path"),
            f"{told}, which differ in {name!r} ({same[name].min()} to {same[name].max()}); "
            f"expected one: say which is meant by observed_data_vintage: a date{also}",
        )
    return False


def _is_measure(column: "pd.Series") -> bool:
    """Return whether a column holds numbers with decimals, as a rate beside the counts does."""
    return bool(column.str.fullmatch(r"-?\d+\.\d+(e-?\d+)?|\d+|NA|").all())


def _check_dates(
    rows: "pd.DataFrame",
    place: str,
    comparison: Comparison,
    position: int,
    sections: tuple[Model, Calibration],
    report: Report,
) -> None:
    model, calibration = sections
    window = calibration.fitting_window
    frequency = model.simulation.resample_frequency
    key_path = ("calibration", "comparison", position, "observed_date_column")
    days = sorted(filter(None, map(_parse, rows[comparison.observed_date_column].unique())))
    inside = [day for day in days if window.start_date <= day <= window.end_date]
    if not inside:
        return
    if frequency in WEEKS:
        wrong = [day for day in inside if day.weekday() != WEEKS.index(frequency)]
        if wrong:
            report.error(key_path, _wrong_weekday(wrong, inside, frequency))
    elif frequency in (None, "D") and model.timespan.delta_t <= 1:
        by_place = rows.groupby(place)[comparison.observed_date_column]
        gaps = [gap for _, texts in by_place for gap in _gaps(texts.unique())]
        code = WEEKS[inside[0].weekday()]
        if gaps and min(gaps) > 1:
            report.error(
                key_path,
                f"observations are at least {min(gaps)} days apart, and the simulated series is "
                f"daily; expected one frequency: set simulation.resample_frequency"
                f"{f' to {code}' if min(gaps) == 7 else ''}",
            )
        elif not gaps:
            report.warn(
                key_path,
                f"{inside[0]} is the only date, and the simulated series is daily; if it is that "
                f"of a week, set simulation.resample_frequency to {code}",
            )


def _wrong_weekday(wrong: Sequence[date], inside: Sequence[date], frequency: str) -> str:
    day, end = wrong[0], _WEEKDAYS[WEEKS.index(frequency)]
    one = len({each.weekday() for each in inside}) == 1
    other = WEEKS[day.weekday()] if one else "D, if the observations are daily"
    return (
        f"{day} is a {_WEEKDAYS[day.weekday()]}, and the simulated weeks end on {end} "
        f"(simulation.resample_frequency {frequency}); expected the last days of these weeks, or "
        f"resample_frequency: {other}"
    )


def _gaps(texts: Iterable[str]) -> Iterator[int]:
    days = sorted(filter(None, map(_parse, texts)))
    return ((later - day).days for day, later in pairwise(days))


def _parse(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None

"""Check the dates of observations: their weekdays, the time between them, and the last ones."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

from epyflow.data.periods import WEEKS, Periods
from epyflow.data.vintages import AS_OF, date_in
from epyflow.experiment.format.calibration import Calibration, Comparison
from epyflow.experiment.format.hub_formats import RateTrends
from epyflow.experiment.format.model import Model
from epyflow.experiment.reading.problem_report import Report
from epyflow.experiment.reading.yaml_source import KeyPath
from epyflow.suggest import listed
from forecast_hub.tables import NO_VALUE, Table

_LATE = timedelta(days=14)
"""Longest time from a place's last observation to the reference date without a warning.

The newest observation of all is a week old in a season (:data:`epyflow.report.warnings.OLDEST`),
and a place may report a week later.
"""

_CLOSES = timedelta(days=1)
"""Longest time from a reference date to the end of its submissions: that of flu-metrocast."""

_VINTAGE = "observed_data_vintage"
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Round(NamedTuple):
    """The reference date of a submission of forecasts, and the days from it to horizon 0."""

    reference: date
    horizon_0_days: int


def check_age(latest: Mapping[str, date], places: int, of: Round, report: Report) -> None:
    """Warn of populations whose observations end long before the reference date.

    Parameters
    ----------
    latest
        Population to the last day of its observations.
    places
        Number of all populations.
    of
        The round of the submission.
    report
        That of the modelset.
    """
    reference, limit = of.reference, _LATE + timedelta(days=max(0, -of.horizon_0_days))
    late = {name: day for name, day in latest.items() if reference - day > limit}
    if late:
        last = max(late.values())
        before = " or before" if min(late.values()) < last else ""
        report.warn(
            ("calibration", "observed_data_path"),
            f"the observations of {listed(late)} ({len(late)} of {places} populations) end on "
            f"{last}{before}, {(reference - last).days} days before the reference date "
            f"{reference}; expected at most {limit.days}: use newer data, or look at the fitting "
            "window and the vintage",
        )


def check_publication(
    rows: Table,
    section: Calibration | RateTrends,
    columns: Iterable[tuple[str, str]],
    reference: date,
    report: Report,
    here: KeyPath = ("calibration",),
) -> None:
    """Warn of observations that were published after the reference date.

    Hubs close before it or a day after at the latest, and later revisions make a forecast look
    better than it was.

    Parameters
    ----------
    rows
        Those of the populations.
    section
        Names the file and the vintage.
    columns
        Of values, each with that of its dates.
    reference
        The date of the forecast.
    report, here
        The report of the section, and its key path.
    """
    vintage, as_of = section.observed_data_vintage, section.observed_as_of_column or AS_OF
    days = [vintage or date_in(rows.path.name)]
    which, key = "are those known on", "observed_data_path" if vintage is None else _VINTAGE
    if days == [None] and as_of in rows.columns:
        days, which = [*map(parse_day, set(rows.columns[as_of]))], f"({as_of}) became known until"
    elif days == [None]:
        which = "were published later: they reach"
        days = [
            parse_day(day)
            for values, dates in columns
            for day in {
                day
                for day, value in zip(rows.columns[dates], rows.columns[values], strict=True)
                if value not in NO_VALUE
            }
        ]
    last = max(filter(None, days), default=reference)
    if last > reference + _CLOSES:
        report.warn(
            (*here, key),
            f"the observations {which} {last}, after the reference date {reference}: a forecast "
            "that was made in time could not use them, and its scores may be too good; expected "
            f"what was known by then: {_VINTAGE}: {reference}, or earlier",
            in_report=True,
        )


def check_dates(
    rows: Table,
    place: str,
    comparison: Comparison,
    position: int,
    sections: tuple[Model, Calibration],
    report: Report,
) -> None:
    """Report dates that the simulated series of a comparison does not have.

    ``rows`` are those of all places, ``place`` is their column of places, and ``position`` that of
    the comparison.
    """
    model, calibration = sections
    window = calibration.fitting_window
    frequency = model.simulation.resample_frequency
    key_path = ("calibration", "comparison", position, "observed_date_column")
    dates = rows.columns[comparison.observed_date_column]
    days = sorted(filter(None, map(parse_day, set(dates))))
    inside = [day for day in days if window.start_date <= day <= window.end_date]
    if not inside:
        return
    if frequency in WEEKS:
        wrong = [day for day in inside if day.weekday() != WEEKS.index(frequency)]
        if wrong:
            report.error(key_path, _wrong_weekday(wrong, inside, frequency))
    elif frequency not in (None, "D"):
        _check_periods(inside, frequency, model, key_path, report)
    elif model.timespan.delta_t <= 1:
        by_place: dict[str, set[str]] = {}
        for name, text in zip(rows.columns[place], dates, strict=True):
            by_place.setdefault(name, set()).add(text)
        gaps = [gap for texts in by_place.values() for gap in _gaps(texts)]
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


def _check_periods(
    inside: Sequence[date],
    frequency: str,
    model: Model,
    key_path: KeyPath,
    report: Report,
) -> None:
    """Report an observation between the dates of periods such as months."""
    start = model.timespan.start_date
    drawn = not isinstance(start, date)
    if not isinstance(start, date):
        if not frequency[0].isalpha():
            return  # the dates of 2W depend on the start that is drawn
        start = inside[0]
    if start > inside[-1]:
        return
    periods = Periods.of(start, inside[-1], frequency)
    # A first period that the start cuts is left out, but not where the start is drawn.
    dates = periods.dates[0 if drawn or periods.whole[0] else 1 :]
    after = dates[0] if dates else date.max
    between = [day for day in inside if day > after and day not in dates]
    if between:
        report.error(
            key_path,
            f"{between[0]} is between the dates of the simulated series, "
            f"{', '.join(map(str, dates[:3]))}, ... (simulation.resample_frequency {frequency}); "
            "expected one frequency: if observations are weekly, set simulation.resample_frequency "
            f"to {WEEKS[between[0].weekday()]}",
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
    days = sorted(filter(None, map(parse_day, texts)))
    return ((later - day).days for day, later in pairwise(days))


def parse_day(text: str) -> date | None:
    """Read a date; None if it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None

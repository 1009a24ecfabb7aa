"""Find the weeks of a season, and the week that rate changes are measured from."""

import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from forecast_hub.config import flusight
from forecast_hub.config.hub import Hub, OutputType, Round, Target
from forecast_hub.config.round_calendar import WEEK, lists_other_season
from forecast_hub.dates import parse_dates
from forecast_hub.errors import HubError

_EPIDEMIC_WEEK = re.compile(r"EW([12]\d{3})(\d{2})", re.ASCII)


def find_week_before(reference_date: date) -> date:
    """Return the last day of the week with which FluSight's rate changes are compared."""
    return reference_date - WEEK


def find_season_weeks(
    hub: Hub, round_: Round, reference_date: date, given: tuple[date, date] | None
) -> list[date]:
    """Return the last days of the weeks that can be the season's peak.

    They are, in this order: the weeks given; the ids of a peak week in ``tasks.json``, if they
    are of the round's season; the weeks of a past season of FluSight.

    Raises
    ------
    HubError
        If none of these is known.
    """
    if given is not None:
        return _every_week(*given)
    round_id = reference_date.isoformat()
    for task, target in round_.targets():
        output = task.output_types.get("pmf") or task.output_types.get("cdf")
        weeks = None if output is None else parse_weeks(output.ids.permitted)
        if weeks is None or output is None or not is_peak(target):
            continue
        if not lists_other_season(round_, round_id, output):
            return weeks
        past = flusight.find_season(reference_date) if target.id == flusight.PEAK_WEEK else None
        if past is not None and past.weeks is not None:
            return _every_week(*past.weeks)
        raise HubError(
            f"{hub.folder.tasks}: the weeks of {target.id!r} are {weeks[0]} to {weeks[-1]}, not "
            f"those of {round_id}'s season; expected the season's first and last week"
        )
    raise HubError(
        f"{hub.folder.tasks}: no target lists the season's weeks; expected the season's first and "
        "last week"
    )


def parse_weeks(ids: Iterable[str]) -> list[date] | None:
    """Read the ids of weeks as the weeks' last days; None if one is no week.

    Ids are dates, or weeks of the CDC such as ``EW202533``: the 33rd week of 2025, which ends on
    Saturday 2025-08-16. Weeks run from Sunday to Saturday, and the first has at least four days in
    its year, so 4 January is in it. Source: CDC, "MMWR Week Fact Sheet"
    (https://ndc.services.cdc.gov/wp-content/uploads/MMWR_Week_overview.pdf).
    """
    texts = list(ids)
    found = [_EPIDEMIC_WEEK.fullmatch(text) for text in texts]
    if not texts or None in found:
        return parse_dates(texts)
    weeks = [_last_day(int(each[1]), int(each[2])) for each in found if each is not None]
    known = sorted(week for week in weeks if week is not None)
    return known if len(known) == len(texts) else None


def _last_day(year: int, week: int) -> date | None:
    """Return the last day of a week of the CDC; None if the year has no such week."""
    first = _last_day_of_first(year)
    day = first + (week - 1) * WEEK
    return day if week >= 1 and day < _last_day_of_first(year + 1) else None


def _last_day_of_first(year: int) -> date:
    fourth = date(year, 1, 4)
    return fourth + timedelta(days=(5 - fourth.weekday()) % 7)


def name_weeks(weeks: Sequence[date], output: OutputType) -> tuple[str, ...]:
    """Write weeks as the ids of an output type are written; see :func:`parse_weeks`."""
    if not all(map(_EPIDEMIC_WEEK.fullmatch, output.ids.permitted)):
        return tuple(week.isoformat() for week in weeks)
    names = []
    for week in weeks:
        year = week.year if week >= _last_day_of_first(week.year) else week.year - 1
        names.append(f"EW{year}{(week - _last_day_of_first(year)) // WEEK + 1:02d}")
    return tuple(names)


def is_cumulative(target: Target) -> bool:
    """Whether a series counts from the first horizon on, judged by its name: ``cum hosp``."""
    return target.is_step_ahead and target.id.lower().split()[0] in ("cum", "cumulative")


def _every_week(first: date, last: date) -> list[date]:
    count = (last - first) // WEEK + 1
    return [first + n * WEEK for n in range(count)]


def is_peak(target: Target) -> bool:
    """Whether a target is the size or the week of a season's peak, judged by its name."""
    return not target.is_step_ahead and "peak" in target.id.lower()

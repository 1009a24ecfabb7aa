"""Find the days on which schools are closed: breaks of a calendar and public holidays."""

from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from epyflow.data.sheet import Row, read_sheet
from epyflow.errors import DataError

COLUMNS = ("state", "event_name", "start_day", "start_month", "end_day", "end_month")
"""Columns of a calendar file."""

LEAP_YEAR = 2024


@dataclass(frozen=True)
class Break:
    """A school break that recurs every year.

    Attributes
    ----------
    name
        Such as ``Spring Break``.
    start, end
        Month and day of its first and last day. If the end is earlier in the year than the
        start, the break ends in the next year.
    """

    name: str
    start: tuple[int, int]
    end: tuple[int, int]

    def days(self, year: int) -> Iterator[date]:
        """Yield the days of the break that begins in ``year``, the last one included."""
        first = _first_from(year, *self.start)
        last = _last_until(year + (self.end < self.start), *self.end)
        return (first + timedelta(days) for days in range((last - first).days + 1))


def _first_from(year: int, month: int, day: int) -> date:
    """Return a date; 1 March for 29 February in a year without one."""
    return date(year, month, 1) + timedelta(day - 1)


def _last_until(year: int, month: int, day: int) -> date:
    """Return a date; 28 February for 29 February in a year without one."""
    found = _first_from(year, month, day)
    return found if found.month == month else found - timedelta(1)


Calendar = Mapping[str, tuple[Break, ...]]
"""ISO 3166-2 code of a state, such as ``US-MA``, to its breaks."""

US_BREAKS = (
    Break("Winter break", (12, 21), (1, 1)),
    Break("Spring break", (3, 30), (4, 5)),
    Break("Summer break", (6, 3), (8, 24)),
)
"""Breaks of a place in the United States that no calendar describes, such as the nation.

Each day of the winter and the summer break is one on which the schools of most of the 50 states
and DC are closed, by the calendars that epymodelingsuite distributes. Spring breaks are scattered
from late February to late April, so no day has a majority; the week around the commonest day,
2 April, stands for them. Thanksgiving, from the Wednesday before to the Friday after, is added by
its rule, the fourth Thursday of November.
"""

WORLD_BREAKS = (Break("Year-end break", (12, 24), (1, 1)),)
"""Breaks of a place in any other country that no calendar describes.

Terms and summer holidays differ by country and hemisphere by months, and a guess would close
schools in term: beyond public holidays, only the days around the end of the year are assumed. A
calendar file tells the rest.
"""


def read_calendar(path: Path) -> Calendar:
    """Read school breaks by state.

    Parameters
    ----------
    path
        CSV with columns ``state``, ``event_name``, ``start_day``, ``start_month``, ``end_day`` and
        ``end_month``. A state is a postal abbreviation of the United States (``MA``) or an ISO
        3166-2 code (``US-MA``, ``CA-ON``). First and last day are part of the break, which
        recurs every year.

    Raises
    ------
    UnreadableError
        If the file cannot be read.
    DataError
        If a column is missing or a row is malformed; the message names file, line and column.
    """
    calendar: dict[str, tuple[Break, ...]] = {}
    for row in read_sheet(path, COLUMNS).rows:
        state = _state(row)
        start, end = (_month_and_day(row, side) for side in ("start", "end"))
        calendar[state] = (*calendar.get(state, ()), Break(row.cells["event_name"], start, end))
    return calendar


def _state(row: Row) -> str:
    country, dash, part = row.cells["state"].upper().rpartition("-")
    if not (part.isalnum() and len(part) <= 3 and (not dash or len(country) == 2)):
        expected = "a postal abbreviation such as MA or a code such as US-MA"
        raise row.error("state", f"is {row.cells['state']!r}", expected)
    return f"{country or 'US'}-{part}"


def _month_and_day(row: Row, side: str) -> tuple[int, int]:
    month = row.whole(f"{side}_month", 1, 12)
    return month, row.whole(f"{side}_day", 1, monthrange(LEAP_YEAR, month)[1])


def closure_days(
    location_iso: str | None, first: date, last: date, calendar: Calendar | None
) -> tuple[date, ...]:
    """List the days on which the schools of a location are closed.

    These are the days of the location's breaks in the calendar, in every year concerned, and its
    public holidays on the days they are observed: those of the subdivision if the ``holidays``
    library has it, else of the country. If there is no calendar, or the location is not in it,
    the breaks are :data:`US_BREAKS` with Thanksgiving, or :data:`WORLD_BREAKS`. Weekends count as
    closures only within breaks and holidays: contact matrices average over the week.

    Parameters
    ----------
    location_iso
        ISO 3166-2 or 3166-1 alpha-2 code, such as ``US-MA`` or ``US``.
    first, last
        First and last day of the period, both included.
    calendar
        From :func:`read_calendar`, or None.

    Returns
    -------
    days
        Ascending, each once.

    Raises
    ------
    DataError
        If the location is None, or of a country whose public holidays are not known.
    """
    if location_iso is None:
        raise DataError(
            "school closures need a location, and this population has no ISO code; "
            "expected a population with an ISO code, such as US-MA"
        )
    country = location_iso.partition("-")[0]
    years = range(first.year - 1, last.year + 1)
    breaks = (calendar or {}).get(location_iso)
    closed = {*_public_holidays(location_iso, years)}
    if breaks is None:
        breaks = US_BREAKS if country == "US" else WORLD_BREAKS
        if country == "US":
            closed.update(day for year in years for day in _thanksgiving_break(year))
    closed.update(day for each in breaks for year in years for day in each.days(year))
    return tuple(sorted(day for day in closed if first <= day <= last))


def _public_holidays(location_iso: str, years: range) -> set[date]:
    country, _, part = location_iso.partition("-")
    import holidays  # imported here: planning imports this module, but only building needs holidays

    subdivisions = holidays.list_supported_countries().get(country)
    if subdivisions is None:
        raise DataError(
            f"the holidays library has no public holidays of {country} (location {location_iso}); "
            "expected an ISO 3166-1 alpha-2 code of a country that it supports"
        )
    subdivision = part if part in subdivisions else None
    return set(holidays.country_holidays(country, subdiv=subdivision, years=years))


def _thanksgiving_break(year: int) -> list[date]:
    """Return the fourth Thursday of November with the day before and the day after."""
    november = date(year, 11, 1)
    thursday = november + timedelta((3 - november.weekday()) % 7 + 21)
    return [thursday + timedelta(days) for days in (-1, 0, 1)]

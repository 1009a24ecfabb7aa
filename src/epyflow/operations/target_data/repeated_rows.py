"""Refuse observations that no run could use.

They are there twice, are of another day of the week than the others, or lack zeros of their codes.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from epyflow.errors import DataError
from epyflow.population.locations import names_by_spelling, us_names
from forecast_hub.scoring.outcomes import TARGET
from forecast_hub.suggestions import find_code_with_zeros
from forecast_hub.tables import NO_VALUE, Table

_DECIMALS = re.compile(r"-?(\d*\.\d+(e[+-]?\d+)?|\d+e[+-]?\d+)", re.IGNORECASE)
_STATE = re.compile("(?!10)[0-9]{2}")
"""FIPS codes of two digits; 10 may be a region of the Department of Health, as 1 to 9 are."""
_FEWEST_WEEKS = 3
"""Dates of one weekday that show that a series is weekly."""


def refuse_repeats(table: Table, keys: Sequence[str], value: str, source: str) -> None:
    """Refuse two rows of one date and place, even if they have the same value.

    A place may be written in two ways, such as ``US`` and ``us``: a run takes the rows of both.
    Rows that another column tells apart, such as the target, are two series; a column of decimal
    numbers, such as a rate beside the counts, tells none apart, and neither do row numbers or a
    second column of places.

    Parameters
    ----------
    table
        The observations.
    keys
        The columns of the date and the place.
    value
        The column of the values.
    source
        Where they are from, for the message.

    Raises
    ------
    DataError
        Naming place, date, values and lines.
    """
    others = [
        name
        for name, texts in table.columns.items()
        if name not in (*keys, value)
        and (name.startswith("output_type") or not (_is_rate(texts) or _numbers_rows(texts)))
        and not _names_places(texts)
    ]
    seen: dict[tuple[str, ...], int] = {}
    of_rows = zip(*(table.columns[name] for name in (*keys, *others)), strict=True)
    for position, (day, place, *rest) in enumerate(of_rows):
        for name in _names_of(place):
            first = seen.setdefault((day, name, *rest), position)
            if first == position:
                continue
            pair = first, position
            places = dict.fromkeys(table.columns[keys[1]][each] for each in pair)
            one, two = (table.columns[value][each] or "no value" for each in pair)
            lines = [table.place(int(table.index[each]))[1] for each in pair]
            raise DataError(
                f"{source}: {' alias '.join(places)} has {day} twice, on lines {lines[0]} and "
                f"{lines[1]}: {one} and {two}; expected each date once: fetch later, or from a "
                "copy of the hub without one of the rows"
            )


def refuse_lost_zeros(places: Iterable[str], source: str) -> None:
    """Refuse FIPS codes without their zeros, as spreadsheets write them, beside others.

    Raises
    ------
    DataError
        Naming the code.
    """
    there, known = set(places), us_names()
    if "US" not in there or not any(_STATE.fullmatch(each) and each in known for each in there):
        return  # these numbers need not be codes of the states
    for text in sorted(there - known.keys()):
        code = find_code_with_zeros(text, filter(str.isdigit, known))
        if code is not None:
            raise DataError(
                f"{source}: the location {text!r}: spreadsheets drop zeros; expected {code}: fetch "
                "later, or from a copy of the hub with the codes"
            )


def refuse_odd_weekdays(table: Table, day: str, place: str, source: str) -> None:
    """Refuse dates of another weekday than most, which are of no week of a weekly series.

    Each target is looked at by itself: all its dates, those of each place, and one place beside
    another. Daily and monthly series have no usual weekday.

    Parameters
    ----------
    table
        The observations.
    day, place
        The columns of the date and the place.
    source
        Where they are from, for the message.

    Raises
    ------
    DataError
        Naming place and date.
    """
    targets = table.columns.get(TARGET, [""] * len(table.index))
    of_targets: dict[str, dict[str, dict[str, str]]] = {}
    for target, text, where in zip(targets, table.columns[day], table.columns[place], strict=True):
        series = of_targets.setdefault(target, {})
        for name in ("", where):
            series.setdefault(name, {}).setdefault(text, where)
    for series in of_targets.values():
        usual: dict[str, str] = {}
        for dates in series.values():
            weekday = _usual_weekday(dates, source)
            usual.setdefault(weekday, next(iter(dates.values())))
        usual.pop("", None)
        if len(usual) > 1:
            (one, here), (two, there), *_ = usual.items()
            raise DataError(
                f"{source}: the dates of {here} are {one}s, and those of {there} are {two}s; "
                "expected one weekday, the last day of a week: fetch later, or from a copy of the "
                "hub without the others"
            )


def _usual_weekday(places: Mapping[str, str], source: str) -> str:
    """Return the weekday of most dates, each with a place; empty if they are not weekly."""
    weekdays = {text: f"{date.fromisoformat(text):%A}" for text in places}
    (usual, times), *_ = Counter(weekdays.values()).most_common(1)
    if times < _FEWEST_WEEKS or 2 * times <= len(weekdays):
        return ""
    odd = min((text for text in weekdays if weekdays[text] != usual), default=None)
    if odd is not None:
        raise DataError(
            f"{source}: {places[odd]} has {odd}, a {weekdays[odd]}, and {times} of "
            f"{len(weekdays)} dates are {usual}s; expected the last day of a week, a {usual}: "
            "fetch later, or from a copy of the hub without this date"
        )
    return usual


def _names_of(place: str) -> tuple[str, ...]:
    """Return the places that a text may name; one that is not known names itself."""
    text = place.casefold()
    return names_by_spelling().get(text, (text,))


def _names_places(texts: Iterable[str]) -> bool:
    """Return whether each text of a column names a place, as a second column of places does."""
    return all(text.casefold() in names_by_spelling() for text in set(texts))


def _numbers_rows(texts: Iterable[str]) -> bool:
    """Return whether each row of a column has a number of its own, as R writes row names."""
    numbers = list(texts)
    return len(set(numbers)) == len(numbers) and all(map(str.isdecimal, numbers))


def _is_rate(texts: Iterable[str]) -> bool:
    """Return whether a column holds numbers, of which some have decimals."""
    there = set(texts).difference(NO_VALUE)
    decimals = {text for text in there if _DECIMALS.fullmatch(text)}
    return bool(decimals) and all(text.isdecimal() for text in there - decimals)

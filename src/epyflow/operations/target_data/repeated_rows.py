"""Refuse observations that are there twice, or are of another day of the week than the others."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date

from epyflow.errors import DataError
from forecast_hub.scoring.outcomes import TARGET
from forecast_hub.tables import NO_VALUE, Table

_DECIMALS = re.compile(r"-?(\d*\.\d+(e[+-]?\d+)?|\d+e[+-]?\d+)", re.IGNORECASE)
_FEWEST_WEEKS = 3
"""Dates of one weekday that show that a series is weekly."""


def refuse_repeats(table: Table, keys: Sequence[str], value: str, source: str) -> None:
    """Refuse two rows of one date and place, even if they have the same value.

    No run could use them. Rows that another column tells apart, such as the target, are two series;
    a column of decimal numbers, such as a rate beside the counts, tells none apart, and neither do
    row numbers.

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
    ]
    seen: dict[tuple[str, ...], int] = {}
    of_rows = zip(*(table.columns[name] for name in (*keys, *others)), strict=True)
    for position, key in enumerate(of_rows):
        first = seen.setdefault(key, position)
        if first == position:
            continue
        one, two = (table.columns[value][each] or "no value" for each in (first, position))
        lines = [table.place(int(table.index[each]))[1] for each in (first, position)]
        raise DataError(
            f"{source}: {key[1]} has {key[0]} twice, on lines {lines[0]} and {lines[1]}: {one} and "
            f"{two}; expected each date once: fetch later, or from a copy of the hub without one "
            "of the rows"
        )


def refuse_odd_weekdays(table: Table, day: str, place: str, source: str) -> None:
    """Refuse dates of another weekday than most, which are of no week of a weekly series.

    Each target is looked at by itself. Daily and monthly series have no usual weekday.

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
    dates: dict[str, dict[str, str]] = {}
    for target, text, where in zip(targets, table.columns[day], table.columns[place], strict=True):
        dates.setdefault(target, {}).setdefault(text, where)
    for of_target in dates.values():
        weekdays = {text: f"{date.fromisoformat(text):%A}" for text in of_target}
        (usual, times), *_ = Counter(weekdays.values()).most_common(1)
        odd = min((text for text in weekdays if weekdays[text] != usual), default=None)
        if odd is not None and times >= _FEWEST_WEEKS and 2 * times > len(weekdays):
            raise DataError(
                f"{source}: {of_target[odd]} has {odd}, a {weekdays[odd]}, and {times} of "
                f"{len(weekdays)} dates are {usual}s; expected the last day of a week, a {usual}: "
                "fetch later, or from a copy of the hub without this date"
            )


def _numbers_rows(texts: Iterable[str]) -> bool:
    """Return whether each row of a column has a number of its own, as R writes row names."""
    numbers = list(texts)
    return len(set(numbers)) == len(numbers) and all(map(str.isdecimal, numbers))


def _is_rate(texts: Iterable[str]) -> bool:
    """Return whether a column holds numbers, of which some have decimals."""
    there = set(texts).difference(NO_VALUE)
    decimals = {text for text in there if _DECIMALS.fullmatch(text)}
    return bool(decimals) and all(text.isdecimal() for text in there - decimals)

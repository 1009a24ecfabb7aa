"""Define the types of lengths of time: durations such as ``6h``, frequencies such as ``W-SAT``."""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator

from epyflow.strict import refuse, shown

_LONGEST = 1000 * 86400  # seconds; no calibration runs longer

_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}
_PART = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*", re.IGNORECASE)


def seconds(duration: str) -> float:
    """Convert text such as ``6h``, ``1h30m``, ``90min`` or ``1D`` to seconds.

    Raises
    ------
    ValueError
        If it is not made of positive numbers, each with one of the units s, m, min, h, d and w.
    """
    parts = _PART.findall(duration)
    whole = _PART.sub("", duration) == "" and all(unit.lower() in _UNITS for _, unit in parts)
    total = sum(float(number) * _UNITS[unit.lower()] for number, unit in parts) if whole else 0
    if not 1 <= total <= _LONGEST:
        raise ValueError(
            f"{shown(duration)} is not a duration of 1 second to 1,000 days; expected text such as "
            "90min or 6h"
        )
    return timedelta(seconds=total).total_seconds()


def _as_duration(value: Any) -> str:
    if not isinstance(value, str):
        raise refuse(f"{shown(value)} is not a duration; expected text such as 90min or 6h")
    try:
        seconds(value)
    except ValueError as error:
        raise refuse(str(error)) from None
    return value


Duration = Annotated[str, BeforeValidator(_as_duration)]

_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
COMMON_FREQUENCIES = ("D", "W", "MS", "ME", *(f"W-{day}" for day in _WEEKDAYS))
"""Aliases that are accepted without importing pandas, which is slow."""

_DAY = 86_400 * 10**9
"""Nanoseconds."""

_LONGEST_PERIOD = 10_000
"""Days, weeks or months: pandas makes a row for each day of a period, and knows 584 years."""


def _as_frequency(value: Any) -> str:
    if value in COMMON_FREQUENCIES:
        return str(value)
    from pandas.tseries.frequencies import to_offset
    from pandas.tseries.offsets import BusinessHour, Tick

    try:
        offset = to_offset(value) if isinstance(value, str) else None
    except ValueError:
        offset = None
    if offset is None:
        raise refuse(
            f"{shown(value)} is not a frequency; expected a pandas alias such as D, W-SAT or MS"
        )
    cut = isinstance(offset, Tick) and offset.nanos % _DAY
    if offset.n < 1 or cut or isinstance(offset, BusinessHour):
        raise refuse(
            f"{shown(value)} is not a period of whole days, and tables have one row for a date; "
            "expected D or longer, such as W-SAT or MS"
        )
    if (offset.nanos // _DAY if isinstance(offset, Tick) else offset.n) > _LONGEST_PERIOD:
        raise refuse(f"{shown(value)} is too long; expected at most {_LONGEST_PERIOD:,} of a unit")
    return str(value)


Frequency = Annotated[str, BeforeValidator(_as_frequency)]
"""Pandas alias of whole days."""

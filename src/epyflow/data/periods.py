"""Divide the days of a simulation into periods, such as weeks that end on Saturday."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

import numpy as np
from numpy.typing import NDArray

WEEKS = ("W-MON", "W-TUE", "W-WED", "W-THU", "W-FRI", "W-SAT", "W-SUN")
"""Weeks by the weekday on which they end, as ``date.weekday()`` counts."""


@dataclass(frozen=True)
class Periods:
    """Hold the periods that some days belong to.

    Attributes
    ----------
    dates
        R dates, one for each period: what pandas labels it with.
    bounds
        Shape (R + 1,). Days from the first day to the begin of each period, then to the end of the
        last one.
    whole
        Shape (R,). Whether all days of the period are among the days. The first and the last
        period may be cut.
    """

    dates: tuple[date, ...]
    bounds: NDArray[np.int64]
    whole: NDArray[np.bool_]

    @classmethod
    def of(cls, start: date, end: date, frequency: str) -> Self:
        """Divide the days from ``start`` to ``end``, both included, as pandas does.

        Days and weeks are divided without pandas, which takes as long as a simulation.

        Parameters
        ----------
        start, end
            First and last day.
        frequency
            Pandas alias, such as ``D``, ``W-SAT`` or ``MS``.

        Raises
        ------
        ValueError
            If the frequency has several periods a day: tables have dates without times.
        """
        days = (end - start).days + 1
        if frequency == "D":
            lengths, whole = np.ones(days, np.int64), np.ones(days, bool)
            labels = [start + timedelta(days=day) for day in range(days)]
        elif frequency in WEEKS:
            first = (WEEKS.index(frequency) - start.weekday()) % 7  # days to the first week's end
            ends = np.arange(first, days + 6, 7)
            labels = [start + timedelta(days=int(day)) for day in ends]
            lengths = np.diff(np.minimum(ends + 1, days), prepend=0)
            whole = lengths == 7
        else:
            labels, lengths, whole = _divide(start, end, frequency)
        return cls(tuple(labels), np.cumsum(np.insert(lengths, 0, 0)), whole)


def is_dated_by_its_end(frequency: str | None, delta_t: float) -> bool:
    """Whether the date of a period is its last day, as that of an observed or submitted week.

    Weeks (``W-SAT``), ends of months (``ME``) and days are. ``7D`` and ``MS`` are dated by their
    first day, and so are steps of several days that are not resampled.
    """
    if frequency is None:
        return delta_t <= 1
    return frequency in ("D", "W") or frequency.endswith((*WEEKS, "ME", "QE", "YE"))


def name_of_period(frequency: str | None, delta_t: float) -> str:
    """Return what transitions are summed over: ``day``, ``week``, ..., or ``period``."""
    if frequency is None:
        return "day" if delta_t <= 1 else "step"
    named = {"D": "day", "7D": "week", "W": "week", "M": "month", "Q": "quarter", "Y": "year"}
    return named.get(frequency) or named.get(frequency[:1], "period")


def find_cut_periods(
    start: date | None, window: tuple[date, date], frequency: str | None
) -> tuple[date, ...]:
    """Return the dates in a fitting window whose period is simulated only in part.

    The end of the window may cut a period, and so may the start of the simulation.

    Parameters
    ----------
    start
        First day of the simulation. None if it is calibrated: nothing happens before it, so its
        period counts as it is.
    window
        First and last day that are compared.
    frequency
        Pandas alias; None: daily.
    """
    first, last = start or window[0], window[1]
    if first > last:
        return ()
    periods = Periods.of(first, last, frequency or "D")
    return tuple(
        day
        for position, (day, whole) in enumerate(zip(periods.dates, periods.whole, strict=True))
        if not whole and window[0] <= day <= last and (start is not None or position > 0)
    )


def _divide(
    start: date, end: date, frequency: str
) -> tuple[list[date], NDArray[np.int64], NDArray[np.bool_]]:
    """Return the date and the number of days of each period, and whether it is whole."""
    import pandas as pd

    offset = pd.tseries.frequencies.to_offset(frequency)
    first, last, day = pd.Timestamp(start), pd.Timestamp(end), pd.Timedelta(days=1)
    if isinstance(offset, pd.tseries.offsets.Tick) and pd.Timedelta(offset) < day:
        raise ValueError(
            f"resample_frequency {frequency} has several periods a day, but tables have one row "
            "for a date; expected D or longer, such as W-SAT"
        )

    def count(since: pd.Timestamp, until: pd.Timestamp) -> "pd.Series[int]":
        return pd.Series(1, index=pd.date_range(since, until)).resample(frequency).sum()

    counted = count(first, last)
    if isinstance(offset, pd.tseries.offsets.Tick):  # such as 3D, counted from the first day
        whole = counted == pd.Timedelta(offset) // day
    else:
        whole = counted == count(first - offset, last + offset).reindex(counted.index)
    labels = [stamp.date() for stamp in counted.index]
    return labels, np.array(counted, dtype=np.int64), np.array(whole, dtype=bool)

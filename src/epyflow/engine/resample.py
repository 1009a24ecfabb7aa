"""Resample trajectories in time as epydemix does, all series at once."""

from dataclasses import dataclass
from datetime import date
from typing import Self

import numpy as np
from numpy.typing import NDArray

from epyflow.model.dates import step_days

_WEEKS = ("W-MON", "W-TUE", "W-WED", "W-THU", "W-FRI", "W-SAT", "W-SUN")
_FIRST_WEEKDAY = 3  # 1970-01-01 was a Thursday


@dataclass(frozen=True)
class Resampling:
    """The periods that the steps of a simulation belong to.

    Attributes
    ----------
    dates
        R dates, one for each period.
    last
        Shape (R,). The last step of each period; of an empty period, that of the previous one.
    starts
        Shape (R',). First step of each period that has steps.
    filled
        Shape (R',). Positions of these periods among all periods.
    """

    dates: tuple[date, ...]
    last: NDArray[np.int64]
    starts: NDArray[np.int64]
    filled: NDArray[np.int64]

    @classmethod
    def of(cls, steps: NDArray[np.datetime64], frequency: str | None) -> Self:
        """Plan the resampling of steps, as ``epydemix.Trajectory.resample`` does it.

        Parameters
        ----------
        steps
            Shape (T,). Times of the steps.
        frequency
            Pandas alias, such as ``W-SAT``. None: daily if a day has several steps, else no
            resampling.

        Raises
        ------
        ValueError
            If the frequency has several periods a day: tables have dates without times.
        """
        if frequency is None and not _several_a_day(steps):
            every = np.arange(len(steps), dtype=np.int64)
            return cls(_dates(steps, frequency), every, every, every)
        labels, sizes = _counted(steps, frequency or "D")
        ends = np.cumsum(sizes, dtype=np.int64)
        filled = np.flatnonzero(sizes).astype(np.int64)
        return cls(_dates(labels, frequency), ends - 1, (ends - sizes)[filled], filled)

    def compartments(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Take the last step of each period; shape (T, ...) to (R, ...)."""
        return values[self.last]

    def transitions(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum each period; shape (T, ...) to (R, ...)."""
        if len(self.starts) == len(values) == len(self.dates):
            return values.copy()  # one step in each period
        summed = np.zeros((len(self.dates), *values.shape[1:]))
        summed[self.filled] = np.add.reduceat(values, self.starts, axis=0)
        return summed

    def means(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Take the mean over each period; an empty one has the mean of the previous one.

        Shape (T, ...) to (R, ...).
        """
        if len(self.starts) == len(values) == len(self.dates):
            return values.copy()  # one step in each period
        steps = np.diff(np.append(self.starts, len(values)))
        means = np.add.reduceat(values, self.starts, axis=0)
        means /= steps.reshape(-1, *[1] * (values.ndim - 1))
        latest = np.searchsorted(self.filled, np.arange(len(self.dates)), side="right") - 1
        found: NDArray[np.float64] = means[latest]
        return found


def _counted(
    steps: NDArray[np.datetime64], frequency: str
) -> tuple[NDArray[np.datetime64], NDArray[np.int64]]:
    """Return the label and the number of steps of each period; both of shape (R,).

    Days and weeks are counted without pandas, which takes as long as a simulation.
    """
    labels: NDArray[np.datetime64]
    sizes: NDArray[np.int64]
    if frequency in ("D", *_WEEKS):
        length = 1 if frequency == "D" else 7
        days = steps.astype("datetime64[D]").astype(np.int64)
        ends = days
        if frequency in _WEEKS:
            ends = days + (_WEEKS.index(frequency) - days - _FIRST_WEEKDAY) % 7
        sizes = np.bincount((ends - ends[0]) // length).astype(np.int64)
        labels = np.datetime64(int(ends[0]), "D") + length * np.arange(len(sizes))
    else:
        import pandas as pd

        ones = pd.Series(1, index=pd.DatetimeIndex(steps))
        counts = ones.resample(frequency).sum()
        labels, sizes = counts.index.to_numpy(), np.asarray(counts, dtype=np.int64)
    return labels, sizes


def _several_a_day(steps: NDArray[np.datetime64]) -> bool:
    return len(steps) > 1 and bool(steps[1] - steps[0] < np.timedelta64(1, "D"))


def _dates(times: NDArray[np.datetime64], frequency: str | None) -> tuple[date, ...]:
    days: list[date] = step_days(times).tolist()
    if len(set(days)) < len(days):
        raise ValueError(
            f"resample_frequency {frequency} has several periods a day, but tables have one row "
            "for a date; expected D or longer, such as W-SAT"
        )
    return tuple(days)

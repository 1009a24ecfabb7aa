"""Sum trajectories up in time: epydemix's resampling, for all of its series at once."""

from dataclasses import dataclass
from datetime import date
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True)
class Resampling:
    """How the steps of a simulation fall into periods.

    Attributes
    ----------
    dates
        R dates, one per period.
    last
        Shape (R,). The last step of each period; of an empty period, that of the one before.
    starts
        Shape (R',). First step of each period that has steps.
    filled
        Shape (R',). Positions of those periods among all.
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
            Pandas alias, such as ``W-SAT``. None: daily where a day has several steps, else none.
        """
        index = pd.DatetimeIndex(steps)
        if frequency is None:
            fine = len(index) > 1 and index[1] - index[0] < pd.Timedelta(days=1)
            frequency = "D" if fine else None
        if frequency is None or _has(index, frequency):
            every = np.arange(len(index))
            return cls(tuple(day.date() for day in index), every, every, every)
        counts = pd.Series(1, index=index).resample(frequency).sum()
        ends = np.cumsum(counts.to_numpy())
        filled = np.flatnonzero(counts.to_numpy())
        starts = np.concatenate([[0], ends[:-1]])[filled]
        return cls(tuple(day.date() for day in counts.index), ends - 1, starts, filled)

    def compartments(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Take the last step of each period; shape (T, ...) to (R, ...)."""
        return values[self.last]

    def transitions(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum each period; shape (T, ...) to (R, ...)."""
        summed = np.zeros((len(self.dates), *values.shape[1:]))
        summed[self.filled] = np.add.reduceat(values, self.starts, axis=0)
        return summed


def _has(index: pd.DatetimeIndex, frequency: str) -> bool:
    """Whether the steps have the frequency already; fewer than three steps have none."""
    return len(index) >= 3 and pd.infer_freq(index) == frequency

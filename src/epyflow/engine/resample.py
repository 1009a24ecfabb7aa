"""Resample trajectories in time, all series at once."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from epyflow.data.periods import Periods
from epyflow.model.dates import step_count, step_dates, step_days, step_length


@dataclass(frozen=True)
class Resampling:
    """The periods of a simulation: whole ones only.

    A period that the start or the end of the simulation cuts is left out, since its sum is not that
    of a period. A step that reaches from one period into the next is divided between them by time,
    so a constant rate gives equal weeks whatever the step.

    Attributes
    ----------
    dates
        R dates, one for each period.
    steps
        Shape (R + 1,). The step in which each period begins; the last entry: in which the last one
        ends. May be T, one past the last step.
    shares
        Shape (R + 1,). The part of that step which lies before, from 0 to below 1.
    """

    dates: tuple[date, ...]
    steps: NDArray[np.int64]
    shares: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        start: date,
        end: date,
        delta_t: float,
        frequency: str | None,
        *,
        from_start: bool = False,
    ) -> Self:
        """Plan the resampling of a simulation.

        For periods that no step crosses, the numbers are those of
        ``epydemix.Trajectory.resample``.

        Parameters
        ----------
        start, end
            First and last day; both are simulated from midnight to midnight.
        delta_t
            Days per step.
        frequency
            Pandas alias, such as ``W-SAT``. None: daily, or no resampling if a step takes a day or
            longer.
        from_start
            Keep a first period that the start cuts: there is nothing before the start.

        Raises
        ------
        ValueError
            If the frequency has several periods a day: tables have dates without times.
        """
        if frequency is None and delta_t >= 1:
            count = step_count(start, end, delta_t)
            every = np.arange(count + 1, dtype=np.int64)
            days: list[date] = step_days(step_dates(start, end, delta_t)).tolist()
            return cls(tuple(days), every, np.zeros(count + 1))
        periods = Periods.of(start, end, frequency or "D")
        kept = periods.whole.copy()
        kept[:1] |= from_start and len(kept) > 1
        chosen = np.flatnonzero(kept)
        first, stop = (chosen[0], chosen[-1] + 1) if len(chosen) else (0, 0)
        per_step, per_day = step_length(delta_t).as_integer_ratio()
        steps, rest = np.divmod(periods.bounds[first : stop + 1] * per_day, per_step)
        return cls(periods.dates[first:stop], steps, rest / per_step)

    def compartments(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Take the end of the last step that begins in or before each period.

        Shape (T, ...) to (R, ...).
        """
        return values[self._last]

    def transitions(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum each period; shape (T, ...) to (R, ...).

        What a step moves across the bound of two periods is rounded to whole numbers, so that none
        is lost or counted twice.
        """
        if self._one_each:
            return values[self.steps[0] : self.steps[-1]].copy()
        before = np.zeros((len(values) + 1, *values.shape[1:]))
        np.cumsum(values, axis=0, out=before[1:])
        until = before[self.steps]
        cut = self._cut
        if len(cut):
            shares = self.shares[cut].reshape(-1, *[1] * (values.ndim - 1))
            until[cut] = np.rint(until[cut] + shares * values[self.steps[cut]])
        return until[1:] - until[:-1]

    def means(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Take the mean over the steps that begin in each period.

        A period in which no step begins has the value of the step in progress. Shape (T, ...) to
        (R, ...).
        """
        if self._one_each:
            return values[self.steps[0] : self.steps[-1]].copy()
        counts = np.diff(self._begun)
        filled = np.flatnonzero(counts)
        means: NDArray[np.float64] = values[self.steps[:-1]]
        if len(filled):
            sums = np.add.reduceat(values[: self._begun[-1]], self._begun[filled], axis=0)
            means[filled] = sums / counts[filled].reshape(-1, *[1] * (values.ndim - 1))
        return means

    # A resampling serves many simulations, so what it implies is computed once.

    @cached_property
    def _begun(self) -> NDArray[np.int64]:
        """Return the number of steps that begin before each bound of the periods."""
        return self.steps + (self.shares > 0)

    @cached_property
    def _last(self) -> NDArray[np.int64]:
        """Return the last step that begins in or before each period."""
        return self._begun[1:] - 1

    @cached_property
    def _cut(self) -> NDArray[np.intp]:
        """Return the bounds that lie within a step."""
        return np.flatnonzero(self.shares)

    @cached_property
    def _one_each(self) -> bool:
        """Return whether each period is one step."""
        return not len(self._cut) and bool((np.diff(self.steps) == 1).all())

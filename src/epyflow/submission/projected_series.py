"""Hold the trajectories of a weekly series and its observations, for a submission."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from epyflow.artifacts.task import MemberResult
from epyflow.errors import EpyflowError
from epyflow.tables.series import Selection


@dataclass(frozen=True)
class Observed:
    """A series as known when the forecast was made.

    Attributes
    ----------
    dates
        Ends of the periods, ascending.
    counts
        Shape (dates,). NaN if nothing was reported.
    """

    dates: tuple[date, ...]
    counts: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Refuse dates and counts that are not a series."""
        _check_dates("observed", self.dates, self.counts.shape)

    def on(self, day: date) -> float | None:
        """Return the count of a period; None if it is not known."""
        if day not in self.dates:
            return None
        count = float(self.counts[self.dates.index(day)])
        return count if np.isfinite(count) else None


@dataclass(frozen=True)
class Projection:
    """Trajectories of one series: of one location, and of one scenario or age group.

    Attributes
    ----------
    task
        Task id column to its value in the hub, such as ``{"location": "25"}``.
    dates
        Ends of the periods, ascending, such as Saturdays.
    trajectories
        Shape (trajectories, dates). Persons per period, or whatever the target counts.
    observed
        Observations of the same series; None if no target needs them.
    """

    task: Mapping[str, str]
    dates: tuple[date, ...]
    trajectories: NDArray[np.float64]
    observed: Observed | None = None

    def __post_init__(self) -> None:
        """Refuse dates and values that are not trajectories."""
        if self.trajectories.ndim != 2 or not len(self.trajectories):
            raise EpyflowError(f"{self.title}: there are no trajectories; expected at least one")
        _check_dates(self.title, self.dates, self.trajectories.shape[1:])
        if not np.isfinite(self.trajectories).all():
            raise EpyflowError(f"{self.title}: a trajectory is not a number; expected numbers")

    @property
    def title(self) -> str:
        """The task's values, for messages."""
        return ", ".join(f"{name} {value}" for name, value in self.task.items()) or "projection"

    def on(self, day: date) -> NDArray[np.float64] | None:
        """Return the trajectories in a period, shape (trajectories,); None where there are none."""
        if day not in self.dates:
            return None
        values: NDArray[np.float64] = self.trajectories[:, self.dates.index(day)]
        return values

    def known_on(self, day: date) -> NDArray[np.float64] | None:
        """Return what is known of a period: what was observed, else the trajectories.

        Returns
        -------
        numpy.ndarray or None
            Shape (trajectories,); None where there is neither.
        """
        count = None if self.observed is None else self.observed.on(day)
        if count is None:
            return self.on(day)
        return np.full(len(self.trajectories), count)


def _check_dates(title: str, dates: Sequence[date], shape: tuple[int, ...]) -> None:
    if shape != (len(dates),):
        raise EpyflowError(f"{title}: {len(dates)} dates for values of shape {shape}")
    if list(dates) != sorted(set(dates)):
        raise EpyflowError(f"{title}: the dates do not ascend; expected each once, in order")


def take_projection(
    member: MemberResult,
    selection: Selection,
    task: Mapping[str, str],
    observed: Observed | None = None,
    column: str | None = None,
) -> Projection:
    """Take a projection out of a result: one series of one of its members.

    Parameters
    ----------
    member
        A member of a :class:`epyflow.artifacts.task.Result`.
    selection
        The series: see :func:`epyflow.tables.series.select_comparisons` for what the calibration
        compares, and :func:`epyflow.tables.series.select` for any transition.
    task, observed
        See :class:`Projection`.
    column
        Which of the selection's columns; None for its only one.

    Raises
    ------
    EpyflowError
        If the selection has no such column, or several and none is named.
    """
    names = selection.columns
    if column is None and len(names) != 1:
        raise EpyflowError(f"{len(names)} series ({', '.join(names)}); expected the name of one")
    if column is not None and column not in names:
        raise EpyflowError(f"there is no series {column!r}; expected one of {', '.join(names)}")
    place = 0 if column is None else names.index(column)
    counts = selection.counts(member)
    series = selection.of(counts)[..., place].astype(np.float64)
    # Before a trajectory starts there is no epidemic, so nobody is counted.
    series[~selection.has_started(counts)] = 0
    return Projection(task, member.dates, series, observed)

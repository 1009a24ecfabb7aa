"""Report projected trajectories: noise and drift around simulated counts, in observed units."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from epyflow.artifacts.task import (
    NOT_STARTED,
    Fit,
    MemberResult,
    Observations,
    PackedArray,
    Reporting,
    Task,
)
from epyflow.experiment.format.calibration import Calibration
from epyflow.experiment.format.model import Model
from epyflow.experiment.format.observation_model import (
    Ensemble,
    NegativeBinomial,
    members_of,
)
from epyflow.randomness import generator
from epyflow.strategies import ensemble
from epyflow.strategies.discrepancy import drifted
from epyflow.strategies.observed_units import ObservedUnits, Values
from epyflow.strategies.particle_simulator import Comparer

Array = NDArray[np.float64]


def reported(
    task: Task,
    model: Model,
    calibration: Calibration,
    fit: Fit,
    simulated: Sequence[Array],
    parameters: Sequence[Values],
    member: MemberResult,
) -> PackedArray:
    """Express the trajectories of a projection in the units of the observations, with noise.

    Noise is drawn if the fit has an observation model. Each trajectory has its own random numbers,
    from the seed, the population and its number, and counts are drawn by inverting their
    distribution. So scenarios stay paired: equal simulated counts give equal reports, and larger
    counts never give fewer reports.

    Parameters
    ----------
    task, model, calibration, fit
        The calibration and its results.
    simulated
        Transitions of each trajectory, with shape (periods since its start, K, G).
    parameters
        Every parameter of each trajectory by name.
    member
        The projection; its dates are those of the trajectory that starts first.

    Returns
    -------
    reported
        Shape (trajectories, T, comparisons, 1). Persons, or in the units of the observations;
        ``NOT_STARTED`` before a start.

    Raises
    ------
    ValueError
        If no trajectory has started by the last observation, at which a discrepancy begins.
    """
    comparer = Comparer.of(calibration, model)
    counts = np.zeros((len(simulated), len(member.dates), len(calibration.comparison)))
    before = np.zeros(counts.shape[:2], dtype=np.bool_)
    for row, transitions in enumerate(simulated):
        first = counts.shape[1] - len(transitions)
        counts[row, first:] = comparer.totals(transitions)
        before[row, :first] = True
    units = ObservedUnits.of(calibration, task.population, fit.observations)
    factors = None
    if units is not None:
        both = [units.factors(values, member.dates) for values in parameters]
        counts *= np.stack([reported for reported, _ in both])[:, np.newaxis]
        factors = np.stack([unit for _, unit in both])
    projection = calibration.projection
    if projection is not None and projection.observation_model is not None:
        counts = _Reports(task, fit, member, factors).of(counts, projection.observation_model)
    if factors is not None:
        counts = counts * factors
    counts[before] = NOT_STARTED
    return PackedArray.pack(counts[..., np.newaxis])


@dataclass(frozen=True)
class _Reports:
    """Draw the reports around simulated counts.

    Attributes
    ----------
    task, fit, member
        See :func:`reported`.
    factors
        Shape (trajectories, T, comparisons). Units of the observations per reported person; None
        if they are persons.
    """

    task: Task
    fit: Fit
    member: MemberResult
    factors: Array | None

    def of(self, means: Array, model: NegativeBinomial | Ensemble) -> Array:
        """Return the reports around ``means``, shape (trajectories, T, comparisons)."""
        persons = int(self.task.population.sizes.sum())
        counts = np.empty_like(means)
        draws = _Draws(self.task, means.shape, _anchor(self.fit, self.member))
        levels = draws.of("report", np.random.Generator.random)
        steps = draws.of("discrepancy", np.random.Generator.standard_normal)
        for column in range(counts.shape[2]):
            members = [
                self._member(each, noise[column], means, steps, levels, column)
                for each, noise in zip(members_of(model), self.fit.reporting, strict=True)
            ]
            counts[..., column] = members[0].counts
            if isinstance(model, Ensemble):
                day, _ = _last(self.fit.observations, column)
                at = _position(self.member.dates, day)
                growth = None if self.task.growth is None else self.task.growth[column]
                counts[..., column] = ensemble.combine(model, members, growth, at, persons)
        np.minimum(counts, persons, out=counts)
        return counts

    def _member(
        self,
        model: NegativeBinomial,
        noise: Reporting,
        means: Array,
        steps: Array,
        levels: Array,
        column: int,
    ) -> ensemble.Reports:
        mean = means[..., column]
        if noise.walk is not None:
            day, last = _last(self.fit.observations, column)
            at = _position(self.member.dates, day)
            seen = last if self.factors is None else last / self.factors[:, at, column]
            walk = noise.walk * steps[..., column]
            mean = drifted(mean, at, seen, walk, noise.growth, model.discrepancy)
        # The tails of the walk and of the counts are unbounded, but the population is not.
        mean = np.minimum(mean, int(self.task.population.sizes.sum()))
        return ensemble.Reports(mean, noise.dispersion, levels[..., column])


def _anchor(fit: Fit, member: MemberResult) -> int:
    """Return the position of the last date of the observations; 0 before the first start."""
    last = fit.observations.dates[-1]
    return member.dates.index(last) if last in member.dates else 0


@dataclass(frozen=True)
class _Draws:
    """Random numbers of each trajectory and date, independent of the first and last date.

    Attributes
    ----------
    task
        Its seed and population are used.
    shape
        (trajectories, T, comparisons).
    anchor
        Position of the date from which numbers are drawn forwards and backwards.
    """

    task: Task
    shape: tuple[int, ...]
    anchor: int

    def of(self, what: str, draw: Callable[[np.random.Generator, tuple[int, int]], Array]) -> Array:
        """Return the random numbers for ``what``, in this shape."""
        trajectories, dates, comparisons = self.shape
        found = np.empty(self.shape)
        for number in range(trajectories):
            after, before = (
                generator(self.task.seed, what, way, self.task.population.name, number)
                for way in ("after", "before")
            )
            found[number, self.anchor :] = draw(after, (dates - self.anchor, comparisons))
            found[number, : self.anchor] = draw(before, (self.anchor, comparisons))[::-1]
        return found


def _last(observations: Observations, column: int) -> tuple[date, float]:
    at = int(np.flatnonzero(~np.isnan(observations.values[:, column]))[-1])
    return observations.dates[at], float(observations.values[at, column])


def _position(dates: Sequence[date], day: date) -> int:
    if day not in dates:
        raise ValueError(
            f"the last observation is on {day}, before the first trajectory starts "
            f"({dates[0]}): a discrepancy cannot begin; leave it out"
        )
    return dates.index(day)

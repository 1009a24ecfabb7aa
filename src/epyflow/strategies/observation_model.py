"""Report projected trajectories: noise and drift around simulated counts, in observed units."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from epyflow.artifacts.task import (
    NOT_STARTED,
    Fit,
    Generation,
    MemberResult,
    Observations,
    PackedArray,
    Reporting,
    Task,
)
from epyflow.calibration import observation_noise
from epyflow.experiment.format.calibration import Calibration
from epyflow.experiment.format.model import Model
from epyflow.experiment.format.observation_model import (
    ESTIMATED,
    Discrepancy,
    Estimate,
    ObservationModel,
)
from epyflow.randomness import generator
from epyflow.strategies.discrepancy import drifted
from epyflow.strategies.observed_units import ObservedUnits, Values
from epyflow.strategies.particle_simulator import Comparer

Array = NDArray[np.float64]


def around(
    posterior: Generation,
    observations: Observations,
    model: ObservationModel,
    units: Array | None = None,
) -> tuple[Reporting, ...]:
    """Return the observation noise of each comparison around the weighted mean of the particles.

    Noise is that of persons: ``units``, shape (dates, comparisons), are the units of the
    observations per reported person; None if they are persons.

    Raises
    ------
    ValueError
        If a value cannot be estimated from the residuals.
    """
    fitted = np.average(posterior.series.unpack(), axis=0, weights=posterior.weights)
    periods = _periods(observations.dates)
    found = []
    seen = observations.values
    if units is not None:
        seen, fitted = seen / units, fitted / units
    for observed, mean in zip(seen.T, fitted.T, strict=True):
        known = ~np.isnan(observed)
        y, m = observed[known], mean[known]
        spread = _given(model.dispersion)
        if spread is None:
            spread = observation_noise.estimate_dispersion(y, m)
        walk, growth = None, 0.0
        if model.discrepancy is not None:
            walk = _given(model.discrepancy.sd)
            if walk is None:
                walk = observation_noise.estimate_walk(y, m, periods[known], spread)
            if model.discrepancy.residual_growth:
                growth = observation_noise.estimate_growth(y, m, periods[known], spread, walk)
        found.append(Reporting(spread, walk, growth))
    return tuple(found)


def _given(estimate: Estimate) -> float | None:
    return None if estimate == ESTIMATED else float(estimate)


def _periods(dates: Sequence[date]) -> NDArray[np.int64]:
    """Return the period number of each date; the shortest distance of dates is one period."""
    days = np.array([(day - dates[0]).days for day in dates], dtype=np.float64)
    shortest = np.diff(days).min() if len(days) > 1 else 1.0
    return np.rint(days / shortest).astype(np.int64)


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
    if fit.reporting:
        counts = _noisy(counts, task, calibration, fit, member, factors)
    if factors is not None:
        counts = counts * factors
    counts[before] = NOT_STARTED
    return PackedArray.pack(counts[..., np.newaxis])


def _noisy(
    means: Array,
    task: Task,
    calibration: Calibration,
    fit: Fit,
    member: MemberResult,
    factors: Array | None,
) -> Array:
    """Draw the reports around ``means``, shape (trajectories, T, comparisons).

    ``factors``, of the same shape, are the units of the observations per reported person; None if
    they are persons.
    """
    persons = int(task.population.sizes.sum())
    counts, draws = np.empty_like(means), _Draws(task, means.shape, _anchor(fit, member))
    levels = draws.of("report", np.random.Generator.random)
    steps = draws.of("discrepancy", np.random.Generator.standard_normal)
    for column, noise in enumerate(fit.reporting):
        mean = means[:, :, column]
        if noise.walk is not None:
            day, last = _last(fit.observations, column)
            walk, at = noise.walk * steps[:, :, column], _position(member.dates, day)
            seen = last if factors is None else last / factors[:, at, column]
            mean = drifted(mean, at, seen, walk, noise.growth, _discrepancy(calibration))
        # The tails of the walk and of the counts are unbounded, but the population is not.
        np.minimum(mean, persons, out=mean)
        counts[:, :, column] = report(mean, noise.dispersion, levels[:, :, column])
    np.minimum(counts, persons, out=counts)
    return counts


def _discrepancy(calibration: Calibration) -> Discrepancy | None:
    projection = calibration.projection
    model = None if projection is None else projection.observation_model
    return None if model is None else model.discrepancy


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


def report(means: Array, dispersion: float, levels: Array) -> Array:
    """Return the quantiles of negative binomial counts at ``levels``, 0 to 1.

    Parameters
    ----------
    means, levels
        Arrays of equal shape.
    dispersion
        The variance is mean + dispersion * mean^2; 0 gives Poisson counts.
    """
    # slow to import, and most projections do not need it
    from scipy import stats

    if dispersion == 0:
        found = stats.poisson.ppf(levels, means)
    else:
        found = stats.nbinom.ppf(levels, 1 / dispersion, 1 / (1 + dispersion * means))
    # For a mean of zero, scipy gives -1 at level 0.
    counts: Array = np.where(means > 0, np.maximum(found, 0), 0)
    return counts

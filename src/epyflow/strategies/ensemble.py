"""Combine several forecasts of the reported counts, trajectory by trajectory."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from epyflow.artifacts.task import GROWTH_LEVELS
from epyflow.experiment.format.observation_model import Ensemble

Array = NDArray[np.float64]

_ALMOST_POISSON = 1e-6
"""Of dispersion * mean: the standard deviation is larger than Poisson's by half of it."""

_LARGE_MEAN = 1e9
"""At this mean, the expansion and the inverse function give the same counts."""

_LOWEST_LEVEL = 2.0**-54
"""Half of the smallest positive level that is drawn."""


@dataclass(frozen=True)
class Reports:
    """Reported counts of one comparison.

    Attributes
    ----------
    means
        Shape (trajectories, T). Persons.
    dispersion
        The variance is mean + dispersion * mean^2.
    levels
        Shape (trajectories, T). Probability that a report is at most the one drawn.
    """

    means: Array
    dispersion: float
    levels: Array

    @cached_property
    def counts(self) -> Array:
        """Shape (trajectories, T). Reports drawn around the means."""
        return report(self.means, self.dispersion, self.levels)


def combine(
    model: Ensemble, members: Sequence[Reports], growth: Array | None, at: int, persons: int
) -> Array:
    """Combine the members' quantiles after the last observation.

    With n trajectories, each member has n quantiles in each period: its counts in ascending order.
    They are combined level by level. The trajectory with the r-th smallest count of the first
    member has the r-th combined quantile, so trajectories keep the order in time that the model
    gives them: ensemble copula coupling, Schefzik, Thorarinsdottir, Gneiting (2013), "Uncertainty
    quantification in complex simulation models using ensemble copula coupling", Statistical
    Science 28:616. After the combined periods, a trajectory continues with the growth of the first
    member's.

    Parameters
    ----------
    model
        The method, and the number of periods.
    members
        Those around simulated counts.
    growth
        Shape (periods, :data:`epyflow.artifacts.task.GROWTH_LEVELS`): the forecast by damped
        growth; None if it is no member.
    at
        Position of the last observation.
    persons
        Population, which no mean exceeds.

    Returns
    -------
    counts
        Shape (trajectories, T). Up to ``at`` those of the first member.
    """
    first = members[0]
    found = first.counts.copy()
    end = min(at + model.periods, found.shape[1] - 1)
    levels = (np.arange(len(found)) + 0.5) / len(found)
    for position in range(at + 1, end + 1):
        quantiles = [np.sort(each.counts[:, position]) for each in members]
        if growth is not None:
            quantiles.append(np.interp(levels, GROWTH_LEVELS, growth[position - at - 1]))
        middle = np.median if model.method == "median" else np.mean
        order = np.argsort(first.counts[:, position], kind="stable")
        found[order, position] = np.rint(middle(quantiles, axis=0))
    later = first.means[:, end + 1 :]
    ratio = (found[:, end] + 0.5) / (first.means[:, end] + 0.5)
    means = np.minimum(later * ratio[:, np.newaxis], persons)
    found[:, end + 1 :] = report(means, first.dispersion, first.levels[:, end + 1 :])
    return found


def report(means: Array, dispersion: float, levels: Array) -> Array:
    """Return the quantiles of negative binomial counts at ``levels``, 0 to 1 without 1.

    Parameters
    ----------
    means, levels
        Arrays of equal shape.
    dispersion
        The variance is mean + dispersion * mean^2; 0 gives Poisson counts.
    """
    counts = np.zeros(means.shape)
    # So near to Poisson, rounding of 1 + dispersion * mean loses digits for nothing.
    poisson, large = dispersion * means < _ALMOST_POISSON, means > _LARGE_MEAN
    for chosen, quantiles in (
        (poisson & ~large, _poisson),
        (poisson & large, _large_poisson),
        (~poisson, _negative_binomial),
    ):
        if chosen.any():
            counts[chosen] = quantiles(means[chosen], levels[chosen], dispersion)
    return np.asarray(np.where((means > 0) & (levels > 0), counts, 0))


def _poisson(means: Array, levels: Array, _: float) -> Array:
    """Return the quantiles with the operations of ``scipy.stats.poisson.ppf``, levels below 1."""
    from scipy import special  # in a fifth of the time that scipy.stats takes to import

    found = np.ceil(special.pdtrik(levels, means))
    fewer = np.maximum(found - 1, 0)
    return np.asarray(np.where(special.pdtr(fewer, means) >= levels, fewer, found))


def _large_poisson(means: Array, levels: Array, _: float) -> Array:
    """Return the quantiles by their expansion around the normal distribution.

    For large means, the inverse function of scipy gives NaN. Source: Cornish & Fisher (1938),
    "Moments and cumulants in the specification of distributions", Revue de l'Institut International
    de Statistique 5:307, to the order of 1 / sqrt(mean), with the correction for continuity.
    """
    from scipy import special

    z, sd = special.ndtri(np.maximum(levels, _LOWEST_LEVEL)), np.sqrt(means)
    found = means + sd * z + (z**2 - 1) / 6 - 0.5 + (z - z**3) / (72 * sd)
    return np.asarray(np.ceil(found))


def _negative_binomial(means: Array, levels: Array, dispersion: float) -> Array:
    """Return the quantiles of ``scipy.stats.nbinom.ppf``, which does not end for large counts."""
    from scipy import special

    size, chance = 1 / dispersion, 1 / (1 + dispersion * means)
    found = np.ceil(special.nbdtrik(levels, size, chance))
    fewer = np.maximum(found - 1, 0)
    below = special.betainc(size, fewer + 1, chance)
    return np.asarray(np.where(below >= levels, fewer, found))

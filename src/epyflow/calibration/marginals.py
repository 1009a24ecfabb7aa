"""The prior of one quantity: scipy's draws and densities, without the checks around each of them.

scipy takes about 50 microseconds to look up one density and 100 to draw one number, mostly to
check its arguments; an SMC calibration looks up some twenty densities for every simulation. The
uniform distributions, which most priors are, are computed here with scipy's own operations, so
the numbers are the same. Every other distribution is asked.
"""

import math
from typing import Any, Protocol

import numpy as np


class Marginal(Protocol):
    """One independent prior."""

    def draw(self, rng: np.random.Generator) -> float:
        """Draw a value."""

    def density(self, value: float) -> float:
        """Return the density, or the probability of a discrete value."""


class Uniform:
    """``scipy.stats.uniform(loc, scale)``; the scale is positive."""

    def __init__(self, loc: float = 0.0, scale: float = 1.0) -> None:
        self._loc, self._scale = float(loc), float(scale)

    def draw(self, rng: np.random.Generator) -> float:
        """Draw a value."""
        return rng.uniform(0.0, 1.0) * self._scale + self._loc

    def density(self, value: float) -> float:
        """Return the density; both ends belong to the interval."""
        inside = 0.0 <= (value - self._loc) / self._scale <= 1.0
        return 1.0 / self._scale if inside else 0.0


class WholeNumbers:
    """``scipy.stats.randint(low, high, loc)`` of whole numbers."""

    def __init__(self, low: int, high: int, loc: int = 0) -> None:
        self._low, self._high, self._loc = int(low), int(high), int(loc)

    def draw(self, rng: np.random.Generator) -> float:
        """Draw a value."""
        return float(rng.integers(self._low, self._high) + self._loc)

    def density(self, value: float) -> float:
        """Return the probability; ``high`` itself has none."""
        number = value - self._loc
        possible = self._low <= number < self._high and number == math.floor(number)
        return 1.0 / (self._high - self._low) if possible else 0.0


class Asked:
    """Any other distribution: scipy is asked.

    Parameters
    ----------
    prior
        scipy's frozen distribution.
    """

    def __init__(self, prior: Any) -> None:
        self._prior = prior
        self._density = prior.pdf if hasattr(prior, "pdf") else prior.pmf

    def draw(self, rng: np.random.Generator) -> float:
        """Draw a value."""
        return float(self._prior.rvs(random_state=rng))

    def density(self, value: float) -> float:
        """Return the density, or the probability of a discrete value."""
        return float(self._density(value))


def marginal(prior: Any) -> Marginal:
    """Return the prior of one quantity.

    Parameters
    ----------
    prior
        scipy's frozen distribution.
    """
    from scipy import stats

    family = type(getattr(prior, "dist", None))
    low, high = prior.support()  # not numbers where the arguments make no distribution
    if family is type(stats.uniform) and low < high:
        return Uniform(*prior.args, **prior.kwds)
    if family is type(stats.randint) and low <= high:
        given = (*prior.args, *prior.kwds.values())
        if all(isinstance(value, int) for value in given):
            return WholeNumbers(*prior.args, **prior.kwds)
    return Asked(prior)

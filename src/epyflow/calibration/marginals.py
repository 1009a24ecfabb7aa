"""Draw from the prior of one quantity, and compute its density, without scipy's checks.

scipy takes about 50 microseconds for one density and 100 for one draw, mostly to check arguments;
an SMC calibration needs some twenty densities for every simulation. Uniform distributions, also of
a logarithm, are the most common priors. They are computed here with scipy's own operations, so the
numbers are equal. Other distributions are left to scipy.
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

    def support(self) -> tuple[float, float]:
        """Return the smallest and the largest value."""

    @property
    def discrete(self) -> bool:
        """Return whether the values are whole numbers."""


class Uniform:
    """``scipy.stats.uniform(loc, scale)``; the scale is positive."""

    discrete = False

    def __init__(self, loc: float = 0.0, scale: float = 1.0) -> None:
        self._loc, self._scale = float(loc), float(scale)

    def draw(self, rng: np.random.Generator) -> float:
        """Draw a value."""
        return rng.uniform(0.0, 1.0) * self._scale + self._loc

    def density(self, value: float) -> float:
        """Return the density; both ends belong to the interval."""
        inside = 0.0 <= (value - self._loc) / self._scale <= 1.0
        return 1.0 / self._scale if inside else 0.0

    def support(self) -> tuple[float, float]:
        """Return both ends."""
        return self._loc, self._scale + self._loc


class LogUniform:
    """``scipy.stats.loguniform(low, high)``; the ends are positive and differ."""

    discrete = False

    def __init__(self, low: float, high: float) -> None:
        self._low, self._high = float(low), float(high)
        # numpy's logarithm, as in scipy: that of math may differ in the last bit.
        self._log_low = np.log(self._low)
        self._width = np.log(self._high) - self._log_low
        self._log_width = np.log(self._width)

    def draw(self, rng: np.random.Generator) -> float:
        """Draw a value."""
        return float(np.exp(self._log_low + rng.uniform() * self._width))

    def density(self, value: float) -> float:
        """Return the density; both ends belong to the interval."""
        if not self._low <= value <= self._high:
            return 0.0
        return float(np.exp(-np.log(value) - self._log_width))

    def support(self) -> tuple[float, float]:
        """Return both ends."""
        return self._low, self._high


class WholeNumbers:
    """``scipy.stats.randint(low, high, loc)`` of whole numbers."""

    discrete = True

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

    def support(self) -> tuple[int, int]:
        """Return the smallest and the largest number."""
        return self._low + self._loc, self._high - 1 + self._loc


class Asked:
    """Any other distribution, computed by scipy.

    Parameters
    ----------
    prior
        scipy's frozen distribution.
    """

    def __init__(self, prior: Any) -> None:
        self._prior = prior
        self.discrete = not hasattr(prior, "pdf")
        self._density = prior.pmf if self.discrete else prior.pdf

    def draw(self, rng: np.random.Generator) -> float:
        """Draw a value."""
        return float(self._prior.rvs(random_state=rng))

    def density(self, value: float) -> float:
        """Return the density, or the probability of a discrete value."""
        return float(self._density(value))

    def support(self) -> tuple[float, float]:
        """Return the ends as scipy has them."""
        low, high = self._prior.support()
        return low, high


def marginal(prior: Any) -> Marginal:
    """Return the prior of one quantity.

    Parameters
    ----------
    prior
        scipy's frozen distribution, or what this function returned for one.
    """
    if isinstance(prior, Uniform | LogUniform | WholeNumbers | Asked):
        return prior
    from scipy import stats  # the caller has imported it to make the distribution

    family = type(getattr(prior, "dist", None))
    low, high = prior.support()  # NaN if the arguments define no distribution
    if family is type(stats.uniform) and low < high:
        return Uniform(*prior.args, **prior.kwds)
    if family is type(stats.loguniform) and (low, high) == prior.args and 0 < low < high:
        return LogUniform(low, high)
    if family is type(stats.randint) and low <= high:
        given = (*prior.args, *prior.kwds.values())
        if all(isinstance(value, int) for value in given):
            return WholeNumbers(*prior.args, **prior.kwds)
    return Asked(prior)

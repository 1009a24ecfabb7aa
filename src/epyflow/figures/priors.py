"""Compute what figures show of priors: density, quantiles and the range of the axis.

Uniform priors are computed here, because importing scipy.stats takes longer than drawing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from epyflow.errors import ArtifactError

Array = NDArray[np.float64]


class Prior(Protocol):
    """A prior distribution of one quantity."""

    @property
    def discrete(self) -> bool:
        """Whether the values are whole numbers."""

    def support(self) -> tuple[float, float]:
        """Return the smallest and the largest value."""

    def ppf(self, levels: Sequence[float]) -> Array:
        """Return the quantiles."""

    def density(self, x: ArrayLike) -> Array:
        """Return the density, or the probability of whole numbers."""


@dataclass(frozen=True)
class Uniform:
    """``scipy.stats.uniform``."""

    loc: float = 0.0
    scale: float = 1.0
    discrete = False

    def support(self) -> tuple[float, float]:
        """Return both ends."""
        return self.loc, self.scale + self.loc

    def ppf(self, levels: Sequence[float]) -> Array:
        """Return the quantiles."""
        return np.asarray(levels) * self.scale + self.loc

    def density(self, x: ArrayLike) -> Array:
        """Return the density; both ends belong to the interval."""
        z = (np.asarray(x) - self.loc) / self.scale
        return np.where((z >= 0) & (z <= 1), 1 / self.scale, 0.0)


@dataclass(frozen=True)
class WholeNumbers:
    """``scipy.stats.randint`` of whole numbers."""

    low: int
    high: int
    discrete = True

    def support(self) -> tuple[float, float]:
        """Return the smallest and the largest number."""
        return self.low, self.high - 1

    def ppf(self, levels: Sequence[float]) -> Array:
        """Return the quantiles."""
        numbers = np.arange(self.low, self.high)
        chances = (numbers - self.low + 1.0) / (self.high - self.low)
        return np.asarray(numbers[np.searchsorted(chances, levels)], dtype=np.float64)

    def density(self, x: ArrayLike) -> Array:
        """Return the probability; ``high`` itself has none."""
        x = np.asarray(x)
        possible = (x >= self.low) & (x < self.high) & (x == np.floor(x))
        return np.where(possible, 1 / (self.high - self.low), 0.0)


@dataclass(frozen=True)
class Frozen:
    """Any other distribution.

    Attributes
    ----------
    distribution
        The frozen distribution of scipy.
    """

    distribution: Any

    @property
    def discrete(self) -> bool:
        """Whether the values are whole numbers."""
        return hasattr(self.distribution.dist, "pmf")

    def support(self) -> tuple[float, float]:
        """Return the smallest and the largest value."""
        low, high = self.distribution.support()
        return float(low), float(high)

    def ppf(self, levels: Sequence[float]) -> Array:
        """Return the quantiles."""
        return np.asarray(self.distribution.ppf(levels), dtype=np.float64)

    def density(self, x: ArrayLike) -> Array:
        """Return the density, or the probability of whole numbers."""
        found = self.distribution.pmf(x) if self.discrete else self.distribution.pdf(x)
        return np.asarray(found, dtype=np.float64)


def prior_of(given: Mapping[str, Any] | None) -> Prior | None:
    """Return the prior of a quantity.

    Parameters
    ----------
    given
        As :mod:`epyflow.run.description` has it. None, and a custom prior without a name, give
        None: see :func:`epyflow.figures.wording.with_named`.

    Raises
    ------
    ArtifactError
        If the name is of something else: it comes from a file that others can write, and is called.
    """
    if not given or "name" not in given:
        return None
    name, args, kwargs = given["name"], given["args"], given["kwargs"]
    whole = all(value == int(value) for value in (*args, *kwargs.values()))
    if name == "uniform":
        return Uniform(*args, **kwargs)
    if name == "randint" and len(args) == 2 and not kwargs and whole:
        return WholeNumbers(*map(int, args))
    from scipy import stats

    family = getattr(stats, str(name), None)
    if not isinstance(family, stats.rv_continuous | stats.rv_discrete):
        raise ArtifactError(
            f"priors.json: {str(name)!r} is not a distribution of scipy.stats; delete the file and "
            "run again, which writes it anew"
        )
    discrete = isinstance(family, stats.rv_discrete)

    def plain(value: float) -> float | int:
        return int(value) if discrete and value == int(value) else value

    arguments = [plain(value) for value in args]
    return Frozen(family(*arguments, **{key: plain(value) for key, value in kwargs.items()}))


def density(prior: Prior, low: float, high: float) -> tuple[Array, Array]:
    """Return the points of a prior's curve between two values, and the density at them.

    The ends of a bounded prior are steps. A discrete prior has a probability at each whole
    number.
    """
    if prior.discrete:
        whole = np.arange(np.floor(low), np.ceil(high) + 1)
        return whole, prior.density(whole)
    ends = [end for end in prior.support() if low <= end <= high]
    tiny = 1e-9 * (high - low)
    steps = [end + side for end in ends for side in (-tiny, 0.0, tiny)]
    x = np.unique(np.concatenate([np.linspace(low, high, 201), steps]))
    y = prior.density(x)
    return x, np.where(np.isfinite(y), y, np.nan)


def span(values: Array, prior: Prior | None) -> tuple[float, float]:
    """Return the range of an axis: all values, and the range of the prior.

    For an unbounded prior, the middle 99 %.
    """
    low, high = float(values.min()), float(values.max())
    if prior is not None:
        start, end = prior.support()
        outer = prior.ppf([0.005, 0.995])
        low = min(low, start if np.isfinite(start) else float(outer[0]))
        high = max(high, end if np.isfinite(end) else float(outer[1]))
    margin = 0.04 * (high - low) or 0.5 * abs(high) or 0.5
    return low - margin, high + margin

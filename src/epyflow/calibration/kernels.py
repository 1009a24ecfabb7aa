"""Perturb the particles of one generation to propose those of the next.

The kernels are epydemix's defaults: a normal kernel per continuous parameter whose variance is
twice that of the particles (Beaumont et al. 2009, Biometrika 96:983), and a jump to another value
of a discrete one. Their draws are exactly those of epydemix 1.5
(``epydemix.utils.abc_smc_utils``), and their densities are computed for all particles at once.
"""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from epyflow.calibration.marginals import Marginal, marginal

JUMP_PROBABILITY = 0.3


class Kernel(Protocol):
    """Perturbs one parameter."""

    def update(self, values: NDArray[np.float64]) -> None:
        """Adapt to the values, shape (P,), of the generation before."""

    def propose(self, value: float, rng: np.random.Generator) -> float:
        """Draw a new value."""

    def density(self, value: float, centres: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the density of ``value`` from each of the centres; shape (P,)."""


class NormalKernel:
    """A normal step; for continuous parameters."""

    def __init__(self) -> None:
        self._std = 0.1

    def update(self, values: NDArray[np.float64]) -> None:
        """Take twice the variance of the particles."""
        self._std = float(np.std(values) * np.sqrt(2))
        if self._std == 0:
            raise ValueError(
                "all particles have the same value, so no further generation can be drawn; "
                "use more particles or a wider prior"
            )

    def propose(self, value: float, rng: np.random.Generator) -> float:
        """Draw a new value."""
        return float(rng.normal(value, self._std))

    def density(self, value: float, centres: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the normal density."""
        variance = self._std * self._std
        return np.asarray(
            np.exp(-0.5 * ((value - centres) ** 2) / variance) / np.sqrt(2 * np.pi * variance)
        )


class JumpKernel:
    """A jump to any other value with a fixed probability; for discrete parameters."""

    def __init__(self, prior: Marginal) -> None:
        low, high = prior.support()
        if not (np.isfinite(low) and np.isfinite(high)):
            raise ValueError(
                "the kernel of a discrete prior jumps between its values, so the prior needs a "
                "smallest and a largest value; use randint, or truncate the prior"
            )
        self._low, self._values = low, int(high - low) + 1
        self._rest = JUMP_PROBABILITY / (self._values - 1) if self._values > 1 else 0.0

    def update(self, values: NDArray[np.float64]) -> None:
        """Do nothing: the kernel does not adapt."""

    def propose(self, value: float, rng: np.random.Generator) -> float:
        """Draw a new value."""
        if self._values > 1 and rng.random() < JUMP_PROBABILITY:
            proposed = value
            while proposed == value:
                # The draw of rng.choice from the values, of which there may be billions.
                proposed = self._low + rng.integers(0, self._values)
            return float(proposed)
        return value

    def density(self, value: float, centres: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probability of a jump to the value."""
        steps = value - self._low
        possible = 0 <= steps < self._values and steps == np.floor(steps)
        elsewhere = self._rest if possible else 0.0
        return np.where(centres == value, 1 - JUMP_PROBABILITY, elsewhere)


KERNELS = ("continuous", "discrete")


def kernel(name: str | None, prior: Any) -> Kernel:
    """Return a kernel by name; None for the one that suits the prior.

    Raises
    ------
    ValueError
        If there is no such kernel, or it does not suit the prior. A normal step from a whole
        number almost never ends at one, so no proposal would be accepted.
    """
    given = marginal(prior)
    suitable = "discrete" if given.discrete else "continuous"
    if name is not None and name not in KERNELS:
        raise ValueError(f"there is no kernel {name!r}; expected one of {', '.join(KERNELS)}")
    if name not in (None, suitable):
        raise ValueError(f"the kernel {name!r} does not suit a {suitable} prior; leave it out")
    return NormalKernel() if suitable == "continuous" else JumpKernel(given)

"""What every ABC strategy shares: priors, simulations, limits."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from epyflow.calibration.marginals import Marginal, marginal
from epyflow.errors import CalibrationError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Simulated:
    """One simulation under proposed parameters.

    Attributes
    ----------
    distance
        To the observations.
    series
        Shape (dates, comparisons). The simulated values that were compared.
    """

    distance: float
    series: Array


class Simulator(Protocol):
    """Simulates under parameter values, in the order of the priors, drawing from ``rng``."""

    def __call__(self, values: Sequence[float], rng: np.random.Generator) -> Simulated:
        """Simulate once."""


@dataclass(frozen=True)
class Priors:
    """Independent prior distributions, by parameter name; their order is the order of draws.

    Attributes
    ----------
    distributions
        Name to scipy's frozen distribution, or to a :class:`Marginal`.
    """

    distributions: Mapping[str, Any]

    @property
    def names(self) -> tuple[str, ...]:
        """The D parameters."""
        return tuple(self.distributions)

    @cached_property
    def _marginals(self) -> tuple[Marginal, ...]:
        return tuple(map(marginal, self.distributions.values()))

    def draw(self, rng: np.random.Generator) -> list[float]:
        """Draw every parameter once."""
        return [prior.draw(rng) for prior in self._marginals]

    def densities(self, values: Sequence[float]) -> list[float]:
        """Return the prior density, or probability, of each value."""
        return [prior.density(value) for prior, value in zip(self._marginals, values, strict=True)]


@dataclass(frozen=True)
class Generation:
    """Accepted particles.

    Attributes
    ----------
    particles
        Shape (P, D).
    weights
        Shape (P,); they sum to 1.
    distances
        Shape (P,).
    epsilon
        The tolerance; infinite where everything was accepted.
    simulations
        Simulations made for this generation, rejected ones included.
    series
        Shape (P, dates, comparisons).
    """

    particles: Array
    weights: Array
    distances: Array
    epsilon: float
    simulations: int
    series: Array

    @property
    def acceptance(self) -> float:
        """Accepted share of the simulations."""
        return len(self.particles) / self.simulations

    @cached_property
    def _chances(self) -> Array:
        """The weights up to and with each particle; the last is 1."""
        chances = self.weights / self.weights.sum()
        if not np.isfinite(chances).all():
            raise CalibrationError(
                "the weights of the particles are no numbers, as if no particle could have come "
                "from the generation before; use fewer generations or a wider prior"
            )
        summed: Array = chances.cumsum()
        summed /= summed[-1]
        return summed

    def choose(self, rng: np.random.Generator) -> Array:
        """Draw a particle by its weight, shape (D,).

        The draw is that of ``rng.choice(P, p=weights)``, which sums the weights up anew each time.
        """
        chosen: Array = self.particles[self._chances.searchsorted(rng.random(), side="right")]
        return chosen


@dataclass
class Limits:
    """When to stop although the calibration is not done.

    Attributes
    ----------
    seconds
        Of ``clock``; None for no limit.
    simulations
        None for no limit.
    clock
        Seconds that the calibration has taken, earlier attempts included.
    """

    seconds: float | None = None
    simulations: int | None = None
    clock: Callable[[], float] = field(default=lambda: 0.0)

    def reached(self, simulations: int) -> str | None:
        """Return which limit is reached, if any."""
        if self.seconds is not None and self.clock() > self.seconds:
            return "max_time"
        if self.simulations is not None and simulations > self.simulations:
            return "total_simulations_budget"
        return None


@dataclass
class Accepted:
    """Particles while they are collected."""

    particles: list[Sequence[float]] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    simulated: list[Simulated] = field(default_factory=list)
    simulations: int = 0

    def add(self, values: Sequence[float], weight: float, simulated: Simulated) -> None:
        """Take one more particle."""
        self.particles.append(values)
        self.weights.append(weight)
        self.simulated.append(simulated)

    def generation(self, epsilon: float) -> Generation:
        """Return them as a generation, their weights normalised."""
        weights = np.array(self.weights, dtype=np.float64)
        return Generation(
            particles=np.array(self.particles, dtype=np.float64),
            weights=weights / weights.sum(),
            distances=np.array([each.distance for each in self.simulated]),
            epsilon=epsilon,
            simulations=self.simulations,
            series=np.array([each.series for each in self.simulated]),
        )


ENOUGH = 100
"""So many simulations from the prior, all equally far from the data, tell nothing about it."""


@dataclass
class Checked:
    """A simulator whose distances can order particles.

    Attributes
    ----------
    simulator
        What simulates.
    first
        The first distance.
    equal
        How many distances equal the first; None once one differs.
    """

    simulator: Simulator
    first: float = float("nan")
    equal: int | None = 0

    def __call__(self, values: Sequence[float], rng: np.random.Generator) -> Simulated:
        """Simulate once.

        Raises
        ------
        CalibrationError
            If the distance is not finite: such a particle can be neither accepted nor rejected.
            If it is equal to all before, and they are enough.
        """
        simulated = self.simulator(values, rng)
        if not np.isfinite(simulated.distance):
            raise CalibrationError(
                f"a simulation has the distance {simulated.distance}; expected a finite number: "
                "check the observations and the distance function"
            )
        if self.equal is not None:
            self._count(simulated.distance)
        return simulated

    def _count(self, distance: float) -> None:
        if self.equal == 0:
            self.first = distance
        if self.equal is None or distance != self.first:
            self.equal = None
            return
        self.equal += 1
        if self.equal >= ENOUGH:
            self.refuse_equal()

    def refuse_equal(self) -> None:
        """Refuse a calibration whose simulations cannot be told apart.

        Raises
        ------
        CalibrationError
            If there are several distances, all equal.
        """
        if self.equal is not None and self.equal > 1:
            raise CalibrationError(
                f"all {self.equal} distances are {self.first:g}: the simulations do not depend on "
                "what is calibrated; check that the comparison names the right transitions and "
                "that the epidemic starts before the fitting window ends"
            )

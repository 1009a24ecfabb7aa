"""Define what all ABC samplers share: priors, generations, limits, checked simulations."""

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
    """A simulation with proposed parameter values.

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
    """Simulates with parameter values in the order of the priors; ``rng`` gives the draws."""

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
        """Return the names of the D parameters."""
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
        The tolerance; infinite if everything was accepted.
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
        """Return the accepted share of the simulations."""
        return len(self.particles) / self.simulations

    @cached_property
    def _chances(self) -> Array:
        """Return the cumulative weights of the particles; the last is 1."""
        chances = self.weights / self.weights.sum()
        if not np.isfinite(chances).all():
            raise CalibrationError(
                "the weights of the particles are not numbers: no particle can be reached "
                "from the previous generation; use fewer generations or a wider prior"
            )
        summed: Array = chances.cumsum()
        summed /= summed[-1]
        return summed

    def choose(self, rng: np.random.Generator) -> Array:
        """Draw a particle by its weight, shape (D,).

        The draw is that of ``rng.choice(P, p=weights)``, which adds up the weights for each draw.
        """
        chosen: Array = self.particles[self._chances.searchsorted(rng.random(), side="right")]
        return chosen


@dataclass
class Limits:
    """Limits that end a calibration before it is complete.

    Attributes
    ----------
    seconds
        Limit of ``clock``; None for no limit.
    simulations
        None for no limit.
    clock
        Returns the seconds that the calibration has taken, earlier attempts included.
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
    """Collects accepted particles."""

    particles: list[Sequence[float]] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    simulated: list[Simulated] = field(default_factory=list)
    simulations: int = 0
    nearest: float = float("inf")

    def count(self, simulated: Simulated) -> None:
        """Count a simulation, accepted or not."""
        self.simulations += 1
        self.nearest = min(self.nearest, simulated.distance)

    def tell(self, epsilon: float) -> str:
        """Return how near the simulations came, for the log."""
        return (
            f"{self.simulations:,} simulations, the nearest {self.nearest:g} from the "
            f"observations; the tolerance is {epsilon:g}"
        )

    def add(self, values: Sequence[float], weight: float, simulated: Simulated) -> None:
        """Add one particle."""
        self.particles.append(values)
        self.weights.append(weight)
        self.simulated.append(simulated)

    def generation(self, epsilon: float) -> Generation:
        """Return the particles as a generation, with normalised weights."""
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
    """A simulator that refuses distances which cannot order particles.

    Attributes
    ----------
    simulator
        Runs the simulations.
    first
        The first distance.
    equal
        Number of distances equal to the first; None as soon as one differs.
    """

    simulator: Simulator
    first: float = float("nan")
    equal: int | None = 0

    def __call__(self, values: Sequence[float], rng: np.random.Generator) -> Simulated:
        """Simulate once.

        Raises
        ------
        CalibrationError
            If the distance is not finite, so that the particle can be neither accepted nor
            rejected; or if the first distances are all equal.
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
            If there are several distances and all are equal.
        """
        if self.equal is not None and self.equal > 1:
            raise CalibrationError(
                f"all {self.equal} distances are {self.first:g}: the simulations do not depend on "
                "the calibrated parameters; check that the comparison names the right transitions "
                "and that the epidemic starts before the fitting window ends"
            )

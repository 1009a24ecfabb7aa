"""Run ABC-SMC generation by generation, so that a run can be saved and resumed.

The algorithm and its draws are those of epydemix 1.5, ``ABCSampler.run_smc``: the same generator
gives the same particles, distances and numbers of simulations.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from epyflow.calibration.kernels import Kernel
from epyflow.calibration.sampler import Accepted, Checked, Generation, Limits, Priors, Simulator
from epyflow.errors import CalibrationError
from epyflow.logs import Progress

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SmcSettings:
    """Settings of the generations and their tolerances.

    Attributes
    ----------
    particles, generations
        Numbers of particles and of generations.
    schedule
        Tolerance of each generation; None takes it from the previous distances.
    quantile
        Quantile of the distances that becomes the next tolerance.
    minimum
        Stop after a generation with a smaller tolerance.
    """

    particles: int
    generations: int
    schedule: tuple[float, ...] | None = None
    quantile: float = 0.5
    minimum: float | None = None


@dataclass
class Smc:
    """A calibration in progress.

    Attributes
    ----------
    priors, kernels
        Priors of the parameters, and the kernel of each.
    simulator
        Simulates and compares.
    settings, limits
        Settings of the generations, and limits that end the calibration.
    rng
        Generator of all draws, also those of the simulations.
    done
        The complete generations.
    ended
        Why no generation follows; None while one does.
    """

    priors: Priors
    kernels: Sequence[Kernel]
    simulator: Simulator
    settings: SmcSettings
    limits: Limits
    rng: np.random.Generator
    done: list[Generation] = field(default_factory=list)
    ended: str | None = None

    @property
    def simulations(self) -> int:
        """Return the number of simulations of the complete generations."""
        return sum(generation.simulations for generation in self.done)

    def step(self) -> bool:
        """Run one more generation.

        Returns
        -------
        done
            Whether a generation was completed; if not, ``ended`` gives the reason.

        Raises
        ------
        CalibrationError
            If a limit is reached before the first generation is complete, a distance is not
            finite, all distances are equal, or no distance can be below the tolerance.
        """
        if self.ended is None and len(self.done) >= self.settings.generations:
            self.ended = "complete"
        if self.ended is not None:
            return False
        accepted, epsilon = Accepted(), self._epsilon()
        progress = Progress(log, "particle", self.settings.particles, every=30.0)
        stopped = (
            self._from_priors(accepted, epsilon, progress)
            if not self.done
            else self._from_particles(accepted, epsilon, progress)
        )
        if stopped is not None:
            self.ended = stopped
            if not self.done:
                raise CalibrationError(
                    f"{stopped} was reached after {accepted.simulations} simulations, before the "
                    f"first generation had its {self.settings.particles} particles; raise it"
                )
            return False
        self.done.append(accepted.generation(epsilon))
        self._check_end(epsilon)
        return True

    def _check_end(self, epsilon: float) -> None:
        if self.settings.minimum and epsilon < self.settings.minimum:
            self.ended = "minimum_epsilon"
        elif len(self.done) >= self.settings.generations:
            self.ended = "complete"
        else:
            self.ended = self.limits.reached(self.simulations)

    def _epsilon(self) -> float:
        if self.settings.schedule is not None:
            return self.settings.schedule[len(self.done)]
        if not self.done:
            return float("inf")
        distances = self.done[-1].distances
        epsilon = float(np.quantile(distances, self.settings.quantile))
        if epsilon == 0 or (len(distances) > 1 and distances.min() == distances.max()):
            raise CalibrationError(
                f"generation {len(self.done)} cannot begin: its tolerance would be {epsilon:g}, "
                f"and none of the {len(distances)} previous particles is nearer; use fewer "
                "generations, a minimum_epsilon, or a larger epsilon_quantile_level"
            )
        return epsilon

    def _from_priors(self, accepted: Accepted, epsilon: float, progress: Progress) -> str | None:
        checked = Checked(self.simulator)
        while len(accepted.particles) < self.settings.particles:
            if stopped := self.limits.reached(accepted.simulations):
                return stopped
            values = self.priors.draw(self.rng)
            simulated = checked(values, self.rng)
            accepted.count(simulated)
            if simulated.distance <= epsilon:
                accepted.add(values, 1.0, simulated)
                progress.step()
            else:
                progress.wait(lambda: accepted.tell(epsilon))
        checked.refuse_equal()
        return None

    def _from_particles(self, accepted: Accepted, epsilon: float, progress: Progress) -> str | None:
        before, checked = self.done[-1], Checked(self.simulator, equal=None)
        for column, (name, kernel) in enumerate(zip(self.priors.names, self.kernels, strict=True)):
            try:
                kernel.update(before.particles[:, column])
            except ValueError as error:
                raise CalibrationError(f"{name}: {error}") from None
        while len(accepted.particles) < self.settings.particles:
            if stopped := self.limits.reached(self.simulations + accepted.simulations):
                return stopped
            values = [
                kernel.propose(value, self.rng)
                for kernel, value in zip(self.kernels, before.choose(self.rng), strict=True)
            ]
            densities = self.priors.densities(values)
            if not all(density > 0 for density in densities):
                progress.wait(lambda: accepted.tell(epsilon))
                continue
            simulated = checked(values, self.rng)
            accepted.count(simulated)
            if simulated.distance < epsilon:
                weight = float(np.prod(densities)) / self._density(values, before)
                accepted.add(values, weight, simulated)
                progress.step()
            else:
                progress.wait(lambda: accepted.tell(epsilon))
        return None

    def _density(self, values: Sequence[float], before: Generation) -> float:
        """Return the density of proposing the values from the weighted particles."""
        product = np.ones(len(before.weights))
        for column, (kernel, value) in enumerate(zip(self.kernels, values, strict=True)):
            product *= kernel.density(value, before.particles[:, column])
        return float(np.sum(before.weights * product))

"""Calibrate one population by approximate Bayesian computation (ABC), and project it."""

import json
import logging
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from epyflow import engine
from epyflow.artifacts.task import Fit, Generation, Observations, Reporting, Result, Task
from epyflow.calibration import observation_noise, sampler
from epyflow.calibration.rejection import run_rejection, run_top_fraction
from epyflow.calibration.sampler import Limits, Priors
from epyflow.calibration.smc import Smc, SmcSettings
from epyflow.data.observations import find_missing_dates
from epyflow.errors import CalibrationError, DataError, EpyflowError
from epyflow.experiment.format import calibration as section
from epyflow.experiment.format.calibration import Calibration
from epyflow.experiment.format.durations import seconds
from epyflow.experiment.format.model import Model
from epyflow.experiment.format.observation_model import has_growth
from epyflow.model.assembler import Assembler
from epyflow.model.task_arrays import check_arrays
from epyflow.randomness import generator
from epyflow.strategies import checkpoints
from epyflow.strategies.observed_units import ObservedUnits
from epyflow.strategies.particle_simulator import (
    Comparer,
    ParticleSimulator,
    ending,
    kernels,
    member,
    priors,
)
from epyflow.strategies.project import project

log = logging.getLogger(__name__)

Clock = Callable[[], float]


def calibrate(
    task: Task,
    checkpoint: Path | None = None,
    saved: Callable[[Path], None] | None = None,
    clock: Clock = time.monotonic,
) -> Result:
    """Calibrate the population of a task and project it.

    Parameters
    ----------
    task
        A task with a calibration, observations and one member.
    checkpoint
        File that keeps the complete generations of an SMC calibration. If it exists, the
        calibration resumes from it. The caller removes it.
    saved
        Called with that file after each generation written to it.
    clock
        Returns seconds, for ``max_time`` and the log.

    Raises
    ------
    EpyflowError
        If arrays of the task do not fit, a simulation raises, or the calibration cannot continue;
        the message names the population.
    """
    if task.calibration is None or task.observations is None:
        raise EpyflowError(f"task {task.index} has no calibration to run")
    model = Model.model_validate_json(task.model)
    calibration = Calibration.model_validate_json(task.calibration)
    engine.check_engine(task.engine)
    projection = calibration.projection
    growing = projection is not None and has_growth(projection.observation_model)
    check_arrays(task, model, len(calibration.comparison), has_growth=growing)
    _log_missing(task.observations)
    try:
        kept = (checkpoint, saved)
        fit = _Run(task, model, calibration, task.observations, kept, clock).fit()
        members = project(task, model, calibration, fit)
    except (ValueError, ArithmeticError, DataError, CalibrationError) as error:
        raise EpyflowError(f"{task.population.name}: {error}") from error
    except Exception as error:
        error.add_note(task.population.name)
        raise
    return Result(
        index=task.index,
        code=task.code,
        seed=task.seed,
        population=task.population.name,
        location=task.population.location,
        age_groups=task.population.age_groups,
        compartments=model.compartment_ids,
        transitions=model.transition_names,
        delta_t=model.timespan.delta_t,
        members=members,
        fit=fit,
    )


def _log_missing(observations: Observations) -> None:
    days = find_missing_dates(observations.dates, observations.values)
    if days:
        log.warning("no value on %s; left out", ", ".join(map(str, days)))


class _Run:
    """One calibration: its sampler, its simulator and its results."""

    def __init__(
        self,
        task: Task,
        model: Model,
        calibration: Calibration,
        observations: Observations,
        kept: tuple[Path | None, Callable[[Path], None] | None],
        clock: Clock,
    ) -> None:
        self._task, self._calibration, self._observations = task, calibration, observations
        self._checkpoint, self._saved = kept
        self._clock, self._began = clock, clock()
        self._priors: Priors = priors(calibration)
        self._rng = generator(task.seed, "calibrate", task.population.name)
        fitted = ending(model, calibration.fitting_window.end_date)
        self._units = ObservedUnits.of(calibration, task.population, observations)
        self._simulator = ParticleSimulator(
            calibration=calibration,
            model=fitted,
            assembler=Assembler(fitted, task.population, task.doses, task.closure_days),
            base=task.members[0],
            comparer=Comparer.of(calibration, model),
            observations=observations,
            engine_name=task.engine,
            units=self._units,
        )

    def fit(self) -> Fit:
        """Run the strategy."""
        strategy = self._calibration.strategy
        if (key := section.endless_key(strategy)) is not None:
            log.warning(
                "neither total_simulations_budget nor max_time ends the calibration if too few "
                "simulations come nearer than %s",
                key,
            )
        if isinstance(strategy, section.Smc):
            generations, ended = self._smc(strategy.options)
        elif isinstance(strategy, section.Rejection):
            generations, ended = self._rejection(strategy.options)
        else:
            options = strategy.options
            kept = run_top_fraction(
                self._priors, self._simulator, options.Nsim, options.top_fraction, self._rng
            )
            generations, ended = [kept], "complete"
        return self._found(generations, ended)

    def _limits(
        self, options: section.SmcOptions | section.RejectionOptions, spent: float = 0.0
    ) -> Limits:
        return Limits(
            seconds=seconds(options.max_time) if options.max_time else None,
            simulations=options.total_simulations_budget,
            clock=lambda: spent + self._clock() - self._began,
        )

    def _rejection(self, options: section.RejectionOptions) -> tuple[list[sampler.Generation], str]:
        kept, ended = run_rejection(
            self._priors,
            self._simulator,
            options.num_particles,
            options.epsilon,
            self._limits(options),
            self._rng,
        )
        return [kept], ended

    def _smc(self, options: section.SmcOptions) -> tuple[list[sampler.Generation], str]:
        smc = Smc(
            priors=self._priors,
            kernels=kernels(self._calibration, self._priors, options.perturbations or {}),
            simulator=self._simulator,
            settings=SmcSettings(
                particles=options.num_particles,
                generations=options.num_generations,
                schedule=options.epsilon_schedule,
                quantile=options.epsilon_quantile_level,
                minimum=options.minimum_epsilon,
            ),
            limits=self._limits(options),
            rng=self._rng,
        )
        if self._checkpoint is not None:
            spent = checkpoints.restore(smc, self._task, self._checkpoint)
            smc.limits = self._limits(options, spent)
        while self._step(smc):
            if self._checkpoint is not None:
                checkpoints.save(smc, self._task, self._checkpoint, smc.limits.clock())
                if self._saved is not None:
                    self._saved(self._checkpoint)
        return smc.done, smc.ended or "complete"

    def _step(self, smc: Smc) -> bool:
        began = self._clock()
        went_on = smc.step()
        if went_on:
            _log_generation(smc, self._clock() - began)
        elif smc.ended not in ("complete", "minimum_epsilon"):
            log.warning("%s: ends with generation %d", smc.ended, len(smc.done))
        return went_on

    def _found(self, generations: list[sampler.Generation], ended: str) -> Fit:
        calibration = self._calibration
        window, start = calibration.fitting_window, calibration.start_date
        projection = calibration.projection
        projected = None
        if projection is not None:
            chosen, last = projection.generation_number, len(generations) - 1
            projected = last if chosen is None else min(chosen, last)
            if chosen is not None and chosen > last:
                log.warning(
                    "generation %d, which is to be projected, was not reached: the calibration "
                    "ended with generation %d (%s), which is projected instead",
                    chosen,
                    last,
                    ended,
                )
        stored = tuple(map(checkpoints.stored, generations))
        noise = () if projected is None else self._reporting(stored[projected])
        return Fit(
            strategy=calibration.strategy.name,
            settings=self._settings(noise),
            names=self._priors.names,
            reference_date=start.reference_date if start else None,
            window=(window.start_date, window.end_date),
            comparisons=tuple("+".join(each.simulation) for each in calibration.comparison),
            observations=self._observations,
            generations=stored,
            ended=ended,
            projected_generation=projected,
            reporting=noise,
            units=() if self._units is None else self._units.names,
        )

    def _reporting(self, posterior: Generation) -> tuple[tuple[Reporting, ...], ...]:
        projection = self._calibration.projection
        if projection is None or projection.observation_model is None:
            return ()
        units = None if self._units is None else self._unit_factors(self._units, posterior)
        model = projection.observation_model
        return observation_noise.estimate_noise(posterior, self._observations, model, units)

    def _unit_factors(self, units: ObservedUnits, posterior: Generation) -> NDArray[np.float64]:
        """Return the weighted mean of the units per reported person on the observed dates."""
        simulator, found = self._simulator, []
        for values in posterior.particles.tolist():
            built = simulator.assembler.build(member(self._calibration, simulator.base, values))
            found.append(units.factors(built.parameters, self._observations.dates)[1])
        mean: NDArray[np.float64] = np.average(found, axis=0, weights=posterior.weights)
        return mean

    def _settings(self, noise: tuple[tuple[Reporting, ...], ...]) -> dict[str, str]:
        settings = self._calibration.strategy.options.model_dump(mode="json")
        projection = self._calibration.projection
        if projection is not None and projection.observation_model is not None:
            model = projection.observation_model
            settings["observation_model"] = observation_noise.describe_noise(model, noise)
        if self._units is not None:
            settings["comparison_units"] = list(self._units.names)
        return {key: json.dumps(value) for key, value in settings.items()}


def _log_generation(smc: Smc, took: float) -> None:
    last, total = smc.done[-1], smc.settings.generations
    rate = last.simulations / took if took > 0 else float("inf")
    left = (total - len(smc.done)) * took
    log.info(
        "generation %d of %d: epsilon %.6g, accepted %d of %d simulations (%.1f%%), "
        "%.1f simulations/s, about %.0f s left at this rate",
        len(smc.done),
        total,
        last.epsilon,
        len(last.particles),
        last.simulations,
        100 * last.acceptance,
        rate,
        left,
    )

"""The influenza calibration by epydemix's own ABCSampler, as its user writes it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from epydemix import simulate
from epydemix.calibration import ABCSampler, metrics
from numpy.typing import NDArray

from epyflow.artifacts.task import Task
from epyflow.experiment.format.calibration import Calibration
from epyflow.experiment.format.model import Model
from epyflow.model.dates import step_dates
from epyflow.model.initial_conditions import Init, place_people
from epyflow.model.parameters import SEASONALITY_MINIMUM, Parameters
from epyflow.model.seasonality import compute_sine, scale_sine
from epyflow.model.vaccination import distribute_doses
from epyflow.randomness import generator
from epyflow.strategies.particle_simulator import START, ending, initial_name, priors
from tests.benchmarks.by_hand import epimodel


def reduced(task: Task, particles: int, generations: int, trajectories: int | None) -> Task:
    """Return a task with fewer particles; without trajectories, without a projection."""
    calibration = json.loads(task.calibration or "")
    calibration["strategy"]["options"] |= {
        "num_particles": particles,
        "num_generations": generations,
    }
    projection = None if trajectories is None else {"n_trajectories": trajectories}
    calibration["projection"] = projection
    return replace(task, calibration=json.dumps(calibration))


@dataclass(frozen=True)
class ByHand:
    """The calibration of a task, without epyflow's samplers, assembly and engines."""

    task: Task

    @cached_property
    def calibration(self) -> Calibration:
        """The section."""
        return Calibration.model_validate_json(self.task.calibration or "")

    @cached_property
    def model(self) -> Model:
        """The section, up to the end of the fitting window."""
        model = Model.model_validate_json(self.task.model)
        return ending(model, self.calibration.fitting_window.end_date)

    @cached_property
    def observed(self) -> pd.Series:
        """The observations that have a value, by date."""
        given = self.task.observations
        assert given is not None
        (series,) = np.array(given.values).T
        return pd.Series(series, index=pd.DatetimeIndex(given.dates)).dropna()

    def simulation(self, drawn: Mapping[str, Any]) -> dict[str, Any]:
        """Simulate one particle: a model of its own, from its first day on."""
        task, model = self.task, self.model
        assert self.calibration.start_date is not None
        assert task.doses is not None
        first = self.calibration.start_date.reference_date
        first += timedelta(days=round(float(drawn[START])))
        steps = step_dates(first, model.timespan.end_date, model.timespan.delta_t)
        schedule = distribute_doses(task.doses, first, len(steps), model.timespan.delta_t)
        trajectory = simulate(
            epimodel(model, task.population, schedule, task.closure_days),
            start_date=str(first),
            end_date=str(model.timespan.end_date),
            dt=model.timespan.delta_t,
            initial_conditions_dict=self._initial(drawn),
            resample_frequency=model.simulation.resample_frequency,
            rng=drawn["rng"],
            beta=self._beta(drawn, steps),
        )
        names = self.calibration.comparison[0].simulation
        moved = sum(trajectory.transitions[name] for name in names)
        weekly = pd.Series(moved, index=trajectory.dates)
        return {"data": weekly.reindex(self.observed.index, fill_value=0.0).to_numpy()}

    @cached_property
    def _parameters(self) -> Parameters:
        return Parameters(self.model, self.task.population.overall_contacts)

    def _beta(self, drawn: Mapping[str, Any], steps: NDArray[np.datetime64]) -> NDArray[np.float64]:
        season = self.model.seasonality
        assert season is not None
        given = {name: float(drawn[name]) for name in self.calibration.parameters}
        sine = compute_sine(steps, season.seasonality_max_date, season.seasonality_min_date)
        factor = scale_sine(sine, season.max_value, given[SEASONALITY_MINIMUM])
        return np.asarray(self._parameters.values(given)["beta"] * factor)

    def _initial(self, drawn: Mapping[str, Any]) -> dict[str, NDArray[np.int64]]:
        people = self.task.population
        inits: dict[str, Init] = {}
        for each in self.model.compartments:
            named = initial_name(each.id)
            inits[each.id] = float(drawn[named]) if named in drawn else _written(each.init)
        placed = place_people(inits, people.sizes, people.age_groups)
        return dict(zip(inits, placed, strict=True))

    def sampler(self) -> tuple[ABCSampler, Callable[[], int]]:
        """Return the sampler, and what tells how often it has simulated."""
        made: list[int] = []

        def counted(drawn: Mapping[str, Any]) -> dict[str, Any]:
            made.append(1)
            return self.simulation(drawn)

        given = self.calibration
        named = [*given.parameters.values(), *given.compartments.values()]
        named += [] if given.start_date is None else [given.start_date]
        frozen = [each.prior.frozen() for each in named]
        sampler = ABCSampler(
            counted,
            dict(zip(priors(given).names, frozen, strict=True)),
            {},
            self.observed.to_numpy(),
            metrics.rmse,
            rng=generator(self.task.seed, "calibrate", self.task.population.name),
        )
        return sampler, lambda: len(made)


def _written(init: object) -> Init:
    if init is None or isinstance(init, float | tuple) or init == "default":
        return init
    raise ValueError(f"{init} is not an initial condition that is written down")

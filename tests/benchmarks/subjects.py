"""The models that are timed, in epyflow and as a user of epydemix writes them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
from epydemix import EpiModel, simulate
from numpy.typing import NDArray

from epyflow import engine
from epyflow.artifacts.task import DailyDoses, Member, Population, Task
from epyflow.engine.resample import Resampling
from epyflow.engine.trajectory import Trajectory
from epyflow.experiment.format.calibration import Calibration
from epyflow.experiment.format.model import Model
from epyflow.model.assembler import Assembler
from epyflow.model.compartmental import CompartmentalModel
from epyflow.model.seasonality import compute_sine, scale_sine
from epyflow.strategies.particle_simulator import member
from epyflow.strategies.per_start import PerStart, resampled
from tests.benchmarks.by_hand import epimodel
from tests.building import (
    compartments,
    infection,
    layers,
    one_age,
    people,
    scalar,
    sir,
    spontaneous,
)
from tests.building import member as plain_member

REFERENCE, COMPILED = "epydemix", "compiled"
SEED = 20250118
YEAR = {"start": "2024-01-01", "end": "2024-12-31"}
ALL_AGES = (*(f"{age}-{age + 4}" for age in range(0, 75, 5)), "75+")

EARLIEST = (1.5, 0.7, 0.0004, 0.2, 0.0)
"""Values for the influenza model, in the order of its particles; it starts on its first day."""


@dataclass(frozen=True)
class Subject:
    """One model with its people.

    Attributes
    ----------
    name
        Shown.
    model, population, doses, closure_days, given
        What is simulated.
    calculated
        Parameter to values over time, for those that epydemix does not calculate.
    """

    name: str
    model: Model
    population: Population
    doses: DailyDoses | None = None
    closure_days: tuple[date, ...] = ()
    given: Member = field(default_factory=plain_member)
    calculated: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)

    @cached_property
    def assembler(self) -> Assembler:
        """Builds the model."""
        return Assembler(self.model, self.population, self.doses, self.closure_days)

    @cached_property
    def built(self) -> CompartmentalModel:
        """The model as arrays."""
        return self.assembler.build(self.given)

    @cached_property
    def _resampling(self) -> PerStart[Resampling]:
        return resampled(self.model)

    def ours(self, name: str) -> Trajectory:
        """Simulate once with an engine, from the parameter set to the resampled series."""
        rng = np.random.default_rng(SEED)
        return self._resampled(engine.simulate(self.assembler.build(self.given), rng, name))

    def our_many(self, name: str) -> Callable[[], Trajectory]:
        """Return what simulates once more with one parameter set."""
        run, rng = engine.simulator(self.built, name), np.random.default_rng(SEED)
        return lambda: self._resampled(run(rng))

    def _resampled(self, trajectory: Trajectory) -> Trajectory:
        resampling = self._resampling(self.built.dates)
        return Trajectory(
            resampling.compartments(trajectory.compartments),
            resampling.transitions(trajectory.transitions),
        )

    @cached_property
    def written(self) -> EpiModel:
        """The model in epydemix."""
        doses = [flow.values for flow in self.built.flows if flow.kind == "scheduled"]
        schedule = doses[0] if doses else None
        return epimodel(self.model, self.population, schedule, self.closure_days)

    @cached_property
    def options(self) -> dict[str, Any]:
        """What a user of epydemix says about each simulation."""
        placed = zip(self.built.compartments, self.built.initial, strict=True)
        return {
            "start_date": str(self.built.dates[0])[:10],
            "end_date": str(self.model.timespan.end_date),
            "dt": self.model.timespan.delta_t,
            "initial_conditions_dict": dict(placed),
            "resample_frequency": self.model.simulation.resample_frequency or "D",
        }

    def theirs(self) -> Any:
        """Simulate once with ``epydemix.simulate``."""
        rng = np.random.default_rng(SEED)
        return simulate(self.written, rng=rng, **self.options, **self.calculated)

    def their_many(self, count: int) -> Callable[[], object]:
        """Return what simulates several times with ``EpiModel.run_simulations``."""
        for name, values in self.calculated.items():
            self.written.add_parameter(name, values)
        return lambda: self.written.run_simulations(Nsim=count, rng=SEED, **self.options)


def sir_of_one_age() -> Subject:
    """Return an SIR of a million people of one age group over a year."""
    parameters = {"beta": scalar(0.03), "mu": scalar(0.2)}
    return Subject(
        "SIR, 1 age group, dt 1",
        sir(ages=("0+",), parameters=parameters, **YEAR),
        one_age(1_000_000),
    )


def seir_of_16_ages() -> Subject:
    """Return an SEIR of 16 age groups over a year."""
    model = sir(
        ages=ALL_AGES,
        compartments=compartments(S="default", E=None, I=0.001, R=None),
        transitions=[
            infection("S", "E", "I", "beta"),
            spontaneous("E", "I", "sigma"),
            spontaneous("I", "R", "mu"),
        ],
        parameters={"beta": scalar(0.0022), "sigma": scalar(0.25), "mu": scalar(0.2)},
        **YEAR,
    )
    return Subject(
        "SEIR, 16 age groups, dt 1",
        model,
        people((400_000,) * len(ALL_AGES), layers(len(ALL_AGES)), ALL_AGES),
    )


def influenza(task: Task, delta_t: float) -> Subject:
    """Return the influenza model of a task, from the first day that its calibration can draw."""
    model = with_step(Model.model_validate_json(task.model), delta_t)
    calibration = Calibration.model_validate_json(task.calibration or "")
    subject = Subject(
        f"influenza, 5 age groups, dt {delta_t:g}",
        model,
        task.population,
        task.doses,
        task.closure_days,
        member(calibration, task.members[0], EARLIEST),
    )
    return replace(subject, calculated={"beta": seasonal_beta(subject.built, model)})


def seasonal_beta(built: CompartmentalModel, model: Model) -> NDArray[np.float64]:
    """Return beta at every step as a user of epydemix computes it; shape (T,)."""
    season, values = model.seasonality, built.parameters
    assert season is not None
    sine = compute_sine(built.dates, season.seasonality_max_date, season.seasonality_min_date)
    factor = scale_sine(sine, season.max_value, float(np.asarray(values["seasonality_min"])))
    return np.asarray(values["beta"], dtype=np.float64) * factor


def with_step(model: Model, delta_t: float) -> Model:
    """Return the model with another step length."""
    timespan = model.timespan.model_copy(update={"delta_t": delta_t})
    return model.model_copy(update={"timespan": timespan})

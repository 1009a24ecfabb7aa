"""Plan the members and tasks of a run from its YAML alone, without population data or models.

A population has grid points × draws members, which are divided into tasks of equal size. So the
workflow knows every file before anything runs, and planning 100,000 members takes no longer than
reading the experiment.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from epyflow.errors import EpyflowError
from epyflow.experiment.experiment import Experiment
from epyflow.experiment.format.calibration import Rejection, Smc
from epyflow.experiment.format.model import Model
from epyflow.experiment.format.modelset import Modelset, members_per_population
from epyflow.population.locations import Location

Strategy = Literal["simulate", "smc", "rejection", "top_fraction"]

# Seconds that epydemix 1.5 takes per step for a compartment that people leave, and for each of
# its age groups: fitted to an SIR model of 1 age group (17 ms for a year) and an influenza model
# of 13 such compartments and 5 age groups (124 ms). They decide only how members are packed,
# so an error of a factor of two does no harm.
SECONDS_PER_COMPARTMENT = 10e-6
SECONDS_PER_DRAW = 4e-6

# A task should take much longer than starting a process, but losing one should cost little.
SECONDS_PER_TASK = 120.0


@dataclass(frozen=True)
class PlannedTask:
    """A task whose data are not read yet.

    Attributes
    ----------
    index
        Number of the task in the experiment, from 0.
    population
        The population of all its members.
    first
        Number of its first member in the population.
    members
        Number of its members.
    primary_id
        Number of its first member in the experiment.
    """

    index: int
    population: Location
    first: int
    members: int
    primary_id: int


@dataclass(frozen=True)
class Plan:
    """The fan-out of an experiment.

    Attributes
    ----------
    strategy
        The strategy of every task.
    populations
        In the order of the experiment.
    members_per_population
        Grid points × draws.
    members_per_task
        Number of members of a task; the last task of a population may hold fewer.
    simulations_per_member
        Trajectories simulated for one member; for a calibration, the least number.
    seconds_per_simulation
        Estimate for the reference engine.
    """

    strategy: Strategy
    populations: tuple[Location, ...]
    members_per_population: int
    members_per_task: int
    simulations_per_member: int
    seconds_per_simulation: float

    @property
    def tasks_per_population(self) -> int:
        """Number of tasks of one population."""
        return -(-self.members_per_population // self.members_per_task)

    @property
    def task_count(self) -> int:
        """Number of tasks."""
        return len(self.populations) * self.tasks_per_population

    @property
    def member_count(self) -> int:
        """Number of members."""
        return len(self.populations) * self.members_per_population

    @property
    def simulation_count(self) -> int:
        """Number of simulations; for a calibration, the least number."""
        return self.member_count * self.simulations_per_member

    @property
    def cpu_seconds(self) -> float:
        """Estimate for the reference engine; for a calibration, the least."""
        return self.simulation_count * self.seconds_per_simulation

    def tasks(self) -> Iterator[PlannedTask]:
        """Yield every task, population by population."""
        for index in range(self.task_count):
            yield self.task(index)

    def tasks_of(self, position: int) -> Iterator[PlannedTask]:
        """Yield the tasks of the population at a position in ``populations``."""
        first = position * self.tasks_per_population
        return (self.task(index) for index in range(first, first + self.tasks_per_population))

    def task(self, index: int) -> PlannedTask:
        """Return one task."""
        which, part = divmod(index, self.tasks_per_population)
        first = part * self.members_per_task
        return PlannedTask(
            index=index,
            population=self.populations[which],
            first=first,
            members=min(self.members_per_task, self.members_per_population - first),
            primary_id=which * self.members_per_population + first,
        )


def plan(experiment: Experiment, members_per_task: int | None = None) -> Plan:
    """Plan an experiment.

    Parameters
    ----------
    experiment
        A valid experiment.
    members_per_task
        None packs about two minutes of work into a task. The results do not depend on it.

    Raises
    ------
    EpyflowError
        If ``members_per_task`` is not positive.
    """
    if members_per_task is not None and members_per_task < 1:
        raise EpyflowError(f"members_per_task is {members_per_task}; expected 1 or more")
    strategy = strategy_of(experiment.modelset)
    sampling = experiment.sampling
    members = members_per_population(sampling)
    simulations = _simulations(experiment)
    seconds = seconds_per_simulation(experiment.model, first_day(experiment))
    if strategy != "simulate":
        packed = 1
    elif members_per_task is not None:
        packed = members_per_task
    else:
        packed = max(1, int(SECONDS_PER_TASK / (simulations * seconds)))
    return Plan(
        strategy=strategy,
        populations=experiment.populations,
        members_per_population=members,
        members_per_task=min(packed, members),
        simulations_per_member=simulations,
        seconds_per_simulation=seconds,
    )


def strategy_of(modelset: Modelset | None) -> Strategy:
    """Return the strategy that a modelset asks for."""
    if modelset is None or modelset.calibration is None:
        return "simulate"
    return modelset.calibration.strategy.name


def _simulations(experiment: Experiment) -> int:
    calibration = experiment.calibration
    if calibration is None:
        return experiment.model.simulation.n_sims
    strategy = calibration.strategy
    projected = calibration.projection.n_trajectories if calibration.projection else 0
    if isinstance(strategy, Smc):
        return strategy.options.num_particles * strategy.options.num_generations + projected
    if isinstance(strategy, Rejection):
        return strategy.options.num_particles + projected
    return strategy.options.Nsim + projected


def first_day(experiment: Experiment) -> date:
    """Return the fixed start of the simulations, or the reference date of inferred starts."""
    start = experiment.model.timespan.start_date
    if isinstance(start, date):
        return start
    modelset = experiment.modelset
    for section in (modelset.sampling, modelset.calibration) if modelset else ():
        if section is not None and section.start_date is not None:
            return section.start_date.reference_date
    raise EpyflowError(f"timespan.start_date is {start}, but the modelset does not give it")


def seconds_per_simulation(model: Model, first_day: date) -> float:
    """Estimate how long epydemix takes for one trajectory."""
    steps = max(1.0, ((model.timespan.end_date - first_day).days + 1) / model.timespan.delta_t)
    left = len({transition.source for transition in model.transitions})
    draws = left * len(model.population.age_groups)
    return steps * (left * SECONDS_PER_COMPARTMENT + draws * SECONDS_PER_DRAW)

"""Define the data that pass between the stages of a run: plain, frozen data, no live objects.

    build                      run                         tables
    experiment ──▶ Task ──▶ input_<i>.pkl ──▶ Result ──▶ result_<i>.pkl ──▶ *.csv.gz
                                              Failure

Every class here is pickled by :mod:`epyflow.artifacts.pickling`, so a field may hold only these
classes, numpy arrays, dates and the plain containers (tuple, dict, str, bytes, numbers, None).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from epyflow.artifacts.fit import Checkpoint, Fit, Generation, Observations, Reporting
from epyflow.artifacts.packed_array import PackedArray

__all__ = [
    "GROWTH_LEVELS",
    "NOT_STARTED",
    "REPRODUCTION_UNIT",
    "Checkpoint",
    "DailyDoses",
    "Failure",
    "Fit",
    "Generation",
    "Member",
    "MemberResult",
    "Observations",
    "PackedArray",
    "Population",
    "Reporting",
    "Result",
    "Task",
]

GROWTH_LEVELS = np.arange(1, 200) / 200
"""Levels of the quantiles that damped growth forecasts."""

NOT_STARTED = -1
"""Stands for a count before the start of a trajectory."""

REPRODUCTION_UNIT = 1e-4
"""Reproduction numbers are stored as whole numbers of this unit."""


@dataclass(frozen=True)
class Population:
    """A population in the age groups of the model.

    Attributes
    ----------
    name
        The population store's name, such as ``United_States_Massachusetts``.
    location
        ISO 3166-2 or 3166-1 alpha-2 code, such as ``US-MA``; None if there is none.
    age_groups
        G labels, such as ``0-4``; the last one is open (``65+``).
    sizes
        Shape (G,), int64. Persons.
    contacts
        Layer name to an array of shape (G, G): mean daily contacts that a person of the row's
        age group has with persons of the column's age group.
    source
        Source of the numbers, for the metadata.
    """

    name: str
    location: str | None
    age_groups: tuple[str, ...]
    sizes: NDArray[np.int64]
    contacts: Mapping[str, NDArray[np.float64]]
    source: str

    @property
    def overall_contacts(self) -> NDArray[np.float64]:
        """Shape (G, G): contacts per day summed over the layers."""
        overall: NDArray[np.float64] = np.sum(np.array(list(self.contacts.values())), axis=0)
        return overall


@dataclass(frozen=True)
class DailyDoses:
    """Vaccine doses of each day, before they are distributed to the steps of a simulation.

    Attributes
    ----------
    first_day
        The day of ``doses[0]``; the days after it follow without a gap.
    doses
        Shape (days, G). Persons vaccinated per day in each age group of the model.
    """

    first_day: date
    doses: NDArray[np.float64]


@dataclass(frozen=True)
class Member:
    """One population with one parameter set.

    Attributes
    ----------
    primary_id
        The member's number in the experiment, from 0; the key of every table.
    index
        The member's number in its population, from 0. With the population's name and the seed
        it determines the member's random numbers, so they depend neither on other populations
        nor on how members are packed into tasks.
    parameters
        Sampled parameters by name.
    compartments
        Drawn initial conditions by compartment: persons (1 or more), or a share of every age group.
    start_date
        The sampled first day of the simulation; None if the experiment fixes it.
    """

    primary_id: int
    index: int
    parameters: Mapping[str, float]
    compartments: Mapping[str, float]
    start_date: date | None


@dataclass(frozen=True)
class Task:
    """A unit of work: all data needed to run some members of one population.

    Attributes
    ----------
    index
        The task's number, from 0: the ``<i>`` of ``input_<i>.pkl``.
    code
        :func:`epyflow.provenance.code_version` of the run stage that planned the task.
    seed
        The experiment's random seed.
    strategy
        Name in :mod:`epyflow.strategies`, such as ``simulate``.
    engine
        Name in :mod:`epyflow.engine`.
    model
        The validated ``model`` section as canonical JSON.
    population
        The population that all members of the task share.
    doses
        Vaccination schedule, or None.
    closure_days
        Days on which schools are closed, ascending.
    members
        At least one.
    calibration
        The validated ``calibration`` section as canonical JSON; None for a simulation.
    observations
        Observations to calibrate to; None for a simulation.
    scenario_doses
        Projection scenario to its vaccination schedule, if it differs from ``doses`` after the
        fitting window.
    growth
        Shape (comparisons, periods, :data:`GROWTH_LEVELS`): what
        :mod:`epyflow.data.growth_forecasts` gives for the periods after the fitting window; None if
        the observation model does not use it.
    """

    index: int
    code: str
    seed: int
    strategy: str
    engine: str
    model: str
    population: Population
    doses: DailyDoses | None
    closure_days: tuple[date, ...]
    members: tuple[Member, ...]
    calibration: str | None = None
    observations: Observations | None = None
    scenario_doses: Mapping[str, DailyDoses] = field(default_factory=dict)
    growth: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class MemberResult:
    """The simulated trajectories of one member.

    Attributes
    ----------
    primary_id
        See :class:`Member`.
    start_date, end_date
        First and last day simulated.
    parameters
        Every parameter's value, calculated ones included: a number, or one per age group.
    initial
        Compartment to persons at the start, one number per age group.
    dates
        T dates of the (resampled) trajectories.
    compartments
        Shape (simulations, T, C, G). Persons; ``NOT_STARTED`` before a trajectory starts.
    transitions
        Shape (simulations, T, K, G). Persons per period ending at the date; ``NOT_STARTED``
        likewise.
    scenario
        The scenario of the projection; None if the experiment has none.
    reported
        Shape (simulations, T, comparisons, 1). The compared series as they would be reported:
        persons per period, or in the units of the fit; ``NOT_STARTED`` likewise. None without an
        observation model where all compare persons.
    reproduction
        Shape (simulations, T, 1, 1). Effective reproduction number over the period that ends at
        the date, in units of ``REPRODUCTION_UNIT``; ``NOT_STARTED`` likewise, and where there is no
        number. None if the model has none.
    particles
        Of a projection, the particle of the projected generation that each trajectory has.
    """

    primary_id: int
    start_date: date
    end_date: date
    parameters: Mapping[str, float | tuple[float, ...]]
    initial: Mapping[str, tuple[int, ...]]
    dates: tuple[date, ...]
    compartments: PackedArray
    transitions: PackedArray
    scenario: str | None = None
    reported: PackedArray | None = None
    reproduction: PackedArray | None = None
    particles: tuple[int, ...] = ()


@dataclass(frozen=True)
class Result:
    """The result of a task.

    Attributes
    ----------
    index, code, seed
        The task's number, the version of its code, and its random seed.
    population, location
        The store's name and the ISO code.
    age_groups
        G labels.
    compartments
        C compartment ids.
    transitions
        K names, ``<source>_to_<target>``.
    delta_t
        Days per step.
    members
        In the order of the task; of a calibration the projections, one per scenario.
    fit
        The result of the calibration; None for a simulation.
    """

    index: int
    code: str
    seed: int
    population: str
    location: str | None
    age_groups: tuple[str, ...]
    compartments: tuple[str, ...]
    transitions: tuple[str, ...]
    delta_t: float
    members: tuple[MemberResult, ...]
    fit: Fit | None = None


@dataclass(frozen=True)
class Failure:
    """A task that failed, in place of its Task (stage ``build``) or Result (stage ``run``).

    Attributes
    ----------
    index, seed
        The task's number and random seed.
    population, location
        The store's name (the name in the experiment, if the store has none) and the ISO code.
    primary_ids
        The members that are missing because of the failure.
    stage
        ``build`` or ``run``.
    cause
        One message: what is wrong, what was expected, what to do.
    """

    index: int
    seed: int
    population: str
    location: str | None
    primary_ids: tuple[int, ...]
    stage: str
    cause: str

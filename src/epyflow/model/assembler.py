"""Assemble a member's model: experiment + population + parameter set -> arrays."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from epyflow.artifacts.task import DailyDoses, Member, Population
from epyflow.experiment.format.expressions import Value
from epyflow.experiment.format.forcing import (
    CONTACT_STRENGTH,
    ContactMatrixIntervention,
    SchoolClosure,
)
from epyflow.experiment.format.model import Model
from epyflow.model.compartmental import CompartmentalModel, Flow
from epyflow.model.dates import step_dates, steps_to_last_midnight
from epyflow.model.epydemix_defaults import place_people_by_default
from epyflow.model.flows import FlowTerm, list_flows
from epyflow.model.initial_conditions import Init, place_people
from epyflow.model.interventions import Scaling, scale_contacts, steps_between, steps_on
from epyflow.model.parameter_actions import Forcing
from epyflow.model.parameters import Parameters, ParametersOverTime
from epyflow.model.vaccination import distribute_doses

SCHOOL = "school"

STARTS = 256
"""First days, with a strength of interventions, that are remembered; the longest unused goes."""


@dataclass(frozen=True)
class _Course:
    """Hold what members with the same first day share; arrays as in CompartmentalModel.

    ``flows`` holds, by position, those that no drawn value changes; the first member fills it.
    """

    dates: NDArray[np.datetime64]
    matrices: NDArray[np.float64]
    matrix_index: NDArray[np.int64]
    doses: NDArray[np.float64] | None
    forcing: Forcing
    epydemix_steps: int
    flows: dict[int, Flow] = field(default_factory=dict)


@dataclass(frozen=True)
class Assembler:
    """Build the models of a task's members.

    Arrays that do not depend on the member are computed once. Arrays that depend only on its
    first day are computed once for that day. Models share these arrays: do not write to them.

    Attributes
    ----------
    model
        The model section.
    population
        Population of the members.
    doses
        Vaccination schedule, or None.
    closure_days
        Days on which schools are closed.
    """

    model: Model
    population: Population
    doses: DailyDoses | None
    closure_days: tuple[date, ...]

    def build(self, member: Member) -> CompartmentalModel:
        """Return the model of one member.

        Raises
        ------
        ValueError
            If the parameter set makes no model: an age group with more people than it has, a
            negative rate, a calculated parameter without a value, a start after the end.
        """
        course = self._course(self._start(member), self._strength(member))
        values = self._parameters.values(member.parameters)
        flows = self._flows(self._parameters.over_time(values, course.forcing), course)
        return CompartmentalModel(
            compartments=self._compartments,
            age_groups=self.population.age_groups,
            sizes=self.population.sizes,
            dates=course.dates,
            delta_t=self.model.timespan.delta_t,
            flows=flows,
            matrices=course.matrices,
            matrix_index=course.matrix_index,
            initial=self._initial(member),
            parameters={name: _plain(value) for name, value in values.items()},
            epydemix_steps=course.epydemix_steps,
        )

    @cached_property
    def _parameters(self) -> Parameters:
        return Parameters(self.model, self.population.overall_contacts)

    @cached_property
    def _compartments(self) -> tuple[str, ...]:
        return self.model.compartment_ids

    @cached_property
    def _terms(self) -> tuple[FlowTerm, ...]:
        return list_flows(self.model)

    def _start(self, member: Member) -> date:
        start = member.start_date or self.model.timespan.start_date
        if not isinstance(start, date):
            raise ValueError(f"timespan.start_date is {start}, but no date was given for it")
        return start

    def _strength(self, member: Member) -> float:
        """Return how strong the interventions on contacts are: 0 for none, 1 as written."""
        if not self._parameters.strength_is_drawn:
            return 1.0
        strength = float(member.parameters[CONTACT_STRENGTH])
        if not 0 <= strength <= 1:
            raise ValueError(f"{CONTACT_STRENGTH} is {strength:g}; expected 0 to 1")
        return strength

    @cached_property
    def _course(self) -> Callable[[date, float], _Course]:
        return lru_cache(maxsize=STARTS)(self._new_course)

    def _new_course(self, start: date, strength: float) -> _Course:
        timespan, doses = self.model.timespan, self.doses
        dates = step_dates(start, timespan.end_date, timespan.delta_t)
        matrices, index = scale_contacts(
            self.population.contacts, self._scalings(dates, strength), len(dates)
        )
        laid_out = distribute_doses(doses, start, len(dates), timespan.delta_t) if doses else None
        forcing = Forcing.of(self.model, dates)
        steps = steps_to_last_midnight(start, timespan.end_date, timespan.delta_t)
        return _Course(dates, matrices, index, laid_out, forcing, steps)

    def _scalings(self, dates: NDArray[np.datetime64], strength: float) -> list[Scaling]:
        scalings: list[Scaling] = []
        for item in self.model.interventions:
            if isinstance(item, ContactMatrixIntervention):
                mask = steps_between(dates, item.start_date, item.end_date)
                scalings.append((item.contact_matrix_layer, mask, item.scaling_factor))
            elif isinstance(item, SchoolClosure):
                scalings.append((SCHOOL, steps_on(dates, self.closure_days), item.scaling_factor))
        if strength == 1:  # the factors as written, to the last bit
            return scalings
        return [(layer, mask, 1 - strength * (1 - factor)) for layer, mask, factor in scalings]

    def _flows(self, over_time: ParametersOverTime, course: _Course) -> tuple[Flow, ...]:
        flows = []
        for number, term in enumerate(self._terms):
            flow = course.flows.get(number)
            if flow is None:
                flow = self._flow(term, over_time, course)
                if self._steady[number]:
                    course.flows[number] = flow
            flows.append(flow)
        return tuple(flows)

    @cached_property
    def _steady(self) -> tuple[bool, ...]:
        """Return, for each flow, whether its rate is independent of drawn values."""
        steady = self._parameters.is_steady
        return tuple(term.rate is None or steady(term.rate) for term in self._terms)

    def _flow(self, term: FlowTerm, over_time: ParametersOverTime, course: _Course) -> Flow:
        values = self._doses(term, course) if term.rate is None else over_time.rate(term.rate)
        return Flow(term.source, term.target, term.kind, values, term.mediator, term.eligible)

    def _doses(self, term: FlowTerm, course: _Course) -> NDArray[np.float64]:
        if self.model.vaccination is None or course.doses is None:
            raise ValueError(f"no doses are given for the vaccination of {term.source}")
        return course.doses

    def _initial(self, member: Member) -> NDArray[np.int64]:
        if self._all_left_to_epydemix:
            return self._epydemix_initial
        inits = dict(self._written_inits)
        for name in self._drawn_inits:
            inits[name] = member.compartments[name]
        try:
            return place_people(inits, self.population.sizes, self.population.age_groups)
        except ValueError as error:
            if not self._drawn_inits:
                raise
            drawn = ", ".join(f"{name} = {inits[name]:.6g}" for name in self._drawn_inits)
            raise ValueError(f"{error}; drawn were {drawn}") from None

    @cached_property
    def _all_left_to_epydemix(self) -> bool:
        return all(compartment.init is None for compartment in self.model.compartments)

    @cached_property
    def _epydemix_initial(self) -> NDArray[np.int64]:
        return place_people_by_default(self._compartments, self._terms, self.population.sizes)

    @cached_property
    def _drawn_inits(self) -> tuple[str, ...]:
        drawn = ("sampled", "calibrated")
        return tuple(each.id for each in self.model.compartments if each.init in drawn)

    @cached_property
    def _written_inits(self) -> dict[str, Init]:
        """Return the initial conditions in the order of the model; None for a drawn one."""
        inits: dict[str, Init] = {}
        for compartment in self.model.compartments:
            init = compartment.init
            inits[compartment.id] = None if init == "sampled" or init == "calibrated" else init
        return inits


def _plain(value: Value) -> float | tuple[float, ...]:
    if isinstance(value, np.ndarray):
        return tuple(value.tolist())
    return float(value)

"""Put a member's model together: experiment + population + parameter set -> arrays."""

from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from epyflow.experiment.base import parsed
from epyflow.experiment.expressions import Value
from epyflow.experiment.forcing import ContactMatrixIntervention, SchoolClosure
from epyflow.experiment.model import Mediated, Model, MultiMediated, Spontaneous
from epyflow.model.clock import step_dates
from epyflow.model.compartmental import CompartmentalModel, Flow
from epyflow.model.epydemix_defaults import default_initial_conditions
from epyflow.model.initial import Init, initial_conditions
from epyflow.model.interventions import Scaling, scale_contacts, steps_between, steps_on
from epyflow.model.parameters import Parameters, ParametersOverTime
from epyflow.model.vaccination import lay_out
from epyflow.tasks import DailyDoses, Member, Population

SCHOOL = "school"


@dataclass(frozen=True)
class _Course:
    """What all members that start on one day share; arrays as in CompartmentalModel."""

    dates: NDArray[np.datetime64]
    matrices: NDArray[np.float64]
    matrix_index: NDArray[np.int64]
    doses: NDArray[np.float64] | None


@dataclass(frozen=True)
class Assembler:
    """Builds the models of a task's members.

    Models of members that start on the same day share arrays; nobody may write to them.

    Attributes
    ----------
    model
        The model section.
    population
        Whose members.
    doses
        Vaccination schedule, or None.
    closure_days
        Days on which schools are closed.
    """

    model: Model
    population: Population
    doses: DailyDoses | None
    closure_days: tuple[date, ...]
    _courses: dict[date, _Course] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def _parameters(self) -> Parameters:
        return Parameters(self.model, self.population.overall_contacts)

    def build(self, member: Member) -> CompartmentalModel:
        """Return the model of one member.

        Raises
        ------
        ValueError
            If the parameter set makes no model: an age group with more people than it has, a
            negative rate, a calculated parameter without a value, a start after the end.
        """
        model, timespan = self.model, self.model.timespan
        start = member.start_date or timespan.start_date
        if not isinstance(start, date):
            raise ValueError(f"timespan.start_date is {start}, but no date was given for it")
        course = self._course(start)
        values = self._parameters.values(member.parameters)
        flows = self._flows(self._parameters.over_time(values, course.dates), course)
        return CompartmentalModel(
            compartments=model.compartment_ids,
            age_groups=self.population.age_groups,
            sizes=self.population.sizes,
            dates=course.dates,
            delta_t=timespan.delta_t,
            flows=flows,
            matrices=course.matrices,
            matrix_index=course.matrix_index,
            initial=self._initial(member, flows),
            parameters={name: _plain(value) for name, value in values.items()},
        )

    def _course(self, start: date) -> _Course:
        if start not in self._courses:
            timespan = self.model.timespan
            dates = step_dates(start, timespan.end_date, timespan.delta_t)
            matrices, index = scale_contacts(
                self.population.contacts, self._scalings(dates), len(dates)
            )
            doses = self.doses
            laid_out = lay_out(doses, start, len(dates), timespan.delta_t) if doses else None
            self._courses[start] = _Course(dates, matrices, index, laid_out)
        return self._courses[start]

    def _scalings(self, dates: NDArray[np.datetime64]) -> list[Scaling]:
        scalings: list[Scaling] = []
        for item in self.model.interventions:
            if isinstance(item, ContactMatrixIntervention):
                mask = steps_between(dates, item.start_date, item.end_date)
                scalings.append((item.contact_matrix_layer, mask, item.scaling_factor))
            elif isinstance(item, SchoolClosure):
                scalings.append((SCHOOL, steps_on(dates, self.closure_days), item.scaling_factor))
        return scalings

    def _flows(self, over_time: ParametersOverTime, course: _Course) -> tuple[Flow, ...]:
        flows: list[Flow] = []
        for t in self.model.transitions:
            if isinstance(t, Spontaneous):
                rate = over_time.rate(parsed(t.rate))
                flows.append(Flow(t.source, t.target, "spontaneous", rate))
            elif isinstance(t, Mediated):
                rate = over_time.rate(parsed(t.rate))
                flows.append(Flow(t.source, t.target, "mediated", rate, mediator=t.mediator))
            elif isinstance(t, MultiMediated):
                for term in t.mediators:
                    rate = over_time.rate(parsed(term.rate))
                    flows += [
                        Flow(t.source, t.target, "mediated", rate, mediator=mediator)
                        for mediator in term.source
                    ]
            else:
                flows.append(self._vaccination(t.source, t.target, course))
        return tuple(flows)

    def _vaccination(self, source: str, target: str, course: _Course) -> Flow:
        section = self.model.vaccination
        if section is None or course.doses is None:
            raise ValueError(f"no doses are given for the vaccination of {source}")
        eligible = section.eligible_compartments
        return Flow(source, target, "scheduled", course.doses, eligible=eligible)

    def _initial(self, member: Member, flows: tuple[Flow, ...]) -> NDArray[np.int64]:
        if all(compartment.init is None for compartment in self.model.compartments):
            return default_initial_conditions(
                self.model.compartment_ids, flows, self.population.sizes
            )
        inits: dict[str, Init] = {}
        for compartment in self.model.compartments:
            init = compartment.init
            if init == "sampled" or init == "calibrated":
                inits[compartment.id] = self._share(member.compartments[compartment.id])
            else:
                inits[compartment.id] = init
        return initial_conditions(inits, self.population.sizes, self.population.age_groups)

    def _share(self, share: float) -> Init:
        """Read a drawn share: 1 is everybody, where a written 1 is one person."""
        if share < 1:
            return share
        return tuple(float(size) for size in self.population.sizes)


def _plain(value: Value) -> float | tuple[float, ...]:
    if isinstance(value, np.ndarray):
        return tuple(float(number) for number in value)
    return float(value)

"""Models as a user of epydemix writes them: EpiModel, contact layers, interventions, expressions.

The numbers are those of the same model in epyflow, so that both sides of a benchmark simulate the
same epidemic, draw by draw.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

import numpy as np
from epydemix import EpiModel
from epydemix.population import Population as EpydemixPopulation
from numpy.typing import NDArray

from epyflow.artifacts.task import Population
from epyflow.experiment.format.forcing import SchoolClosure
from epyflow.experiment.format.model import AgeVarying, Mediated, Model, Scalar, Spontaneous


def epimodel(
    model: Model,
    population: Population,
    schedule: NDArray[np.float64] | None = None,
    closure_days: Sequence[date] = (),
) -> EpiModel:
    """Write a model section as an EpiModel.

    Parameters
    ----------
    model
        Its parameters that are neither numbers nor lists are given to each simulation.
    population
        Sizes and contact layers.
    schedule
        Shape (T, G). Doses per day, for the vaccination.
    closure_days
        On which schools are closed, where the model closes them.
    """
    written = EpiModel(compartments=list(model.compartment_ids))
    people = EpydemixPopulation()
    people.add_population(population.sizes, list(population.age_groups))
    for layer, matrix in population.contacts.items():
        people.add_contact_matrix(matrix, layer)
    written.set_population(people)
    for name, parameter in model.parameters.items():
        if isinstance(parameter, Scalar):
            written.add_parameter(name, parameter.value)
        elif isinstance(parameter, AgeVarying):
            written.add_parameter(name, np.array([parameter.values]))
    for t in model.transitions:
        if isinstance(t, Spontaneous):
            written.add_transition(t.source, t.target, "spontaneous", t.rate)
        elif isinstance(t, Mediated):
            written.add_transition(t.source, t.target, "mediated", (t.rate, t.mediator))
        else:
            eligible = list(model.vaccination.eligible_compartments) if model.vaccination else []
            written.add_transition(t.source, t.target, "scheduled", (schedule, eligible))
    for item in model.interventions:
        if isinstance(item, SchoolClosure):
            for first, last in _runs(closure_days):
                end = f"{last} 23:59"  # epydemix closes until the given moment
                written.add_intervention("school", first, end, reduction_factor=item.scaling_factor)
    return written


def _runs(days: Iterable[date]) -> Iterator[tuple[date, date]]:
    """Yield the first and last day of each run of consecutive days."""
    run: list[date] = []
    for day in sorted(days):
        if run and day - run[-1] > timedelta(days=1):
            yield run[0], run[-1]
            run = []
        run.append(day)
    if run:
        yield run[0], run[-1]

"""Apply the default initial conditions of epydemix."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from epyflow.model.compartmental import Flow
from epyflow.model.flows import FlowTerm


def place_people_by_default(
    compartments: tuple[str, ...], flows: Sequence[Flow | FlowTerm], sizes: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Place 0.05% of every age group in the mediating compartments and the rest in their sources.

    Source: epydemix 1.5, ``EpiModel.create_default_initial_conditions``, which does the work.
    epydemix drops the remainder when it divides people among several sources, and it drops the
    share of the mediators when a source is also a mediator. Both go to the first source here, so
    that every person is placed.

    Parameters
    ----------
    compartments
        C ids.
    flows
        The flows of the model.
    sizes
        Shape (G,). Persons.

    Returns
    -------
    persons
        Shape (C, G). Each column adds up to ``sizes`` exactly.

    Raises
    ------
    ValueError
        If no transition is mediated: then nothing says where people start.
    """
    from epydemix import EpiModel  # imported here: it takes seconds, and few experiments need it
    from epydemix.population import Population

    if not any(flow.kind == "mediated" for flow in flows):
        raise ValueError(
            "no compartment has an init and no transition is mediated, so nothing says where "
            "people start; give one compartment init: default"
        )
    model = EpiModel(compartments=list(compartments))
    people = Population()
    people.add_population(sizes)
    model.set_population(people)
    for flow in flows:
        if flow.kind == "mediated":
            model.add_transition(flow.source, flow.target, "mediated", (0.0, flow.mediator))
        else:
            model.add_transition(flow.source, flow.target, "spontaneous", 0.0)
    placed = model.create_default_initial_conditions()
    persons = np.array([placed[name] for name in compartments], dtype=np.int64)
    first_source = int(np.argmax(persons.sum(axis=1)))
    persons[first_source] += sizes - persons.sum(axis=0)
    return persons

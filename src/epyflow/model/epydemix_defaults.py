"""What epydemix does where an experiment leaves the initial conditions to it."""

import numpy as np
from epydemix import EpiModel
from epydemix.population import Population
from numpy.typing import NDArray

from epyflow.model.compartmental import Flow


def default_initial_conditions(
    compartments: tuple[str, ...], flows: tuple[Flow, ...], sizes: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Place 0.05% of every age group in the mediating compartments and the rest in their sources.

    Source: epydemix 1.5, ``EpiModel.create_default_initial_conditions``, which is what does it.

    Parameters
    ----------
    compartments
        C ids.
    flows
        Of the model.
    sizes
        Shape (G,). Persons.

    Returns
    -------
    persons
        Shape (C, G).

    Raises
    ------
    ValueError
        If no transition is mediated: then nothing says where people start.
    """
    model = EpiModel(compartments=list(compartments))
    people = Population()
    people.add_population(sizes)
    model.set_population(people)
    for flow in flows:
        if flow.kind == "mediated":
            model.add_transition(flow.source, flow.target, "mediated", (0.0, flow.mediator))
        else:
            model.add_transition(flow.source, flow.target, "spontaneous", 0.0)
    if not any(flow.kind == "mediated" for flow in flows):
        raise ValueError(
            "no compartment has an init and no transition is mediated, so nothing says where "
            "people start; give one compartment init: default"
        )
    placed = model.create_default_initial_conditions()
    return np.array([placed[name] for name in compartments], dtype=np.int64)

"""Run the reference engine: epydemix's own simulation loop."""

import numpy as np
from epydemix import EpiModel
from epydemix.model.epimodel import stochastic_simulation
from epydemix.population import Population
from numpy.typing import NDArray

from epyflow.engine.trajectory import ALL, Stretch, Trajectory
from epyflow.model.compartmental import CompartmentalModel


def simulator(model: CompartmentalModel) -> Stretch:
    """Prepare a model for epydemix; see :func:`epyflow.engine.simulator`.

    epydemix prepares every trajectory: it tiles parameters over time, lists contact matrices and
    names series. None of this depends on the trajectory, so it is done once here.
    """
    written = make_epimodel(model)
    contacts = [{"overall": model.matrices[which]} for which in model.matrix_index]

    def simulate(
        rng: np.random.Generator, steps: slice = ALL, initial: NDArray[np.float64] | None = None
    ) -> Trajectory:
        which = range(*steps.indices(len(model.dates)))
        chosen = written if len(which) == len(contacts) else make_epimodel(model, steps)
        compartments, transitions = stochastic_simulation(
            T=len(which),
            contact_matrices=contacts[steps],
            epimodel=chosen,
            parameters=chosen.parameters,
            initial_conditions=model.initial if initial is None else initial,
            dt=model.delta_t,
            rng=rng,
        )
        # epydemix has a row for each flow, but fills one for each name.
        return Trajectory(compartments, transitions[:, : len(model.transitions)])

    return simulate


def make_epimodel(model: CompartmentalModel, steps: slice = ALL) -> EpiModel:
    """Return some steps of a model as epydemix's EpiModel; its rates have the shape (T, G).

    It has no contact matrices: they change with time, so they are arguments of the simulation.
    """
    written = EpiModel(compartments=list(model.compartments))
    people = Population()
    people.add_population(model.sizes, list(model.age_groups))
    written.set_population(people)
    for number, flow in enumerate(model.flows):
        if flow.kind == "scheduled":
            written.add_transition(
                flow.source, flow.target, "scheduled", (flow.values[steps], list(flow.eligible))
            )
            continue
        name = f"rate_{number}"
        written.add_parameter(name, flow.values[steps])
        params = (name, flow.mediator) if flow.kind == "mediated" else name
        written.add_transition(flow.source, flow.target, flow.kind, params)
    return written

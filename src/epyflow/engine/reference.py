"""The reference engine: epydemix's own simulation loop."""

import numpy as np
from epydemix import EpiModel
from epydemix.model.epimodel import simulate
from epydemix.population import Population
from numpy.typing import NDArray

from epyflow.model.compartmental import CompartmentalModel


def epimodel(model: CompartmentalModel) -> EpiModel:
    """Write a model as epydemix's EpiModel; its rates are parameters of shape (T, G)."""
    written = EpiModel(compartments=list(model.compartments))
    people = Population()
    people.add_population(model.sizes, list(model.age_groups))
    people.add_contact_matrix(model.matrices[model.matrix_index[0]])
    written.set_population(people)
    for number, flow in enumerate(model.flows):
        if flow.kind == "scheduled":
            written.add_transition(
                flow.source, flow.target, "scheduled", (flow.values, list(flow.eligible))
            )
            continue
        name = f"rate_{number}"
        written.add_parameter(name, flow.values)
        params = (name, flow.mediator) if flow.kind == "mediated" else name
        written.add_transition(flow.source, flow.target, flow.kind, params)
    return written


def simulate_with_epydemix(
    model: CompartmentalModel, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Simulate one trajectory with epydemix; see :func:`epyflow.engine.simulate`.

    Returns
    -------
    compartments
        Shape (T, C, G).
    transitions
        Shape (T, K, G).
    """
    trajectory = simulate(
        epimodel(model),
        dt=model.delta_t,
        initial_conditions_dict=dict(zip(model.compartments, model.initial, strict=True)),
        resample_frequency=None,
        rng=rng,
        contact_matrices=[{"overall": model.matrices[i]} for i in model.matrix_index],
        simulation_dates=model.dates,
    )
    return (
        _stacked(trajectory.compartments, model.compartments, model.age_groups),
        _stacked(trajectory.transitions, model.transitions, model.age_groups),
    )


def _stacked(
    series: dict[str, NDArray[np.float64]], names: tuple[str, ...], age_groups: tuple[str, ...]
) -> NDArray[np.float64]:
    columns = [[series[f"{name}_{group}"] for group in age_groups] for name in names]
    return np.moveaxis(np.array(columns), 2, 0)

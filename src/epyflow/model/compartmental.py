"""Define the model that engines simulate, as plain arrays."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["spontaneous", "mediated", "scheduled"]


@dataclass(frozen=True)
class Flow:
    """A flow from one compartment to another.

    Attributes
    ----------
    source, target
        Compartment ids.
    kind
        ``spontaneous``: the rate itself; ``mediated``: the rate times the contacts with those in
        ``mediator``; ``scheduled``: the doses divided by the people in ``eligible``.
    values
        Shape (T, G). Rate per day, or doses per day.
    mediator
        Compartment id; empty unless mediated.
    eligible
        Compartment ids; empty unless scheduled.
    """

    source: str
    target: str
    kind: Kind
    values: NDArray[np.float64]
    mediator: str = ""
    eligible: tuple[str, ...] = ()


@dataclass(frozen=True)
class CompartmentalModel:
    """One member's model over its whole timespan.

    Attributes
    ----------
    compartments
        C ids.
    age_groups
        G labels.
    sizes
        Shape (G,). Persons.
    dates
        Shape (T,), datetime64[ns]. Time of each step.
    delta_t
        Days per step.
    flows
        In the order of the experiment; flows between the same two compartments add their rates.
    matrices
        Shape (M, G, G). The overall contact matrices that occur.
    matrix_index
        Shape (T,). ``matrices[matrix_index[t]]`` is in force at step t.
    initial
        Shape (C, G). Persons at the start.
    parameters
        Every parameter's value before seasons and interventions, for the metadata.
    epydemix_steps
        The number of steps that epydemix simulates: those that begin up to midnight of the last
        day. The rest of that day follows. None: all steps.
    """

    compartments: tuple[str, ...]
    age_groups: tuple[str, ...]
    sizes: NDArray[np.int64]
    dates: NDArray[np.datetime64]
    delta_t: float
    flows: tuple[Flow, ...]
    matrices: NDArray[np.float64]
    matrix_index: NDArray[np.int64]
    initial: NDArray[np.int64]
    parameters: Mapping[str, float | tuple[float, ...]]
    epydemix_steps: int | None = None

    @property
    def transitions(self) -> tuple[str, ...]:
        """Return the K names ``<source>_to_<target>``, in the order of their first flow."""
        return tuple(dict.fromkeys(f"{flow.source}_to_{flow.target}" for flow in self.flows))

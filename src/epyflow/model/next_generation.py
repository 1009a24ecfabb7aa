"""Compute next-generation matrices: the infections by one infected person of each age.

Source: Diekmann, Heesterbeek & Metz 1990, J. Math. Biol. 28:365; van den Driessche & Watmough
2002, Math. Biosci. 180:29, for rates; Allen & van den Driessche 2008, J. Difference Equ. Appl.
14:1127, for time in steps, R = ρ(F (I - T)⁻¹): F holds the new infections of one step, T the
probabilities that an infected person moves to another infected state in one step.

The computation uses steps because the simulation does. A person who leaves at the rate m stays for
1 / (1 - exp(-m · dt)) steps of dt days on average, not for 1 / m days. With short steps the two
agree. R in steps is above 1 exactly while infections grow; R from the rates alone is lower.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from epyflow.model.compartmental import CompartmentalModel, Flow
from epyflow.model.infections import Infections

Array = NDArray[np.float64]
Mean = Callable[[Array], Array]
"""From values at every step, shape (T, ...), to means of periods, shape (R, ...)."""

_ALIKE = 1e-12


@dataclass(frozen=True)
class NextGeneration:
    """Data that the next-generation matrices of one member's trajectories share.

    The matrices are smaller than those of the sources and have the same largest eigenvalue: they
    map the force of infection on each age group to the force that people infected by it exert.
    Mediators whose rates are proportional at all times count as one force; there are Q forces.

    Attributes
    ----------
    places
        S positions of susceptible compartments, among those of the model.
    weights
        Shape (Q, Q, S, T, G). Force that a person infected out of S by a unit of the other
        force exerts while infected, before contacts; NaN where an infection never ends.
    contacts
        Shape (M, G, G). As in CompartmentalModel.
    in_force
        Shape (T, M). 1 where the matrix is in force, else 0.
    """

    places: NDArray[np.intp]
    weights: Array
    contacts: Array
    in_force: Array

    @classmethod
    def of(cls, model: CompartmentalModel, infections: Infections) -> "NextGeneration":
        """Compute what does not depend on the trajectory.

        Parameters
        ----------
        model
            The model of the member.
        infections
            The infections among the model's flows.
        """
        forces = _forces(model, infections)
        days = _days_infecting(model, infections)
        sizes = np.maximum(model.sizes, 1)
        of_sources = [infections.sources.index(source) for source, _ in forces.lines]
        of_entered = [infections.entered.index(entered) for _, entered in forces.lines]
        count, steps = len(forces.shapes), len(model.dates)
        weights = np.zeros((count, count, len(infections.sources), steps, len(sizes)))
        for row, shares in enumerate(forces.shares):
            exerted = np.tensordot(days, shares, axes=(3, 0)) / sizes[:, np.newaxis]
            for column, shape in enumerate(forces.shapes):
                for line, (source, entered) in enumerate(zip(of_sources, of_entered, strict=True)):
                    weights[row, column, source] += exerted[..., entered] * shape[line]
        return cls(
            places=np.array([model.compartments.index(name) for name in infections.sources]),
            weights=weights,
            contacts=model.matrices,
            in_force=(model.matrix_index[:, np.newaxis] == range(len(model.matrices))).astype(
                float
            ),
        )

    def matrices(self, susceptible: Array, mean: Mean) -> Array:
        """Return the mean matrices of periods.

        Parameters
        ----------
        susceptible
            Shape (T, S, G). Persons in the ``places`` at each step.
        mean
            Takes the means.

        Returns
        -------
        matrices
            Shape (R, Q·G, Q·G); NaN where an infection never ends.
        """
        exerted = np.einsum("qpstg,tsg->tqpg", self.weights, susceptible)
        means = mean(self.in_force[:, :, None, None, None] * exerted[:, None])
        whole = np.einsum("mab,rmqpb->rqapb", self.contacts, means)
        size = whole.shape[1] * whole.shape[2]
        square: Array = whole.reshape(-1, size, size)
        return square


@dataclass(frozen=True)
class _Forces:
    """Rates of infection by mediator: Q patterns, and each mediator's share of them.

    Attributes
    ----------
    lines
        L pairs of source and compartment entered.
    shapes
        Q arrays of shape (L, T, G).
    shares
        Q arrays of shape (mediators,): a mediator's rates are the pattern times its share.
    """

    lines: tuple[tuple[str, str], ...]
    shapes: tuple[Array, ...]
    shares: tuple[Array, ...]


def _forces(model: CompartmentalModel, infections: Infections) -> _Forces:
    flows = [model.flows[at] for at in infections.infecting]
    lines = tuple(dict.fromkeys((flow.source, flow.target) for flow in flows))
    rates = np.zeros((len(infections.mediators), len(lines), len(model.dates), len(model.sizes)))
    for flow in flows:
        line = lines.index((flow.source, flow.target))
        rates[infections.mediators.index(flow.mediator), line] += flow.values
    shapes: list[Array] = []
    shares: list[Array] = []
    for mediator, rate in enumerate(rates):
        highest = rate.max()
        shape = rate / highest if highest > 0 else rate
        same = (n for n, known in enumerate(shapes) if _alike(shape, known))
        number = next(same, len(shapes))
        if number == len(shapes):
            shapes.append(shape)
            shares.append(np.zeros(len(rates)))
        shares[number][mediator] = highest
    return _Forces(lines, tuple(shapes), tuple(shares))


def _alike(one: Array, other: Array) -> bool:
    return bool((np.abs(one - other) <= _ALIKE * other).all())


def _days_infecting(model: CompartmentalModel, infections: Infections) -> Array:
    """Return the days that an infected person spends in each mediator.

    Returns
    -------
    days
        Shape (T, G, entered, mediators); T is 1 if no rate changes.
    """
    flows = [model.flows[at] for at in infections.leaving]
    values, lengths = _distinct(flows)
    names = infections.infected
    index = {name: number for number, name in enumerate(names)}
    hazards = np.zeros((*values.shape[1:], len(names), len(names) + 1))  # the last: not infected
    for flow, value in zip(flows, values, strict=True):
        hazards[..., index[flow.source], index.get(flow.target, -1)] += value * model.delta_t
    total = hazards.sum(axis=-1)
    leaving = -np.expm1(-total)
    chances = hazards * (leaving / np.where(total > 0, total, 1))[..., np.newaxis]
    stay = np.eye(len(names)) * np.exp(-total)[..., np.newaxis]
    days = _steps(stay + chances[..., :-1]) * model.delta_t
    entered = [index[name] for name in infections.entered]
    mediators = [index[name] for name in infections.mediators]
    chosen: Array = days[..., entered, :][..., mediators]
    return chosen if len(lengths) == 1 else np.repeat(chosen, lengths, axis=0)


def _distinct(flows: list[Flow]) -> tuple[Array, NDArray[np.intp]]:
    """Return the rates of flows, once for each run of steps with equal rates, and its length.

    Returns
    -------
    values
        Shape (flows, runs, G).
    lengths
        Shape (runs,).
    """
    steps = len(flows[0].values)
    if all(flow.values.strides[0] == 0 for flow in flows):
        return np.stack([flow.values[:1] for flow in flows]), np.array([steps])
    values = np.stack([flow.values for flow in flows])
    changes = (np.diff(values, axis=1) != 0).any(axis=(0, 2))
    starts = np.flatnonzero(np.concatenate([[True], changes]))
    return values[:, starts], np.diff([*starts, steps])


def _steps(chances: Array) -> Array:
    """Return the expected steps in each state, (I - T)⁻¹; NaN where the infection never ends.

    Parameters
    ----------
    chances
        Shape (..., n, n). Probability of moving from the row's state to the column's in a step.
    """
    apart = np.eye(chances.shape[-1]) - chances
    endless = ~(np.abs(np.linalg.det(apart)) > 0)
    apart[endless] = np.eye(chances.shape[-1])
    found = np.asarray(np.linalg.inv(apart), dtype=np.float64)
    found[endless] = np.nan
    return found

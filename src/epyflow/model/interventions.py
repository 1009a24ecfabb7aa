"""Find the steps on which interventions are in force, and scale contact matrices."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from epyflow.model.dates import step_days

Scaling = tuple[str, NDArray[np.bool_], float]
"""A contact layer, the steps on which it is scaled (shape (T,)), and the factor."""


def steps_between(dates: NDArray[np.datetime64], first: date, last: date) -> NDArray[np.bool_]:
    """Mark the steps from the first to the last day, every step of the last day included.

    epydemix compares with midnight of the last day, so it omits the later steps of that day. With
    steps of whole days the two agree.

    Parameters
    ----------
    dates
        Shape (T,). Times of the steps.
    first, last
        Days, both included.

    Returns
    -------
    inside
        Shape (T,).
    """
    days = step_days(dates)
    return (days >= np.datetime64(first, "D")) & (days <= np.datetime64(last, "D"))


def steps_on(dates: NDArray[np.datetime64], days: Collection[date]) -> NDArray[np.bool_]:
    """Mark the steps that fall on any of the days, such as days of school closure.

    Parameters
    ----------
    dates
        Shape (T,). Times of the steps.
    days
        Days in any order.

    Returns
    -------
    inside
        Shape (T,).
    """
    return np.isin(step_days(dates), np.array(sorted(days), dtype="datetime64[D]"))


def scale_contacts(
    contacts: Mapping[str, NDArray[np.float64]], scalings: Sequence[Scaling], steps: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Sum the contact layers on each step, with the scalings in force on it.

    Scalings of one layer that overlap multiply. Factors apply to a layer in the order given, and
    layers are summed in the order of the mapping: the floating-point operations, and so the bits,
    are those of epydemix 1.5, ``EpiModel.compute_contact_reductions``.

    Parameters
    ----------
    contacts
        Layer to an array of shape (G, G): mean daily contacts. Left as they are.
    scalings
        Layer, steps in force (shape (T,)) and factor of each.
    steps
        T.

    Returns
    -------
    matrices
        Shape (M, G, G): the overall matrices that occur, each once, in order of first occurrence.
    index
        Shape (T,): ``matrices[index[t]]`` is the matrix of step t.

    Raises
    ------
    ValueError
        If a scaling names a layer that the population does not have, or its steps are not T.
    """
    for layer, mask, _ in scalings:
        if layer not in contacts:
            raise ValueError(
                f"the population has no contact layer {layer!r}; it has {', '.join(contacts)}"
            )
        if mask.shape != (steps,):
            raise ValueError(f"the mask of layer {layer!r} is {mask.shape}; expected ({steps},)")
    in_force = np.zeros((steps, len(scalings)), dtype=np.bool_)
    for column, (_, mask, _) in enumerate(scalings):
        in_force[:, column] = mask
    of_pattern: dict[bytes, int] = {}
    of_matrix: dict[bytes, int] = {}
    matrices: list[NDArray[np.float64]] = []
    index = np.empty(steps, dtype=np.int64)
    for step, pattern in enumerate(in_force):
        key = pattern.tobytes()
        if key not in of_pattern:
            matrix = _overall(contacts, scalings, pattern)
            of_pattern[key] = of_matrix.setdefault(matrix.tobytes(), len(matrices))
            if of_pattern[key] == len(matrices):
                matrices.append(matrix)
        index[step] = of_pattern[key]
    return np.array(matrices), index


def _overall(
    contacts: Mapping[str, NDArray[np.float64]],
    scalings: Sequence[Scaling],
    in_force: NDArray[np.bool_],
) -> NDArray[np.float64]:
    layers = {layer: np.array(matrix, dtype=np.float64) for layer, matrix in contacts.items()}
    for (layer, _, factor), active in zip(scalings, in_force, strict=True):
        if active:
            layers[layer] *= factor
    overall: NDArray[np.float64] = np.sum(np.array(list(layers.values())), axis=0)
    return overall

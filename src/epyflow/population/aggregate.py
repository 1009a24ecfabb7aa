"""Convert populations from the age groups of the data to those of the model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from epyflow.artifacts.task import Population
from epyflow.errors import PopulationError
from epyflow.population.age_groups import MOST, AgeGroup, map_groups
from epyflow.population.locations import Location

LAYERS = ("school", "work", "home", "community")
"""The contact layers, in the order in which epydemix adds them.

The order changes the result: the last bit of a sum of floating-point numbers depends on it.
"""


@dataclass(frozen=True)
class FineGroups:
    """The finest age groups in the data of a location.

    Attributes
    ----------
    age_groups
        F groups, contiguous from 0, the last one open.
    sizes
        Shape (F,). Persons; whole numbers, unless the data are estimates.
    """

    age_groups: tuple[AgeGroup, ...]
    sizes: NDArray[np.float64]


@dataclass(frozen=True)
class FineContacts:
    """The data of a location.

    Attributes
    ----------
    groups
        F groups with their sizes.
    contacts
        Layer name to an array of shape (F, F): mean daily contacts that a person of the row's
        age group has with persons of the column's age group.
    source
        Source of the data.
    """

    groups: FineGroups
    contacts: Mapping[str, NDArray[np.float64]]
    source: str


def aggregate_sizes(
    sizes: NDArray[np.float64], index: NDArray[np.intp], count: int
) -> NDArray[np.float64]:
    """Add up persons, shape (F,) -> (count,); group f is part of group ``index[f]``."""
    return np.array([sizes[index == group].sum() for group in range(count)])


def aggregate_contacts(
    contacts: NDArray[np.float64],
    sizes: NDArray[np.float64],
    new_sizes: NDArray[np.float64],
    index: NDArray[np.intp],
) -> NDArray[np.float64]:
    """Average contact rates over wider age groups.

    The daily contacts of all persons are added up and divided by the persons of the new group. This
    conserves the total of contacts and their reciprocity. Additions are in the order of
    ``epydemix.population.population.aggregate_matrix``, so the results are equal to the bit.

    Parameters
    ----------
    contacts
        Shape (F, F). Contacts per person and day.
    sizes, new_sizes
        Shapes (F,) and (G,). Persons; no new group is empty.
    index
        Shape (F,). The new group of each group.

    Returns
    -------
    aggregated
        Shape (G, G). Contacts per person and day.
    """
    count = len(new_sizes)
    cell = index[:, None] * count + index[None, :]
    per_day = contacts * sizes[:, None]
    # bincount adds the numbers one by one, row by row, as epydemix's double loop does.
    total = np.bincount(cell.ravel(), weights=per_day.ravel(), minlength=count * count)
    aggregated: NDArray[np.float64] = total.reshape(count, count) / new_sizes[:, None]
    return aggregated


def aggregate(fine: FineContacts, location: Location, target: Sequence[AgeGroup]) -> Population:
    """Return the population in the age groups of the model.

    Raises
    ------
    PopulationError
        If a target group is not made of whole groups of the data, or is empty: contacts per
        person are undefined for an empty group, and models divide by the size of each group.
        (Groups of the data may be empty.)
    """
    try:
        index = map_groups(fine.groups.age_groups, target)
    except ValueError as error:
        raise PopulationError(f"{location.name}: {error}") from error
    sizes = aggregate_sizes(fine.groups.sizes, index, len(target))
    rounded = round_persons(location.name, target, sizes)
    contacts = {
        layer: aggregate_contacts(matrix, fine.groups.sizes, sizes, index)
        for layer, matrix in fine.contacts.items()
    }
    labels = tuple(group.label for group in target)
    return Population(location.name, location.iso, labels, rounded, contacts, fine.source)


def round_persons(
    name: str, groups: Sequence[AgeGroup], sizes: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return the sizes of age groups in whole persons.

    Raises
    ------
    PopulationError
        Naming the first age group that has no persons, or more than :data:`MOST`.
    """
    for group, persons in zip(groups, np.rint(sizes).tolist(), strict=True):
        if not 0 < persons <= MOST:
            advice = "join it with a neighbouring age group"
            if persons:
                advice = f"expected at most {MOST:,}"
            found = f"{persons or 'no'} persons"
            raise PopulationError(
                f'{name}: the population data have {found} in age group "{group.label}"; {advice}'
            )
    whole: NDArray[np.int64] = np.rint(sizes).astype(np.int64)
    return whole


def layers_in_order(names: Sequence[str]) -> tuple[str, ...]:
    """Return the layers in the order of ``LAYERS``, then any others in their order."""
    known = [layer for layer in LAYERS if layer in names]
    return (*known, *(name for name in names if name not in LAYERS))

"""Place the people of a population in compartments at the start of a simulation."""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Init = Literal["default"] | float | tuple[float, ...] | None
"""``default`` (the remainder), a number for all ages, one number per age group, or None (0)."""

_ROUNDING = Decimal("1e-6")


def place_people(
    inits: Mapping[str, Init], sizes: NDArray[np.int64], age_groups: Sequence[str]
) -> NDArray[np.int64]:
    """Place every person of a population in a compartment.

    - A number of 1 or more is a head count, spread over the age groups in proportion to their
      sizes by largest remainders, so that the whole is exactly the head count.
    - A number below 1 is that share of every age group.
    - A tuple holds one number per age group: a head count of that group, or a share of it.
    - The compartments at ``default`` share what is left of each age group equally; persons who
      cannot be divided go to the first of them.

    Head counts and shares are rounded half up to whole persons, as decimals: 0.29 of 50 is 15.
    If shares fill an age group and rounding overfills it (half and half of 101), the entries
    rounded up the most are lowered by one person each; of equal ones, the later first.

    Parameters
    ----------
    inits
        Compartment to its initial condition.
    sizes
        Shape (G,). Persons in each age group.
    age_groups
        G labels, for messages.

    Returns
    -------
    persons
        Shape (C, G), in the order of ``inits``. Each column adds up to ``sizes`` exactly.

    Raises
    ------
    ValueError
        If no compartment is at ``default``, a number is negative or not finite, a tuple does not
        have G numbers, or more people are placed in an age group than it has.
    """
    defaults = [row for row, init in enumerate(inits.values()) if init == "default"]
    if not defaults:
        raise ValueError("no compartment has init: default; expected one to hold everybody else")
    people = sizes.tolist()
    placed = {
        name: _persons(name, init, people)
        for name, init in inits.items()
        if init is not None and init != "default"
    }
    rows = [row for row, name in enumerate(inits) if name in placed]
    columns = []
    for group, size in enumerate(people):
        counts = _round_together([wanted[group] for wanted in placed.values()], size)
        left = size - sum(counts)
        if left < 0:
            names = [name for name, count in zip(placed, counts, strict=True) if count]
            raise ValueError(
                f"age group {age_groups[group]} has {size} persons, but the initial conditions of "
                f"{', '.join(names)} place {-left} more than that"
            )
        column = dict.fromkeys(range(len(inits)), 0)
        column.update(zip(rows, counts, strict=True))
        each, odd = divmod(left, len(defaults))
        column.update((row, each + (position < odd)) for position, row in enumerate(defaults))
        columns.append(list(column.values()))
    return np.ascontiguousarray(np.array(columns, dtype=np.int64).T)


def _persons(name: str, init: float | tuple[float, ...], people: Sequence[int]) -> list[Decimal]:
    """Return the persons of one compartment in each age group, before rounding."""
    if isinstance(init, tuple):
        if len(init) != len(people):
            raise ValueError(
                f"init of {name} has {len(init)} values; expected one per age group, {len(people)}"
            )
        numbers = [_decimal(name, value) for value in init]
        return [
            _round(number) if number >= 1 else number * size
            for number, size in zip(numbers, people, strict=True)
        ]
    number = _decimal(name, init)
    if number < 1:
        return [number * size for size in people]
    return [Decimal(count) for count in _spread(int(_round(number)), people)]


def _decimal(name: str, value: float) -> Decimal:
    if not 0 <= value < float("inf"):
        raise ValueError(f"init of {name} is {value}; expected zero or a positive number")
    return Decimal(repr(float(value)))


def _round(number: Decimal) -> Decimal:
    return number.to_integral_value(ROUND_HALF_UP)


def _spread(count: int, people: Sequence[int]) -> list[int]:
    """Divide a head count in proportion to ``people`` by largest remainders."""
    total = sum(people)
    if total == 0:
        raise ValueError(f"{count} persons cannot be placed in a population of nobody")
    quotas = [divmod(count * size, total) for size in people]
    shares = [whole for whole, _ in quotas]
    by_remainder = sorted(range(len(people)), key=lambda group: -quotas[group][1])
    for group in by_remainder[: count - sum(shares)]:
        shares[group] += 1
    return shares


def _round_together(wanted: Sequence[Decimal], size: int) -> list[int]:
    """Round each entry half up, and remove what rounding places beyond ``size``."""
    rounded = [int(_round(number)) for number in wanted]
    excess = sum(rounded) - size
    if excess > 0 and sum(wanted) <= size + _ROUNDING:
        gains = [whole - number for whole, number in zip(rounded, wanted, strict=True)]
        for row in sorted(range(len(wanted)), key=lambda row: (-gains[row], -row))[:excess]:
            rounded[row] -= 1
    return rounded

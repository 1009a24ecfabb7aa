"""Read labels of age groups, and convert counts from one set of groups to another.

Ages are completed years: "5-17" is everybody from the fifth birthday to the day before the
eighteenth. This module reads no data, because the schema of experiments uses it.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

_AGE = r"(0|[1-9][0-9]{0,2})"
_RANGE = re.compile(rf"{_AGE}-{_AGE}")
_OPEN = re.compile(rf"{_AGE}\+")
_SINGLE = re.compile(_AGE)
_MONTHS = re.compile(rf"([1-9]|1[01]) Months - {_AGE}(?: Years)?")
_EXPECTED = 'expected a range such as "5-17", one year such as "5", or "65+"'


MOST = 10**12
"""More persons, contacts per day or observations than there can be; sums of more could overflow."""


def as_number(text: str) -> float:
    """Return a number of 0 to :data:`MOST` as pandas reads it; NaN for anything else."""
    try:
        # Python reads 1_000 and digits of other scripts; pandas does not.
        value = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        return math.nan
    return value if 0 <= value <= MOST else math.nan


@dataclass(frozen=True)
class AgeGroup:
    """An interval of ages.

    Attributes
    ----------
    label
        As written, such as ``5-17``.
    first
        Youngest age, in completed years.
    last
        Oldest age, included; None if the group is open (``65+``).
    """

    label: str
    first: int
    last: int | None

    def holds(self, other: "AgeGroup") -> bool:
        """Return whether every age of ``other`` is an age of this group."""
        if other.first < self.first:
            return False
        if self.last is None:
            return True
        return other.last is not None and other.last <= self.last


def parse_age_group(label: str) -> AgeGroup:
    """Read one label: ``5-17``, ``5`` or ``65+``.

    Raises
    ------
    ValueError
        If the label is none of these, or its range runs backwards.
    """
    if match := _OPEN.fullmatch(label):
        return AgeGroup(label, int(match[1]), None)
    if match := _SINGLE.fullmatch(label):
        return AgeGroup(label, int(match[1]), int(match[1]))
    match = _RANGE.fullmatch(label)
    if match is None:
        raise ValueError(f'age group "{label}" is not understood; {_EXPECTED}')
    first, last = int(match[1]), int(match[2])
    if first > last:
        raise ValueError(f'age group "{label}" ends before it begins; {_EXPECTED}')
    return AgeGroup(label, first, last)


def parse_interval(text: str) -> AgeGroup:
    """Read an age interval of a data file, in which the word ``Years`` may follow.

    ``5-12 Years`` is 5-12, ``65+ Years`` is 65+. An interval that begins at some months of age,
    such as ``6 Months - 4 Years``, is read as beginning at birth: no population table counts
    months.

    Raises
    ------
    ValueError
        If the text is not an age interval, or it runs backwards.
    """
    if match := _MONTHS.fullmatch(text):
        return AgeGroup(text, 0, int(match[2]))
    try:
        group = parse_age_group(text.removesuffix(" Years"))
    except ValueError:
        raise ValueError(
            f'age interval "{text}" is not understood; expected, for example, "5-12 Years", '
            '"65+ Years", "6 Months - 4 Years" or "18-49"'
        ) from None
    return AgeGroup(text, group.first, group.last)


def parse_age_groups(labels: Sequence[str]) -> tuple[AgeGroup, ...]:
    """Read the labels of a population's age groups, which hold every age once and in order.

    Raises
    ------
    ValueError
        If a label is not understood, the first group does not begin at 0, a group does not begin
        where the one before it ends, or the last group is not the open one. The message names
        the label and what is expected in its place.
    """
    if not labels:
        raise ValueError('there are no age groups; expected, for example, "0-17" and "18+"')
    groups = tuple(parse_age_group(label) for label in labels)
    expected = 0
    for position, group in enumerate(groups):
        if group.first != expected:
            after = f'group after "{groups[position - 1].label}"' if position else "first group"
            raise ValueError(
                f'age group "{group.label}" begins at {group.first}; expected the {after} to begin '
                f"at {expected}, so that every age is in one group"
            )
        if group.last is None:
            break
        expected = group.last + 1
    last_read = groups[position]
    if last_read.last is not None:
        raise ValueError(
            f'age group "{last_read.label}" is the last one but not open; '
            f'expected "{last_read.first}+"'
        )
    if position + 1 < len(groups):
        raise ValueError(
            f'age group "{last_read.label}" is open but "{groups[position + 1].label}" follows; '
            "only the last one is open"
        )
    return groups


def map_groups(source: Sequence[AgeGroup], target: Sequence[AgeGroup]) -> NDArray[np.intp]:
    """Return the target group of each source group.

    Parameters
    ----------
    source, target
        S and T groups, each set contiguous from 0 with its last group open.

    Returns
    -------
    index
        Shape (S,). Position in ``target``, ascending.

    Raises
    ------
    ValueError
        If a source group does not lie within one target group: nothing tells how to split its
        persons.
    """
    index = np.empty(len(source), dtype=np.intp)
    for position, group in enumerate(source):
        home = [k for k, wider in enumerate(target) if wider.holds(group)]
        if not home:
            cutter = next(
                wider for wider in target if wider.last is not None and wider.last >= group.first
            )
            raise ValueError(
                f'age group "{cutter.label}" splits the data\'s age group "{group.label}"; '
                "expected groups made of whole age groups of the data"
            )
        index[position] = home[0]
    return index


def overlap_shares(
    intervals: Sequence[AgeGroup],
    target: Sequence[AgeGroup],
    fine: Sequence[AgeGroup],
    sizes: ArrayLike,
) -> NDArray[np.float64]:
    """Return the share of each interval's persons that belongs to each target group.

    ``counts @ shares`` spreads counts of other age intervals (doses for "18-64 Years") over the
    target groups and conserves their sum. Persons are counted in the fine groups. If an interval
    or a target group cuts through a fine group, its persons are taken to be spread evenly over its
    ages. The open fine group cannot be cut: an interval that begins inside it (75+ in a fine group
    65+) counts as the whole of it. An interval without persons is spread by the number of its
    ages.

    Parameters
    ----------
    intervals
        I intervals of ages; they may overlap or leave gaps.
    target, fine
        T and F groups, each set contiguous from 0 with its last group open.
    sizes
        Shape (F,). Persons in each fine group.

    Returns
    -------
    shares
        Shape (I, T). Each row sums to 1.

    Raises
    ------
    ValueError
        If a target group begins inside the open fine group, or an interval begins below the open
        fine group and ends inside it: the number of these persons is not known.
    """
    unit = fine[-1]
    _refuse_cuts(unit, intervals, target)
    in_fine = _ages_held(fine, unit.first)
    widths = in_fine.sum(axis=1)
    # Ages shared by interval i, target group t and fine group f.
    in_all = np.einsum(
        "ia,ta,fa->itf", _ages_held(intervals, unit.first), _ages_held(target, unit.first), in_fine
    )
    persons = in_all @ (np.asarray(sizes, dtype=np.float64) / widths)
    empty = persons.sum(axis=1) == 0
    persons[empty] = in_all[empty].sum(axis=2)
    shares: NDArray[np.float64] = persons / persons.sum(axis=1, keepdims=True)
    return shares


def _refuse_cuts(unit: AgeGroup, intervals: Sequence[AgeGroup], target: Sequence[AgeGroup]) -> None:
    """Raise ValueError if the open fine group would have to be cut."""
    if target[-1].first > unit.first:
        raise ValueError(
            f'age group "{target[-1].label}" begins inside the data\'s open age group '
            f'"{unit.label}"; expected {unit.first}+ or a younger beginning'
        )
    for interval in intervals:
        if interval.first < unit.first and unit.first <= (interval.last or 0):
            raise ValueError(
                f'age interval "{interval.label}" ends inside the open age group "{unit.label}" of '
                "the population; how many persons are above its end is not known"
            )


def _ages_held(groups: Sequence[AgeGroup], open_age: int) -> NDArray[np.float64]:
    """Return 1 where a group holds an age, (groups, open_age + 1); the open group comes last."""
    ages = np.arange(open_age + 1)
    first = np.array([min(group.first, open_age) for group in groups])
    last = np.array([open_age if group.last is None else group.last for group in groups])
    held = (first[:, None] <= ages) & (ages <= last[:, None])
    return held.astype(np.float64)

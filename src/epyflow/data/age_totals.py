"""Leave out totals over ages, which would count people twice."""

from collections.abc import Collection, Sequence
from itertools import pairwise

from epyflow.population.age_groups import AgeGroup


def leave_out_totals(groups: Collection[AgeGroup]) -> list[AgeGroup]:
    """Leave out the groups that are made up of others, such as 6 months to 17 years.

    Parameters
    ----------
    groups
        Intervals of ages, with different labels.

    Returns
    -------
    groups
        The remaining groups, from young to old; no two overlap, but ages may be missing.

    Raises
    ------
    ValueError
        If two groups overlap and neither is wider, or if others cover only a part of a wider
        group: without the wider group some people would be lost, with it some would count twice.
    """
    ascending = sorted(groups, key=lambda group: (group.first, _end(group)))
    kept = [group for group in ascending if not any(_is_wider(group, other) for other in ascending)]
    for younger, older in pairwise(kept):
        if older.first < _end(younger):
            raise ValueError(f'ages "{younger.label}" and "{older.label}" overlap partly')
    for total in ascending:
        if total not in kept:
            _check_made_up(total, kept)
    return kept


def _end(group: AgeGroup) -> float:
    """Return the birthday at which people leave the group."""
    return float("inf") if group.last is None else group.last + 1


def _is_wider(group: AgeGroup, other: AgeGroup) -> bool:
    return group.holds(other) and not other.holds(group)


def _check_made_up(total: AgeGroup, kept: Sequence[AgeGroup]) -> None:
    parts = [group for group in kept if group.first < _end(total) and total.first < _end(group)]
    begins = [*(part.first for part in parts), _end(total)]
    ends = [total.first, *(_end(part) for part in parts)]
    if begins != ends:
        labels = ", ".join(f'"{part.label}"' for part in parts)
        raise ValueError(f'ages "{total.label}" overlap with {labels} but are not made up of them')

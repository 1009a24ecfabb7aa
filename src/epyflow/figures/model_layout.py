"""Place the compartments of a model in columns, in the order in which people pass through them."""

from collections.abc import Mapping, Sequence

Way = tuple[str, str, str]
"""Source, target and kind of a transition."""


def layout(compartments: Sequence[str], ways: Sequence[Way]) -> dict[str, tuple[int, float]]:
    """Return the column and the row of each compartment, from the upper left.

    Compartments connected by transitions other than vaccination form a band; bands follow one
    another from top to bottom in the order of the model. The column of a compartment is the length
    of the longest path to it within its band, without transitions that lead back. A column with
    fewer compartments than its band has rows is centred, so a row may be a half.
    """
    inner = [(source, target) for source, target, kind in ways if kind != "vaccination"]
    cells: dict[str, tuple[int, float]] = {}
    top = 0.0
    for band in _bands(compartments, inner):
        columns = _columns(band, inner)
        members = [
            [name for name in band if columns[name] == column]
            for column in range(max(columns.values()) + 1)
        ]
        height = max(map(len, members))
        for column, names in enumerate(members):
            first = top + (height - len(names)) / 2
            cells |= {name: (column, first + row) for row, name in enumerate(names)}
        top += height
    return cells


def _bands(compartments: Sequence[str], ways: Sequence[tuple[str, str]]) -> list[tuple[str, ...]]:
    """Return the connected groups, each in the order of the model."""
    group = {name: name for name in compartments}
    for source, target in ways:
        one, other = group[source], group[target]
        if one != other:
            group = {name: one if its == other else its for name, its in group.items()}
    bands: dict[str, list[str]] = {}
    for name in compartments:
        bands.setdefault(group[name], []).append(name)
    return [tuple(band) for band in bands.values()]


def _columns(band: Sequence[str], ways: Sequence[tuple[str, str]]) -> Mapping[str, int]:
    """Return the length of the longest path to each compartment, without transitions back."""
    after = {name: [target for source, target in ways if source == name] for name in band}
    forward, order = _without_ways_back(band, after)
    columns = dict.fromkeys(band, 0)
    for name in order:
        for target in forward[name]:
            columns[target] = max(columns[target], columns[name] + 1)
    return columns


def _without_ways_back(
    band: Sequence[str], after: Mapping[str, Sequence[str]]
) -> tuple[dict[str, list[str]], list[str]]:
    """Return the transitions that close no cycle, and the compartments in depth-first order.

    The search starts at compartments that no transition leads to, or else at the first one.
    """
    reached = {target for targets in after.values() for target in targets}
    forward: dict[str, list[str]] = {name: [] for name in band}
    finished: list[str] = []
    walking: set[str] = set()

    def walk(name: str) -> None:
        walking.add(name)
        for target in after[name]:
            if target in walking:
                continue
            forward[name].append(target)
            if target not in finished:
                walk(target)
        walking.discard(name)
        finished.append(name)

    for name in sorted(band, key=lambda each: each in reached):
        if name not in finished:
            walk(name)
    return forward, finished[::-1]

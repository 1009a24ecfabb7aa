"""Read and write names of comparisons: transition series joined by ``+``."""

import re
from collections import Counter
from collections.abc import Iterable

# The series of an open age group ends with a plus: "S_to_I_65++S_to_H_65+".
_JOINT = re.compile(r"\+(?!\+|$)")


def terms(comparison: str) -> tuple[str, ...]:
    """Return the series that a comparison sums: ``A_total+B_total`` gives the two."""
    return tuple(_JOINT.split(comparison))


def number_repeats(comparisons: Iterable[str]) -> tuple[str, ...]:
    """Return names for columns: one series compared with two sources is ``A`` and ``A#2``."""
    seen: Counter[str] = Counter()
    names = []
    for name in comparisons:
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return tuple(names)


def split_number(name: str) -> tuple[str, int]:
    """Undo :func:`number_repeats` for one name: ``A#2`` gives ``A`` and 2."""
    plain, _, number = name.partition("#")
    return plain, int(number or 1)

"""Offer the nearest valid names when one is wrong."""

from collections.abc import Iterable
from difflib import get_close_matches

_SHORTEST_BEGINNING = 3
_LONGEST, _MOST = 100, 2_000
"""A longer text is no misspelt name; comparing it, or more names than these, takes time."""


def nearest(name: str, valid: Iterable[str], limit: int = 3) -> list[str]:
    """Return up to ``limit`` of ``valid`` that resemble ``name``, best first; case is ignored.

    Where none does, those that begin with it: ``target_parameter`` for ``target``.
    """
    if len(name) > _LONGEST:
        return []
    by_folded: dict[str, str] = {}
    for candidate in sorted(valid):
        by_folded.setdefault(candidate.casefold(), candidate)
    folded = name.casefold()
    few = len(by_folded) <= _MOST
    matches = get_close_matches(folded, by_folded, n=limit, cutoff=0.6) if few else []
    if not matches and len(folded) >= _SHORTEST_BEGINNING:
        matches = [candidate for candidate in by_folded if candidate.startswith(folded)][:limit]
    return [by_folded[match] for match in matches]


def did_you_mean(name: str, valid: Iterable[str]) -> str:
    """Return `` (did you mean X or Y?)``, or nothing where nothing is near."""
    names = nearest(name, valid)
    return f" (did you mean {' or '.join(names)}?)" if names else ""


def listed(names: Iterable[str], limit: int = 12) -> str:
    """Join names for a message; a long list is cut and says so."""
    ordered = list(names)
    shown = ", ".join(ordered[:limit])
    return f"{shown}, ... ({len(ordered)} in all)" if len(ordered) > limit else shown


def find_code_with_zeros(text: str, codes: Iterable[str]) -> str | None:
    """Return the code that a text is without its leading zeros, as spreadsheets write it."""
    number = text.removesuffix(".0").lstrip("0")
    return next((code for code in codes if code.isdigit() and code.lstrip("0") == number), None)

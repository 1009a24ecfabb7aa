"""Select series of a result by name: persons in a compartment, or persons per transition."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from epyflow.artifacts.task import NOT_STARTED, Fit, MemberResult, PackedArray, Result
from epyflow.data import comparison_names
from epyflow.errors import ArtifactError, EpyflowError
from epyflow.suggest import did_you_mean, listed

Kind = Literal["compartments", "transitions"]

BLOCK = 2_000_000
"""Values processed at a time, so that memory does not grow with simulations times series."""


@dataclass(frozen=True)
class Selection:
    """The series selected from a result.

    Attributes
    ----------
    kind
        Which of a member's arrays they are in.
    columns
        S names.
    rows
        Which compartments or transitions they need, ascending.
    positions
        Shape (terms,). Where each series is in (``rows``, age groups and total) laid out flat.
    sums
        Shape (S,). Where the terms of each column begin, up to those of the next, ascending; None
        where each column is one term.
    """

    kind: Kind | Literal["reported", "reproduction"]
    columns: tuple[str, ...]
    rows: NDArray[np.intp]
    positions: NDArray[np.intp]
    sums: NDArray[np.intp] | None = None

    def counts(self, member: MemberResult) -> NDArray[Any]:
        """Return the member's array, shape (simulations, T, compartments or transitions, G).

        Reported comparisons and reproduction numbers are in one group, not G: shape (simulations,
        T, comparisons or 1, 1).

        Raises
        ------
        ArtifactError
            If a count is not a number. No table shows such a simulation.
        """
        packed = getattr(member, self.kind)
        return finite(packed, f"{self.kind} of member {member.primary_id}")

    def has_started(self, counts: NDArray[Any]) -> NDArray[np.bool_]:
        """Return on which dates each simulation of ``counts`` has started, shape (n, T)."""
        started: NDArray[np.bool_] = (counts != NOT_STARTED).all(axis=(2, 3))
        return started

    def of(self, counts: NDArray[Any]) -> NDArray[Any]:
        """Take the series out of ``counts``: shape (n, T, ..., G) -> (n, T, S), persons.

        What it says of a simulation before its start means nothing.
        """
        wide = np.float64 if counts.dtype.kind == "f" else np.int64
        groups = counts[:, :, self.rows].astype(wide)
        with_total = np.concatenate([groups, groups.sum(axis=-1, keepdims=True)], axis=-1)
        simulations, dates = counts.shape[:2]
        flat = with_total.reshape(simulations, dates, -1)
        chosen = flat[..., self.positions]
        return chosen if self.sums is None else np.add.reduceat(chosen, self.sums, axis=-1)


def finite(packed: PackedArray, what: str) -> NDArray[Any]:
    """Unpack an array.

    Raises
    ------
    ArtifactError
        If a value is not a number. No table shows such a simulation.
    """
    values = packed.unpack()
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise ArtifactError(
            f"the {what} are not all finite numbers; "
            "run its task again, and report it if that does not help"
        )
    return values


def select(kind: Kind, result: Result, wanted: Sequence[str] | None) -> Selection:
    """Find the series ``wanted`` in ``result``, in that order; None for all.

    All means, as in epydemix: for each compartment or transition its age groups, then its total.

    Raises
    ------
    EpyflowError
        If the result has no such series.
    """
    names = result.compartments if kind == "compartments" else result.transitions
    groups = (*result.age_groups, "total")
    places = {
        f"{name}_{group}": (row, column)
        for row, name in enumerate(names)
        for column, group in enumerate(groups)
    }
    columns = tuple(places if wanted is None else wanted)
    for name in columns:
        if name not in places:
            raise EpyflowError(
                f"{name!r} is not among the {kind}{did_you_mean(name, places)}. "
                f"There are {listed(names)}, each followed by _ and one of {listed(groups)}."
            )
    asked = np.array([places[name] for name in columns], dtype=np.intp).reshape(-1, 2)
    rows, nth = np.unique(asked[:, 0], return_inverse=True)
    return Selection(kind, columns, rows, nth * len(groups) + asked[:, 1])


def select_comparisons(result: Result, fit: Fit) -> Selection:
    """Find what ``fit`` compares: a column per comparison, the sum of its transition series.

    With an observation model these are the counts as they would be reported; with units, values
    in the unit of each comparison.

    Raises
    ------
    EpyflowError
        If the result has no such series.
    """
    names = comparison_names.number_repeats(fit.comparisons)
    if fit.reporting or fit.units:
        # Their one group stands before its total.
        at = np.arange(len(names), dtype=np.intp)
        return Selection("reported", names, at, 2 * at)
    terms = [comparison_names.terms(name) for name in fit.comparisons]
    single = select("transitions", result, [name for each in terms for name in each])
    starts = np.cumsum([0, *(len(each) for each in terms[:-1])], dtype=np.intp)
    return replace(single, columns=names, sums=starts)

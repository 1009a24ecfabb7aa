"""Join the rows of many members into few data frames."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from epyflow.artifacts.task import MemberResult, Result
from epyflow.tables.series import BLOCK


@dataclass(frozen=True)
class Rows:
    """Some rows of a table.

    Attributes
    ----------
    keys
        Column to an array of shape (rows,), or to the one value that all rows have.
    counts
        Shape (rows, S). The series.
    """

    keys: Mapping[str, object]
    counts: NDArray[Any]


def frames(
    result: Result, series: tuple[str, ...], pieces: Iterable[Rows]
) -> Iterator[pd.DataFrame]:
    """Join ``pieces``, in order, into frames: keys, then series, then the location.

    A frame takes a millisecond to make and another to write whatever its size, and there may be
    100,000 members. So it holds as many pieces as give :data:`~epyflow.tables.series.BLOCK`
    values, and at least one.
    """
    pending: list[Rows] = []
    size = 0
    for piece in pieces:
        pending.append(piece)
        size += piece.counts.size
        if size >= BLOCK:
            yield _frame(result, series, pending)
            pending, size = [], 0
    if pending:
        yield _frame(result, series, pending)


def scenario_key(member: MemberResult) -> dict[str, str]:
    """Return the column ``scenario``, which only projections under scenarios have."""
    return {} if member.scenario is None else {"scenario": member.scenario}


def iso_dates(member: MemberResult) -> NDArray[np.object_]:
    """Return the dates of the member's trajectories as text, shape (T,)."""
    return _iso(member.dates)


@lru_cache(maxsize=8)
def _iso(dates: tuple[Any, ...]) -> NDArray[np.object_]:
    return np.array([day.isoformat() for day in dates], dtype=object)


def _frame(result: Result, series: tuple[str, ...], pieces: list[Rows]) -> pd.DataFrame:
    frame = pd.DataFrame(np.concatenate([piece.counts for piece in pieces]), columns=series)
    for position, name in enumerate(pieces[0].keys):
        parts = [np.broadcast_to(_array(piece.keys[name]), len(piece.counts)) for piece in pieces]
        frame.insert(position, name, np.concatenate(parts))
    frame["location"] = result.location
    return frame


def _array(key: object) -> NDArray[Any]:
    return np.array(key, dtype=object) if isinstance(key, str) else np.asarray(key)

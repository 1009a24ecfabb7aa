"""Find rows of several series, of which one would be taken for another."""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecast_hub.tables import NO_VALUE, Table

SERIES = frozenset(
    (
        *(
            "target",
            "signal",
            "indicator",
            "age_group",
            "age",
            "sex",
            "gender",
            "race",
            "ethnicity",
        ),
        *("strain", "variant", "subtype", "pathogen", "virus", "disease"),
    )
)
"""Names of columns that tell series apart, in any letter case, whatever the dates of their rows."""

_OF_VERSIONS = frozenset(("version", "release", "issue", "report", "update", "file", "filename"))
"""Names of columns that name the version of a row, beside the column of its date."""

_WHOLES = frozenset(("all", "all ages", "all_ages", "overall", "total", "both"))
_MEASURE = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?|\d{4}-\d{2}-\d{2}", re.IGNORECASE)
_MOST_SERIES = 100
"""More values than this are no names of series."""


class Mixed(NamedTuple):
    """A column that tells several series apart, among rows of which one is meant.

    Attributes
    ----------
    row, column
        The first row of several series, and the column.
    values
        The values that the column has there, sorted.
    usual
        The value that is meant as a rule: that of all ages or sexes, else the first.
    """

    row: int
    column: str
    values: list[str]
    usual: str


def find_mixed_series(
    table: Table, places: Sequence[str], day: str, as_of: str | None, values: Collection[str]
) -> Mixed | None:
    """Find rows of several series, of which one would be taken for another.

    A column named as in :data:`SERIES` must have one value for each place. Where the latest
    version of a row counts, so must any other column of text that has one value in each version:
    a series that became known later would replace the first one. A column such as ``status``,
    which differs between the rows of one version, or ``release``, tells no series apart.

    Parameters
    ----------
    table
        The rows that are meant.
    places
        Columns of the place and of task ids; may be none.
    day, as_of
        Columns of the dates and of the versions; None for a file of one version.
    values
        Columns that may differ: the observations.
    """
    keys = list(places)
    for name, texts in table.columns.items():
        there = set() if name in (*keys, day, as_of, *values) else set(texts)
        if not 1 < len(there) <= _MOST_SERIES:
            continue
        mixed = _mixed(table, keys, name)
        if name.casefold() not in SERIES and mixed.any():
            if as_of is None or _is_other(name, there):
                continue
            mixed &= _mixed(table, [*keys, day], name) & ~_mixed(table, [*keys, as_of], name)
        if mixed.any():
            first, of_rows = int(np.argmax(mixed)), _keys(table, keys)
            pairs = zip(of_rows, texts, strict=True)
            those = sorted({text for key, text in pairs if key == of_rows[first]})
            return Mixed(int(table.index[first]), name, those, usual_series(those))
    return None


def usual_series(values: Iterable[str]) -> str:
    """Return the value of all ages or sexes if there is one, else the first."""
    there = list(values)
    return next((text for text in there if text.casefold() in _WHOLES), there[0])


def _mixed(table: Table, keys: Sequence[str], name: str) -> NDArray[np.bool_]:
    """Return which rows share their keys with another value of a column."""
    of_rows = _keys(table, keys)
    first: dict[tuple[str, ...], str] = {}
    pairs = zip(of_rows, table.columns[name], strict=True)
    several = {key for key, text in pairs if first.setdefault(key, text) != text}
    return np.array([key in several for key in of_rows], dtype=np.bool_)


def _keys(table: Table, keys: Sequence[str]) -> list[tuple[str, ...]]:
    """Return what each row has in some columns."""
    if not keys:
        return [()] * len(table.index)
    return list(zip(*(table.columns[key] for key in keys), strict=True))


def _is_other(name: str, texts: Iterable[str]) -> bool:
    """Return whether a column names the version of a row, or holds numbers or dates."""
    folded = name.casefold()
    is_code = folded == "id" or folded.endswith(("_id", "_code"))
    return folded in _OF_VERSIONS or (not is_code and all(map(_is_measure, texts)))


def _is_measure(text: str) -> bool:
    return text in NO_VALUE or _MEASURE.fullmatch(text) is not None

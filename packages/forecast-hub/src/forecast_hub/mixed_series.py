"""Find rows of several series, of which one would be taken for another."""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import pandas as pd

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
    frame, keys = table.frame, list(places)
    for name in map(str, frame):
        texts = frame[name]
        if name in (*keys, day, as_of, *values) or not 1 < texts.nunique() <= _MOST_SERIES:
            continue
        mixed = _mixed(frame, keys, name)
        if name.casefold() not in SERIES:
            if as_of is None or _is_other(name, texts.unique()):
                continue
            mixed &= _mixed(frame, [*keys, day], name) & ~_mixed(frame, [*keys, as_of], name)
        if mixed.any():
            row = int(mixed.index[mixed][0])
            there = sorted(texts[(frame[keys] == frame.loc[row, keys]).all(axis=1)].unique())
            return Mixed(row, name, there, usual_series(there))
    return None


def usual_series(values: Iterable[str]) -> str:
    """Return the value of all ages or sexes if there is one, else the first."""
    there = list(values)
    return next((text for text in there if text.casefold() in _WHOLES), there[0])


def _mixed(frame: pd.DataFrame, keys: list[str], name: str) -> "pd.Series[bool]":
    """Return which rows share their keys with another value of a column, which has several."""
    if not keys:
        return pd.Series(True, index=frame.index)
    return frame.groupby(keys, sort=False)[name].transform("nunique") > 1


def _is_other(name: str, texts: Iterable[str]) -> bool:
    """Return whether a column names the version of a row, or holds numbers or dates."""
    folded = name.casefold()
    is_code = folded == "id" or folded.endswith(("_id", "_code"))
    return folded in _OF_VERSIONS or (not is_code and all(map(_is_measure, texts)))


def _is_measure(text: str) -> bool:
    return text in NO_VALUE or _MEASURE.fullmatch(text) is not None

"""Find the rows of each location in a table of observations."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from epyflow.data.sheet import is_day, listed
from epyflow.errors import DataError, NoObservationsError
from forecast_hub.suggestions import find_code_with_zeros

if TYPE_CHECKING:
    from forecast_hub.tables import Table

LOCATION_COLUMNS = ("geo_value", "location")
"""Columns of locations that need not be named, in the order in which they are looked for."""


class LocatedTable:
    """A table of observations whose locations are found once, for all that are read from it.

    Attributes
    ----------
    table
        All rows.
    column
        Its column of locations.
    """

    def __init__(self, table: "Table", location_column: str | None) -> None:
        self.table = table
        self.column = find_location_column(table, location_column)
        self._positions: dict[str, list[int]] = {}
        for position, text in enumerate(table.columns[self.column]):
            self._positions.setdefault(text.casefold(), []).append(position)

    @property
    def names(self) -> tuple[str, ...]:
        """The locations in lower case, in the order of the file."""
        return tuple(self._positions)

    def choose(self, spellings: Collection[str]) -> "Table":
        """Choose the rows of a location, by any of its spellings, in any letter case.

        Raises
        ------
        NoObservationsError
            If there is none; the message lists what the column holds.
        DataError
            If there is none, and a code of the location is there without its leading zeros.
        """
        accepted = {spelling.casefold() for spelling in spellings}
        found = sorted(each for name in accepted for each in self._positions.get(name, ()))
        if not found:
            raise self._missing(spellings)
        return self.table.take(np.array(found, dtype=np.intp))

    def _missing(self, spellings: Collection[str]) -> DataError:
        there = list(dict.fromkeys(self.table.columns[self.column]))
        told = f"{self.table.path}: {self.column}: no row for {' or '.join(sorted(spellings))}; "
        for text in there:
            code = find_code_with_zeros(text, spellings)
            if code is not None:
                return DataError(
                    f"{told}{text!r} is there: spreadsheets drop zeros; expected {code}"
                )
        return NoObservationsError(f"{told}the file has {listed(there) or 'no rows'}")


def find_dateless(cells: Mapping[Any, str], column: str) -> str:
    """Return what is wrong with a column of dates that holds none in a row; else nothing.

    Rows that differ in something that is no date seem to belong to several series.
    """
    if is_day(cells[column]):
        return ""
    dated = listed([name for name, text in cells.items() if is_day(text)])
    advice = f": name {dated} in observed_date_column" if dated else ""
    return f"{cells[column]!r} is not a date; expected YYYY-MM-DD{advice}"


def find_location_column(table: "Table", named: str | None) -> str:
    """Return the column of locations: the one that is named, or the first of the usual names."""
    candidates = (named,) if named is not None else LOCATION_COLUMNS
    for column in candidates:
        if column in table.columns:
            return column
    raise DataError(
        f"{table.path}:1: no column {' or '.join(candidates)}; the file has "
        f"{', '.join(table.columns)}: name the column in observed_location_column"
    )

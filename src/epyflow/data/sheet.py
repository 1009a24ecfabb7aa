"""Read a CSV file with errors that name the file, the line and the column."""

import csv
import gzip
import math
import zlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from epyflow.errors import DataError, UnreadableError
from epyflow.population.age_groups import MOST, as_number
from forecast_hub.errors import HubError
from forecast_hub.limited_files import csv_rows

_LISTED, _MOST_DIGITS = 12, 18

MOST_CELLS = 20_000_000
"""Cells of a sheet, which has less than 2 GB of memory then: ten times those of every state."""


@dataclass(frozen=True)
class Row:
    """One line of a CSV file.

    Attributes
    ----------
    path, line
        The file, and the line counted from 1.
    cells
        Column to text, without surrounding spaces.
    """

    path: Path
    line: int
    cells: Mapping[str, str]

    def error(self, column: str, problem: str, expected: str) -> DataError:
        """Return the error ``file:line: column: problem; expected ...`` for the caller to raise."""
        return DataError(f"{self.path}:{self.line}: {column}: {problem}; expected {expected}")

    def number(self, column: str) -> float:
        """Return a cell as a number from 0 to :data:`MOST`; anything else is a DataError."""
        value = as_number(self.cells[column])
        if math.isnan(value):
            problem = f"is {self.cells[column][:60]!r}"
            raise self.error(column, problem, f"a number from 0 to {MOST:,}")
        return value

    def whole(self, column: str, low: int, high: int) -> int:
        """Return a cell as a whole number from ``low`` to ``high``; else a DataError."""
        text = self.cells[column]
        digits = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
        if not (digits and low <= int(text) <= high):
            raise self.error(column, f"is {text[:60]!r}", f"a whole number from {low} to {high}")
        return int(text)

    def day(self, column: str) -> date:
        """Return a cell as a date; anything but YYYY-MM-DD is a DataError."""
        text = self.cells[column]
        if not is_day(text):
            raise self.error(column, f"{text!r} is not a date", "YYYY-MM-DD")
        return date.fromisoformat(text)


def is_day(text: str) -> bool:
    """Return whether a text is a date of the calendar, written YYYY-MM-DD."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


@dataclass(frozen=True)
class Sheet:
    """A CSV file: its path, its columns in order, and its rows."""

    path: Path
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def of_location(self, column: str, spellings: Collection[str]) -> list[Row]:
        """Return the rows whose ``column`` holds one of the spellings, in any letter case.

        Raises
        ------
        DataError
            If there is none; the message lists what the column holds.
        """
        accepted = {spelling.casefold() for spelling in spellings}
        rows = [row for row in self.rows if row.cells[column].casefold() in accepted]
        if not rows:
            held = listed(dict.fromkeys(row.cells[column] for row in self.rows))
            raise DataError(
                f"{self.path}: {column}: no row for {' or '.join(sorted(spellings))}; "
                f"the file has {held or 'no rows'}"
            )
        return rows


def listed(names: Collection[str]) -> str:
    """Join names with commas; after a dozen, add the number of those left out."""
    shown = ", ".join(list(names)[:_LISTED])
    return shown if len(names) <= _LISTED else f"{shown} and {len(names) - _LISTED} more"


def read_sheet(path: Path, required: Sequence[str]) -> Sheet:
    """Read a CSV file with a header, compressed if its name ends in ``.gz``.

    Parameters
    ----------
    path
        The file, in UTF-8.
    required
        Columns that the file must have; it may have others.

    Raises
    ------
    UnreadableError
        If the file is not there, cannot be read, or is above a limit of
        :mod:`forecast_hub.limited_files`.
    DataError
        If it is not CSV, a required column is missing, a column's name occurs twice, or a row has
        more or fewer cells than the header.
    """
    try:
        lines = csv_rows(path, cells=MOST_CELLS)
        _, header = next(lines, (1, []))
        columns = tuple(name.strip() for name in header)
        _check_header(path, columns, required)
        rows = tuple(_row(path, line, columns, cells) for line, cells in lines)
    except HubError as error:
        raise UnreadableError(str(error)) from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{path}: is not a complete gzip file: {error}") from error
    except OSError as error:
        raise UnreadableError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not text in UTF-8: {error}") from error
    except csv.Error as error:
        raise DataError(f"{path}: not valid CSV: {error}") from error
    return Sheet(path, columns, rows)


def _check_header(path: Path, columns: Sequence[str], required: Sequence[str]) -> None:
    twice = [name for name, times in Counter(columns).items() if times > 1]
    if twice:
        raise DataError(
            f"{path}:1: the column {', '.join(twice)} occurs more than once; expected it once"
        )
    missing = [name for name in required if name not in columns]
    if missing:
        raise DataError(
            f"{path}:1: no column {', '.join(missing)}; "
            f"the file has {', '.join(columns) or 'no columns'}"
        )


def _row(path: Path, line: int, columns: Sequence[str], cells: Sequence[str]) -> Row:
    if len(cells) != len(columns):
        raise DataError(
            f"{path}:{line}: {len(cells)} cells; expected {len(columns)}, as in the header"
        )
    return Row(path, line, dict(zip(columns, (cell.strip() for cell in cells), strict=True)))

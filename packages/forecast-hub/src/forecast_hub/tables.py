"""Read csv and parquet files as text, and check dates and numbers with errors that name lines.

What was observed is read here: outcomes to score against, and observations to fit to.
"""

import csv
import zlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray

from forecast_hub.dates import parse_date
from forecast_hub.errors import DataError, UnreadableError
from forecast_hub.limited_files import SUFFIXES, csv_rows, most_bytes, too_large
from forecast_hub.parquet_files import check_cells, distinct_values, read_parquet
from forecast_hub.suggestions import listed

if TYPE_CHECKING:
    import pandas as pd

Texts = NDArray[np.object_]
"""Cells of a column, shape (rows,), each a Python text."""

NO_VALUE = ("", "NA", "NaN", "nan", "null")

_NO_PARTITION = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class Table:
    """The rows of a file, or of the files of a partitioned folder.

    Attributes
    ----------
    path
        The file or folder.
    columns
        All values as text without surrounding spaces, by column; empty where there is none.
    index
        Shape (rows,). The numbers of the rows among those of all files, from 0.
    files
        Each file, the index of its first row, and the line of each row; rows of a parquet file are
        counted from 1.
    """

    path: Path
    columns: Mapping[str, Texts]
    index: NDArray[np.intp]
    files: tuple[tuple[int, Path, Sequence[int]], ...]

    @cached_property
    def frame(self) -> "pd.DataFrame":
        """The columns as a data frame with the index."""
        import pandas as pd  # imported here: it takes time, and a check needs no frame

        return pd.DataFrame(dict(self.columns), index=self.index, dtype="str")

    def choose(self, rows: Iterable[bool]) -> "Table":
        """Return the table with the rows for which ``rows``, one for each row, is true."""
        return self.take(np.flatnonzero(np.fromiter(rows, dtype=np.bool_)))

    def take(self, positions: NDArray[np.intp]) -> "Table":
        """Return the table with the rows at some positions, counted from 0."""
        columns = {name: texts[positions] for name, texts in self.columns.items()}
        return replace(self, columns=columns, index=self.index[positions])

    def require(self, columns: Sequence[str]) -> None:
        """Refuse a table that lacks a column."""
        if missing := [name for name in columns if name not in self.columns]:
            raise DataError(
                f"{self.path}:1: no column {', '.join(missing)}; "
                f"the file has {', '.join(self.columns) or 'no columns'}"
            )

    def place(self, row: int) -> tuple[Path, int]:
        """Return the file and the line of a row."""
        position = bisect_right([first for first, _, _ in self.files], row) - 1
        first, path, lines = self.files[position]
        return path, lines[row - first]

    def error(self, row: int, column: str, problem: str, expected: str) -> DataError:
        """Return the error ``file:line: column: problem; expected ...`` for the caller to raise."""
        path, line = self.place(row)
        return DataError(f"{path}:{line}: {column}: {problem}; expected {expected}")

    def days(self, column: str) -> Texts:
        """Return a column of dates as text.

        Raises
        ------
        DataError
            If one is not of the form YYYY-MM-DD.
        """
        texts = self.columns[column]
        wrong = {text for text in set(texts) if parse_date(text) is None}
        for row, text in zip(self.index.tolist(), texts if wrong else (), strict=False):
            if text in wrong:
                raise self.error(row, column, f"{text!r} is not a date", "YYYY-MM-DD")
        return texts

    def numbers(self, column: str) -> "pd.Series":
        """Return a column of numbers as float64; NaN where there is no value.

        Raises
        ------
        DataError
            If one is negative, infinite or no number.
        """
        import pandas as pd

        texts = pd.Series(self.columns[column], index=self.index, dtype="str")
        missing = texts.isin(NO_VALUE)
        numbers = pd.to_numeric(texts.mask(missing), errors="coerce").astype("float64")
        usable = missing | (np.isfinite(numbers) & (numbers >= 0))
        if not usable.all():
            row = int(usable.index[~usable][0])
            is_number = not np.isnan(numbers[row])
            problem = f"is {texts[row]}" if is_number else f"{texts[row]!r} is not a number"
            raise self.error(row, column, problem, "a number of zero or more")
        return numbers


def read_table(path: Path) -> Table:
    """Read a table as text.

    Parameters
    ----------
    path
        A csv file in UTF-8, which may be gzipped, or a parquet file, or a folder of them. Folders
        within it named ``column=value`` are a column: hubverse documentation, "Target data",
        "Partitioned target data" (https://docs.hubverse.io/en/latest/user-guide/target-data.html).

    Raises
    ------
    UnreadableError
        If it is missing or is not a table.
    DataError
        If a column is there twice, a row has more or fewer cells than the header, or files of a
        folder have different columns.
    """
    if not path.is_dir():
        columns, lines = _read_file(path)
        return Table(path, columns, np.arange(len(lines)), ((0, path, lines),))
    paths = sorted(
        each for each in path.rglob("*") if each.name.endswith(SUFFIXES) and each.is_file()
    )
    if not paths:
        raise UnreadableError(f"{path}: no file of it is a table; expected {listed(SUFFIXES)}")
    parts: list[dict[str, Texts]] = []
    files, first, size, characters = [], 0, 0, 0
    for each in paths:
        columns, lines = _read_file(each)
        size += each.stat().st_size
        characters += sum(len(text) for texts in columns.values() for text in texts)
        if characters > (most := most_bytes(size)):
            raise too_large(path, f"more than {most:,} characters of text")
        parts.append(columns | _partition(each, path, len(lines)))
        files.append((first, each, lines))
        first += len(lines)
        check_cells(path, first, len(parts[-1]), size)
        if set(parts[-1]) != set(parts[0]):
            raise DataError(
                f"{each}: has the columns {listed(parts[-1])}, and {paths[0].name} has "
                f"{listed(parts[0])}; expected the same in every file of the folder"
            )
    whole = {name: np.concatenate([each[name] for each in parts]) for name in parts[0]}
    return Table(path, whole, np.arange(first), tuple(files))


def _partition(path: Path, folder: Path, rows: int) -> dict[str, Texts]:
    parts = [part.split("=", 1) for part in path.parent.relative_to(folder).parts if "=" in part]
    return {
        name: np.full(rows, "" if text == _NO_PARTITION else unquote(text), dtype=np.object_)
        for name, text in parts
    }


def _read_file(path: Path) -> tuple[dict[str, Texts], Sequence[int]]:
    return _read_parquet(path) if path.suffix == ".parquet" else _read_csv(path)


def _read_csv(path: Path) -> tuple[dict[str, Texts], Sequence[int]]:
    try:
        lines = csv_rows(path)
        _, header = next(lines, (1, []))
        columns = [name.strip() for name in header]
        _check_header(path, columns)
        rows = [(line, _checked(path, line, cells, len(columns))) for line, cells in lines]
    except (OSError, EOFError, UnicodeDecodeError, csv.Error, zlib.error) as error:
        raise UnreadableError(f"{path}: cannot be read ({error})") from None
    texts = np.array([cells for _, cells in rows], dtype=np.object_)
    by_column = texts.reshape(len(rows), len(columns)).T
    return dict(zip(columns, by_column, strict=True)), [line for line, _ in rows]


def _check_header(path: Path, columns: Sequence[str]) -> None:
    if not columns:
        raise DataError(f"{path}: is empty; expected a header and rows")
    if twice := sorted(name for name, times in Counter(columns).items() if times > 1):
        raise DataError(
            f"{path}:1: the column {', '.join(twice)} occurs more than once; expected it once"
        )


def _checked(path: Path, line: int, cells: list[str], count: int) -> list[str]:
    if len(cells) != count:
        raise DataError(f"{path}:{line}: {len(cells)} cells; expected {count}, as in the header")
    return [cell.strip() for cell in cells]


def _read_parquet(path: Path) -> tuple[dict[str, Texts], Sequence[int]]:
    import pyarrow as pa  # imported here: most files are csv

    try:
        table = read_parquet(path)
        columns = {
            name: _as_text(values)[positions]
            for name, (values, positions) in zip(
                table.column_names, distinct_values(path, table), strict=True
            )
        }
    except (OSError, pa.ArrowException) as error:
        raise UnreadableError(f"{path}: cannot be read as parquet ({error})") from None
    return columns, range(1, table.num_rows + 1)


def _as_text(values: Any) -> Texts:
    """Return values of arrow as text, and "" as the last.

    Times at midnight, as pandas writes dates, are dates; the reader judges other times.
    """
    import pyarrow as pa
    from pyarrow import compute

    texts = values.cast(pa.string())
    if pa.types.is_timestamp(values.type):
        midnight = compute.equal(values, compute.floor_temporal(values, unit="day"))
        texts = compute.if_else(midnight, values.cast(pa.date32()).cast(pa.string()), texts)
    return np.array([*texts.to_pylist(), ""], dtype=np.object_)

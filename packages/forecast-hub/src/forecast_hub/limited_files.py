"""Read csv and JSON files that others wrote, within limits on their content.

A gzip file of some megabytes can hold gigabytes. So a row or a table above a limit is refused
before it is in memory as a whole. A packed file may hold less if it is small: whoever packs a
gigabyte into a few kilobytes means harm.
"""

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from forecast_hub.errors import UnreadableError

SUFFIXES = (".csv", ".csv.gz", ".parquet")
"""Endings of the files with a table."""

MOST_BYTES = 2**30
"""Bytes of a file when decompressed: more than a season of trajectories of every state has."""

MOST_JSON_BYTES = 20_000_000
LONGEST_NUMBER = 1_000
"""Digits of a whole number in JSON."""

MOST_CELLS = 120_000_000
"""Cells of a table, where each row counts as :data:`ROW` more: some 9 GB of memory as text."""

ROW = 4
"""The memory of a row besides its cells, in cells."""

MOST_COLUMNS = 20_000
LONGEST_ROW = 1_000_000
"""Characters of a row, line ends in quoted cells included."""

SMALL_BYTES, BYTES_RATIO = 2**27, 250
"""Bytes that each packed file may hold, and for each of its own bytes, whichever is more."""

SMALL_CELLS, CELLS_RATIO = 12_000_000, 10
"""Cells, likewise. The forecasts and target data of hubs have up to 3 in a byte of csv.gz."""


class _Limited(io.RawIOBase):
    """The bytes of a stream, up to a limit."""

    def __init__(self, stream: BinaryIO, path: Path, most: int) -> None:
        self._stream, self._path, self._most, self._left = stream, path, most, most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = cast("io.BufferedIOBase", self._stream).readinto(buffer)
        self._left -= count
        if self._left < 0:
            raise too_large(self._path, f"more than {self._most:,} bytes when decompressed")
        return count


class _Lines:
    """The lines of a text; ``length`` counts the characters since it was last set."""

    def __init__(self, text: io.TextIOWrapper, path: Path) -> None:
        self._text, self._path, self.length = text, path, 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._text.readline(LONGEST_ROW + 1)
        self.length += len(line)
        if self.length > LONGEST_ROW:
            raise too_large(self._path, f"a row of more than {LONGEST_ROW:,} characters")
        if not line:
            raise StopIteration
        return line


def too_large(path: Path, what: str) -> UnreadableError:
    """Return the error about a file that exceeds a limit; ``what`` says which."""
    return UnreadableError(
        f"{path}: has {what}; expected a smaller table: keep the locations, dates and columns that "
        "are needed, or divide it"
    )


def most_bytes(size: int) -> int:
    """Return the bytes that a packed file of ``size`` bytes may hold."""
    return min(MOST_BYTES, max(SMALL_BYTES, BYTES_RATIO * size))


def most_cells(size: int, ratio: int) -> int:
    """Return the cells that a packed file of ``size`` bytes may hold, ``ratio`` in each byte."""
    return min(MOST_CELLS, max(SMALL_CELLS, ratio * size))


@contextmanager
def open_data(path: Path, most: int | None = None) -> Iterator[BinaryIO]:
    """Open a file for reading bytes, decompressed if its name ends in ``.gz``.

    Parameters
    ----------
    path
        The file.
    most
        Bytes that may be read from it, decompressed; None for :data:`MOST_BYTES`, or
        :func:`most_bytes` of a packed file.

    Raises
    ------
    UnreadableError
        If it is no regular file, such as a pipe; while it is read, if it has more bytes.
    OSError, EOFError, zlib.error
        If it cannot be read, or is not a complete gzip file.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise UnreadableError(f"{path}: cannot be read: not a regular file")
    size, packed = path.stat().st_size, path.suffix == ".gz"
    limit = most or (most_bytes(size) if packed else MOST_BYTES)
    if not packed and size > limit:
        raise too_large(path, f"more than {limit:,} bytes")
    opened: Any = gzip.open if packed else open
    with opened(path, "rb") as stream, _Limited(stream, path, limit) as limited:
        yield cast("BinaryIO", io.BufferedReader(limited))


def csv_rows(
    path: Path, most: int | None = None, cells: int | None = None
) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a csv file that are not empty, header first, with their line numbers.

    Parameters
    ----------
    path
        The file in UTF-8, gzipped if its name ends in ``.gz``.
    most
        See :func:`open_data`.
    cells
        Cells that it may have; None for :data:`MOST_CELLS`. A packed file may not have more than
        :func:`most_cells`.

    Raises
    ------
    UnreadableError
        If it exceeds a limit of this module.
    csv.Error, UnicodeDecodeError
        If it is not csv; also the errors of :func:`open_data`.
    """
    limit, count = cells or MOST_CELLS, 0
    if path.suffix == ".gz" and path.is_file():
        limit = min(limit, most_cells(path.stat().st_size, CELLS_RATIO))
    with open_data(path, most) as file, io.TextIOWrapper(file, "utf-8-sig", newline="") as text:
        lines = _Lines(text, path)
        reader = csv.reader(lines, strict=True)
        for number, row in enumerate(_rows(reader)):
            if number == 1:
                _check_size(path, most)
            count += len(row) + ROW
            if len(row) > MOST_COLUMNS:
                raise too_large(path, f"more than {MOST_COLUMNS:,} columns")
            if count > limit:
                raise too_large(path, f"more than {limit:,} cells, a row counted as {ROW} more")
            lines.length = 0
            if row:
                yield reader.line_num, row


def _rows(reader: Any) -> Iterator[list[str]]:
    try:
        yield from reader
    except csv.Error as error:
        raise csv.Error(f"line {reader.line_num}: {error}") from None


def _check_size(path: Path, most: int | None) -> None:
    """Read a compressed file to its end: that is fast, and takes no memory."""
    if path.suffix == ".gz":
        with open_data(path, most) as file:
            while file.read(2**20):
                pass


@contextmanager
def open_table(path: Path, most: int | None = None) -> Iterator[BinaryIO]:
    """Open a csv file for pandas: as :func:`open_data`, when its header has been checked.

    Raises
    ------
    UnreadableError
        If it exceeds a limit of this module.
    OSError, ValueError
        If it cannot be read, is not a complete gzip file, or has no header of csv.
    """
    try:
        next(csv_rows(path, most), None)
        if most is None:
            _check_size(path, most)
        with open_data(path, most) as file:
            yield file
    except (EOFError, csv.Error, zlib.error) as error:
        raise ValueError(str(error)) from None


def read_json(path: Path, most: int = MOST_JSON_BYTES) -> Any:
    """Return the values of a JSON file in UTF-8.

    Parameters
    ----------
    path
        The file.
    most
        Bytes that it may have.

    Raises
    ------
    UnreadableError
        If it has more, or is no regular file.
    OSError, ValueError, RecursionError
        If it cannot be read, or is not JSON.
    """
    with open_data(path) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise UnreadableError(f"{path}: has more than {most:,} bytes; expected fewer")
    return json.loads(data.decode("utf-8-sig"), parse_int=_as_whole_number)


def _as_whole_number(text: str) -> int:
    if len(text) > LONGEST_NUMBER:
        raise ValueError(f"a number of {len(text):,} digits")
    return int(text)

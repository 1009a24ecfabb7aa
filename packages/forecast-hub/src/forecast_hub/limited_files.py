"""Read csv, parquet and JSON files that others wrote, within limits on their content.

A gzip file of some megabytes can hold gigabytes, and a parquet file can repeat a long text in
millions of rows. So a row or a table above a limit is refused before it is in memory as a whole.
"""

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from forecast_hub.errors import UnreadableError
from forecast_hub.parquet_pages import column_sizes

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

MOST_BYTES = 2**30
"""Bytes of a file when decompressed: more than a season of trajectories of every state has."""

MOST_JSON_BYTES = 20_000_000
MOST_CELLS = 120_000_000
"""Cells of a table, where each row counts as :data:`ROW` more: some 9 GB of memory as text."""

ROW = 4
"""The memory of a row besides its cells, in cells."""

MOST_COLUMNS = 20_000
LONGEST_ROW = 1_000_000
"""Characters of a row, line ends in quoted cells included."""

MOST_MEMORY = 2**31
"""Bytes of the columns of a parquet file in memory, where a text that is repeated counts once."""

MOST_COLUMN, MOST_TEXT_COLUMN = 2**28, 2**27
"""Bytes of a column in a row group of a parquet file, decompressed; texts take more memory."""

LONGEST_NUMBER = 64
"""Bytes of a value of fixed length in a parquet file, such as a decimal number."""


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


@contextmanager
def open_data(path: Path, most: int | None = None) -> Iterator[BinaryIO]:
    """Open a file for reading bytes, decompressed if its name ends in ``.gz``.

    Parameters
    ----------
    path
        The file.
    most
        Bytes that may be read from it, decompressed; None for :data:`MOST_BYTES`.

    Raises
    ------
    UnreadableError
        If it is no regular file, such as a pipe; while it is read, if it has more bytes.
    OSError, EOFError, zlib.error
        If it cannot be read, or is not a complete gzip file.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise UnreadableError(f"{path}: cannot be read: not a regular file")
    limit, packed = most or MOST_BYTES, path.suffix == ".gz"
    if not packed and path.stat().st_size > limit:
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
        Cells that it may have; None for :data:`MOST_CELLS`.

    Raises
    ------
    UnreadableError
        If it exceeds a limit of this module.
    csv.Error, UnicodeDecodeError
        If it is not csv; also the errors of :func:`open_data`.
    """
    limit, count = cells or MOST_CELLS, 0
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
    return json.loads(data.decode("utf-8-sig"))


def read_parquet(path: Path) -> "pa.Table":
    """Read a parquet file whose columns hold single values.

    Raises
    ------
    UnreadableError
        If it exceeds a limit of this module, or has columns of lists or maps.
    OSError, pyarrow.ArrowException
        If it cannot be read.
    """
    # Imported here because it is slow to import, and most files are csv.
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            metadata, schema = file.metadata, file.schema_arrow
    except UnicodeDecodeError as error:  # the name of a column
        raise UnreadableError(f"{path}: cannot be read as parquet ({error})") from None
    texts = _check_parquet(path, metadata)
    # As dictionaries, texts take no more memory than in the file.
    with pq.ParquetFile(path, metadata=metadata, read_dictionary=texts) as file:
        table = _read_groups(path, file)
    if sum(map(_length_of_texts, table.columns)) > MOST_BYTES:
        raise too_large(path, f"more than {MOST_BYTES:,} characters of text")
    return table.cast(schema)


def _read_groups(path: Path, file: "pq.ParquetFile") -> "pa.Table":
    """Read a column of a row group at a time: a file may hold more bytes than it says it does."""
    import pyarrow as pa

    size, schema = 0, file.schema_arrow
    tables = [schema.empty_table()]
    for group in range(file.num_row_groups):
        columns = []
        for number in range(len(schema)):
            # By number, since names may be the same.
            read = file.reader.read_row_group(group, column_indices=[number], use_threads=False)
            columns.append(read.column(0))
            size += columns[-1].nbytes
            if size > MOST_MEMORY:
                raise too_large(path, f"more than {MOST_MEMORY:,} bytes in memory")
        tables.append(pa.table(columns, schema=schema))
    return pa.concat_tables(tables)


def check_cells(path: Path, rows: int, columns: int) -> None:
    """Raise UnreadableError if a table has more cells than :data:`MOST_CELLS`."""
    if rows * (columns + ROW) > MOST_CELLS:
        raise too_large(path, f"more than {MOST_CELLS:,} cells, a row counted as {ROW} more")


def _check_parquet(path: Path, metadata: "pq.FileMetaData") -> list[str]:
    """Compare what a file says of itself with the limits; return its columns of text."""
    columns = metadata.num_columns
    if columns > MOST_COLUMNS:
        raise too_large(path, f"more than {MOST_COLUMNS:,} columns")
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    # Not those of the file: its reader follows the groups.
    check_cells(path, sum(group.num_rows for group in groups), columns)
    if sum(group.total_byte_size for group in groups) > MOST_BYTES:
        raise too_large(path, f"more than {MOST_BYTES:,} bytes when decompressed")
    each = [metadata.schema.column(number) for number in range(columns)]
    for column in each:
        nested = column.max_repetition_level or column.path != column.name
        if nested or column.length > LONGEST_NUMBER:
            raise UnreadableError(
                f"{path}: the column {column.path[:60]} holds lists, maps or long values of fixed "
                "length; expected single values"
            )
    texts = {n for n, column in enumerate(each) if column.physical_type == "BYTE_ARRAY"}
    _check_pages(path, metadata, texts)
    return [each[number].path for number in sorted(texts)]


def _check_pages(path: Path, metadata: "pq.FileMetaData", texts: set[int]) -> None:
    """Compare the sizes in the headers of pages, which are what is allocated, with the limits."""
    total = 0
    try:
        for number, size in column_sizes(path, metadata):
            most = MOST_TEXT_COLUMN if number in texts else MOST_COLUMN
            total += size
            if size > most:
                what = f"more than {most:,} bytes in a column of a row group when decompressed"
                raise too_large(path, what)
            if total > MOST_BYTES:
                raise too_large(path, f"more than {MOST_BYTES:,} bytes when decompressed")
    except ValueError as error:
        raise UnreadableError(f"{path}: cannot be read as parquet ({error})") from None


def _length_of_texts(column: "pa.ChunkedArray") -> int:
    import pyarrow as pa
    from pyarrow import compute

    if not pa.types.is_dictionary(column.type):
        return 0
    lengths = (
        compute.sum(compute.binary_length(chunk.dictionary).take(chunk.indices)).as_py()
        for chunk in column.chunks
    )
    return sum(length or 0 for length in lengths)

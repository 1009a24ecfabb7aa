"""Read parquet files that others wrote, within limits on their content.

A parquet file can repeat a text, or count up, in millions of rows that take some bytes. So a table
above a limit is refused before it is in memory as a whole; see :mod:`forecast_hub.limited_files`.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from forecast_hub.errors import UnreadableError
from forecast_hub.limited_files import MOST_COLUMNS, ROW, most_bytes, most_cells, too_large
from forecast_hub.parquet_pages import column_sizes

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

CELLS_RATIO = 30
"""Cells in a byte of a file; the target data of hubs have 8."""

SMALL_DISTINCT, DISTINCT_RATIO = 3_000_000, 3
"""Values of all columns that differ, in each file, and in a byte of a larger one."""

MOST_MEMORY = 2**31
"""Bytes of the columns in memory, where a text that is repeated counts once."""

MOST_COLUMN, MOST_TEXT_COLUMN = 2**28, 2**27
"""Bytes of a column in a row group, decompressed; texts take more memory."""

LONGEST_NUMBER = 64
"""Bytes of a value of fixed length, such as a decimal number."""


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
    if sum(map(_length_of_texts, table.columns)) > (most := most_bytes(path.stat().st_size)):
        raise too_large(path, f"more than {most:,} characters of text")
    return table.cast(schema)


def distinct_values(
    path: Path, table: "pa.Table"
) -> Iterator[tuple["pa.Array", NDArray[np.integer]]]:
    """Yield the values of each column that differ, and which of them each row has.

    Most columns repeat few values, which then take memory as Python objects once.

    Parameters
    ----------
    path
        The file.
    table
        Its content.

    Yields
    ------
    values
        All values of a column but null, each once.
    positions
        Shape (rows,). The position of the row's value among them; for null, their number.

    Raises
    ------
    UnreadableError
        If there are more than :data:`SMALL_DISTINCT`, and :data:`DISTINCT_RATIO` for each byte. If
        a text is not UTF-8.
    """
    import pyarrow as pa

    most, count = max(SMALL_DISTINCT, DISTINCT_RATIO * path.stat().st_size), 0
    for name, column in zip(table.column_names, table.columns, strict=True):
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        encoded = column.combine_chunks().dictionary_encode()
        count += len(encoded.dictionary)
        if count > most:
            raise too_large(path, f"more than {most:,} different values")
        try:
            encoded.dictionary.validate(full=True)
        except pa.ArrowInvalid as error:
            raise UnreadableError(f"{path}: column {name!r}: damaged ({error})") from None
        positions = encoded.indices.fill_null(len(encoded.dictionary))
        yield encoded.dictionary, positions.to_numpy(zero_copy_only=False)


def _read_groups(path: Path, file: "pq.ParquetFile") -> "pa.Table":
    """Read a column of a row group at a time: a file may hold more bytes than it says it does."""
    import pyarrow as pa

    most = min(MOST_MEMORY, 2 * most_bytes(path.stat().st_size))
    size, schema = 0, file.schema_arrow
    tables = [schema.empty_table()]
    for group in range(file.num_row_groups):
        columns = []
        for number in range(len(schema)):
            # By number, since names may be the same.
            read = file.reader.read_row_group(group, column_indices=[number], use_threads=False)
            columns.append(read.column(0))
            size += columns[-1].nbytes
            if size > most:
                raise too_large(path, f"more than {most:,} bytes in memory")
        tables.append(pa.table(columns, schema=schema))
    return pa.concat_tables(tables)


def check_cells(path: Path, rows: int, columns: int, size: int) -> None:
    """Raise UnreadableError if a table has more cells than files of ``size`` bytes may hold."""
    if rows * (columns + ROW) > (most := most_cells(size, CELLS_RATIO)):
        raise too_large(path, f"more than {most:,} cells, a row counted as {ROW} more")


def _check_parquet(path: Path, metadata: "pq.FileMetaData") -> list[str]:
    """Compare what a file says of itself with the limits; return its columns of text."""
    columns = metadata.num_columns
    if columns > MOST_COLUMNS:
        raise too_large(path, f"more than {MOST_COLUMNS:,} columns")
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    size = path.stat().st_size
    # Not those of the file: its reader follows the groups.
    check_cells(path, sum(group.num_rows for group in groups), columns, size)
    if sum(group.total_byte_size for group in groups) > (most := most_bytes(size)):
        raise too_large(path, f"more than {most:,} bytes when decompressed")
    each = [metadata.schema.column(number) for number in range(columns)]
    for column in each:
        nested = column.max_repetition_level or column.path != column.name
        if nested or column.length > LONGEST_NUMBER:
            raise UnreadableError(
                f"{path}: the column {column.path[:60]} holds lists, maps or long values of fixed "
                "length; expected single values"
            )
    texts = {n for n, column in enumerate(each) if column.physical_type == "BYTE_ARRAY"}
    _check_pages(path, [group.num_columns for group in groups], texts)
    return [each[number].path for number in sorted(texts)]


def _check_pages(path: Path, groups: Sequence[int], texts: set[int]) -> None:
    """Compare the sizes in the headers of pages, which are what is allocated, with the limits."""
    total, most_in_all = 0, most_bytes(path.stat().st_size)
    try:
        for number, size in column_sizes(path, groups):
            most = MOST_TEXT_COLUMN if number in texts else MOST_COLUMN
            total += size
            if size > most:
                what = f"more than {most:,} bytes in a column of a row group when decompressed"
                raise too_large(path, what)
            if total > most_in_all:
                raise too_large(path, f"more than {most_in_all:,} bytes when decompressed")
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

"""Read a submission as text, with the line number of each row."""

import csv
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast_hub.config.column_types import format_value
from forecast_hub.config.hub import NA
from forecast_hub.errors import UnreadableError
from forecast_hub.limited_files import csv_rows
from forecast_hub.parquet_files import distinct_values, read_parquet

COMPRESSIONS = ("snappy", "gzip", "gz", "brotli", "zstd", "lz4", "lzo", "bz2")
"""Permitted endings before ``.parquet``: hubverse documentation, "Model output"."""

_NAME = re.compile(r"(\d{4}-\d{2}-\d{2}|[A-Za-z0-9_]+)-([A-Za-z0-9_]+)-([A-Za-z0-9_]+)", re.ASCII)
_MISSING = ("", NA)


@dataclass(frozen=True)
class FileName:
    """The parts of ``<round>-<team>-<model>.<format>``."""

    round_id: str
    team: str
    model: str

    @property
    def model_id(self) -> str:
        """The name of the model's folder and metadata file."""
        return f"{self.team}-{self.model}"


@dataclass(frozen=True)
class SubmissionFile:
    """The content of a submission file.

    Attributes
    ----------
    path
        The file.
    name
        The parts of its name; None if the name has another form.
    format
        ``csv`` or ``parquet``.
    columns
        The column names of the file, repeated names included.
    frame
        All values as text, ``NA`` if missing; the index is 0, 1, ... .
    numbers
        Line numbers of a csv file, row numbers of a parquet file.
    arrow_types
        Column to the arrow type in a parquet file; empty for csv.
    """

    path: Path
    name: FileName | None
    format: Literal["csv", "parquet"]
    columns: tuple[str, ...]
    frame: pd.DataFrame
    numbers: NDArray[np.int64]
    arrow_types: dict[str, Any]

    @property
    def unit(self) -> Literal["line", "row"]:
        """The unit of ``numbers``."""
        return "line" if self.format == "csv" else "row"


def parse_name(path: Path) -> FileName | None:
    """Split the name of a submission; None if it is not ``<round>-<team>-<model>.<format>``."""
    stem = path.name.removesuffix(path.suffix)
    before, _, extension = stem.rpartition(".")
    if before and extension in COMPRESSIONS and path.suffix == ".parquet":
        stem = before
    match = _NAME.fullmatch(stem)
    return FileName(match[1], match[2], match[3]) if match else None


def read_submission(path: Path) -> SubmissionFile:
    """Read a csv or parquet file of model output.

    Raises
    ------
    UnreadableError
        If it is missing, has another format, or is not a table.
    """
    if not path.is_file():
        raise UnreadableError(f"{path}: no such file; expected a submission, .csv or .parquet")
    if path.suffix == ".csv":
        return _read_csv(path)
    if path.suffix == ".parquet":
        return _read_parquet(path)
    raise UnreadableError(f"{path}: format {path.suffix!r} is unknown; expected .csv or .parquet")


def _read_csv(path: Path) -> SubmissionFile:
    rows, numbers = [], []
    try:
        given = csv_rows(path)
        _, header = next(given, (1, []))
        for number, row in given:
            if len(row) != len(header):
                raise UnreadableError(
                    f"{path}, line {number}: {len(row)} values; expected one for each of the "
                    f"{len(header)} columns"
                )
            rows.append(row)
            numbers.append(number)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UnreadableError(f"{path}: cannot be read as csv ({error})") from None
    if not header:
        raise UnreadableError(f"{path}: is empty; expected a header and a row for each prediction")
    table = dict(zip(_distinct(header), zip(*rows, strict=True), strict=True)) if rows else {}
    frame = pd.DataFrame(table, columns=_distinct(header), dtype=object)
    frame = frame.mask(frame.isin(_MISSING), NA)
    lines = np.array(numbers, dtype=np.int64)
    return SubmissionFile(path, parse_name(path), "csv", tuple(header), frame, lines, {})


def _distinct(names: list[str]) -> list[str]:
    """Add a number to repeated names, so that all column names differ."""
    seen: dict[str, int] = {}
    distinct = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        distinct.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return distinct


def _read_parquet(path: Path) -> SubmissionFile:
    # Imported here because it is slow to import, and most submissions are csv.
    import pyarrow as pa

    try:
        table = read_parquet(path)
        names = _distinct(list(table.column_names))
        columns = {}
        for name, (values, positions) in zip(names, distinct_values(path, table), strict=True):
            texts = [*map(_as_text, values.to_pylist()), NA]
            columns[name] = np.array(texts, dtype=object)[positions]
    except (OSError, pa.ArrowException) as error:
        raise UnreadableError(f"{path}: cannot be read as parquet ({error})") from None
    frame = pd.DataFrame(columns, columns=names, dtype=object)
    types = {name: column.type for name, column in zip(names, table.columns, strict=True)}
    rows = np.arange(1, table.num_rows + 1, dtype=np.int64)
    header = tuple(table.column_names)
    return SubmissionFile(path, parse_name(path), "parquet", header, frame, rows, types)


def _as_text(value: object) -> str:
    if value is None or value != value:
        return NA
    if isinstance(value, bool | int | float):
        return format_value(value)
    # In parquet the text "NA" is not a missing value, so it must differ from one.
    return repr(value) if value in _MISSING else str(value)

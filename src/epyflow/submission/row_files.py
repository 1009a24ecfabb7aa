"""Write the rows of a submission as csv or parquet."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from epyflow.files import gzip_text_writer, write_bytes_atomically
from forecast_hub.atomic_files import replacing
from forecast_hub.config.column_types import format_value
from forecast_hub.config.hub import NA, ColumnType


def write_csv(rows: pd.DataFrame, path: Path) -> None:
    """Write rows as csv, atomically; equal rows give equal bytes."""
    write_bytes_atomically(path, _as_csv(rows).encode())


def write_csv_gz(rows: pd.DataFrame, path: Path) -> None:
    """Write the same text as :func:`write_csv`, gzipped: ``output_hub_formatted.csv.gz``."""
    with gzip_text_writer(path) as file:
        file.write(_as_csv(rows))


def _as_csv(rows: pd.DataFrame) -> str:
    text = rows.assign(value=[format_value(float(value)) for value in rows["value"]])
    return text.to_csv(index=False, lineterminator="\n")


def write_parquet(rows: pd.DataFrame, path: Path, types: Mapping[str, ColumnType]) -> None:
    """Write rows as parquet with the hub's column types, atomically.

    Parameters
    ----------
    types
        See :class:`forecast_hub.config.hub.Hub`.
    """
    # Imported here because it is slow to import, and most submissions are csv.
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {name: _array(rows[name], types[name]) for name in rows.columns}
    with replacing(path) as temporary:
        pq.write_table(pa.table(columns), temporary)


def _array(column: pd.Series, type_: ColumnType) -> Any:
    import pyarrow as pa

    types = {
        "character": pa.string(),
        "Date": pa.date32(),
        "double": pa.float64(),
        "integer": pa.int32(),
        "logical": pa.bool_(),
    }
    if column.dtype.kind == "f":
        return pa.array(column.to_numpy()).cast(types[type_])
    texts = [None if value == NA else str(value) for value in column]
    return pa.array(texts, pa.string()).cast(types[type_])

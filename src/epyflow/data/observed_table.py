"""Read a file of observations once, by the reader of the hubs' target data."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from epyflow.errors import DataError, UnreadableError
from epyflow.suggest import listed
from forecast_hub import errors
from forecast_hub.tables import Table, read_table


def read_observed(
    path: Path, required: Sequence[str] = (), rows: Mapping[str, str] | None = None
) -> Table:
    """Read observations as text.

    Parameters
    ----------
    path
        CSV, CSV.gz or parquet, or a folder of them partitioned by columns.
    required
        Columns that it must have.
    rows
        Column to the value that chosen rows have; None for all rows.

    Raises
    ------
    UnreadableError, DataError
        See :func:`forecast_hub.tables.read_table`; also if a column is missing, or no row has a
        value of ``rows``.
    """
    try:
        state = tuple(
            (each.stat().st_mtime_ns, each.stat().st_size) for each in observed_files(path)
        )
        table = _read(path, state)
        table.require([*required, *(rows or {})])
    except OSError as error:
        raise UnreadableError(f"{path} cannot be read: {error.strerror}") from error
    except errors.UnreadableError as error:
        raise UnreadableError(str(error)) from error
    except errors.HubError as error:
        raise DataError(str(error)) from error
    for column, value in (rows or {}).items():
        chosen = table.choose(table.columns[column] == value)
        if not len(chosen.index):
            there = listed(dict.fromkeys(table.columns[column]))
            raise DataError(
                f"{path}: {column}: no row has {value!r}; expected one of {there or 'no rows'} "
                "in observed_rows"
            )
        table = chosen
    return table


@lru_cache(maxsize=4)
def _read(path: Path, state: object) -> Table:
    """Read a file; every population of a run reads the same one."""
    return read_table(path)


def observed_files(path: Path) -> list[Path]:
    """Return a file, or the files of a partitioned folder."""
    return sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]

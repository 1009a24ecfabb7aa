"""Results on disk -> one ``csv.gz``."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from epyflow.artifacts import pickling
from epyflow.artifacts.task import Failure, Result
from epyflow.errors import EpyflowError
from epyflow.files import gzip_text_writer
from epyflow.tables.spec import Table, TableSpec


class _Reading:
    """The results in the order of their paths, read when asked for and not kept."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = paths
        self.failed = 0
        self.first_failure: Failure | None = None

    def __iter__(self) -> Iterator[Result | Failure]:
        for path in self.paths:
            result = pickling.read_result(path)
            if isinstance(result, Failure):
                self.failed += 1
                self.first_failure = self.first_failure or result
            yield result
            # Or it would stay in memory until the next one has been read.
            del result


def write_table(
    table: Table, result_paths: Sequence[Path], spec: TableSpec, out_path: Path
) -> None:
    """See :func:`epyflow.tables.write`."""
    if not result_paths:
        raise EpyflowError(f"{table.name}: there are no results to make a table of")
    reading = _Reading(result_paths)
    columns: list[str] | None = None
    with gzip_text_writer(out_path) as file:
        for chunk in table.chunks(reading, spec):
            first = columns is None
            columns = columns or list(chunk.columns)
            _check_columns(table, columns, chunk)
            chunk.to_csv(file, header=first, index=False, lineterminator="\n")
        if columns is None:
            raise EpyflowError(_why_empty(table, reading))


def _check_columns(table: Table, columns: list[str], chunk: pd.DataFrame) -> None:
    if list(chunk.columns) != columns:
        odd = sorted(set(chunk.columns) ^ set(columns)) or ["their order"]
        raise EpyflowError(
            f"{table.name}: {chunk['population'].iloc[0]} (primary_id "
            f"{chunk['primary_id'].iloc[0]}) has other columns than the results before it: "
            f"{', '.join(odd)}; the results are not of one experiment"
        )


def _why_empty(table: Table, reading: _Reading) -> str:
    if reading.first_failure is None:
        return f"{table.name}: {table.empty}"
    return (
        f"{table.name}: there is nothing to make a table of, because {reading.failed} of "
        f"{len(reading.paths)} tasks failed. The first said: {reading.first_failure.cause}"
    )

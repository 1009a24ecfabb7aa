"""Write all tables in one pass: each result is read once and adds its rows to every table."""

import logging
import traceback
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import TextIO

import pandas as pd

from epyflow.artifacts import pickling
from epyflow.artifacts.task import Failure, Result
from epyflow.errors import EpyflowError
from epyflow.files import gzip_text_writer
from epyflow.tables.spec import Table, TableSpec

log = logging.getLogger(__name__)

Writer = Generator[None, Result | Failure | None, None]
"""Takes the results one by one and None after the last; then its file is there."""


def write_tables(
    tables: Sequence[tuple[Table, TableSpec, Path]], result_paths: Sequence[Path]
) -> dict[str, Exception]:
    """Write tables, and return the error of each that could not be written, by its name.

    Raises
    ------
    UnreadableError, ArtifactError
        If a result cannot be read; then there is no table.
    """
    writers = {table.name: _write_table(table, spec, path) for table, spec, path in tables}
    failed: dict[str, Exception] = {}
    try:
        for writer in writers.values():
            next(writer)
        for path in result_paths:
            _send(pickling.read_result(path), writers, failed)
        _send(None, writers, failed)
    finally:
        for writer in writers.values():
            writer.close()
    return failed


def _send(
    result: Result | Failure | None, writers: Mapping[str, Writer], failed: dict[str, Exception]
) -> None:
    """Give a result to the tables that have not failed, and note those that fail now."""
    for name, writer in writers.items():
        if name in failed:
            continue
        try:
            writer.send(result)
        except StopIteration:
            pass
        except MemoryError:
            raise  # with more memory, the next attempt may write all tables
        except Exception as error:
            if not isinstance(error, EpyflowError):
                log.error("%s: %s", name, traceback.format_exc())
            failed[name] = error


def _write_table(table: Table, spec: TableSpec, path: Path) -> Writer:
    columns: list[str] | None = None
    failures: list[Failure] = []
    early: list[pd.DataFrame] = []  # rows of failed tasks, until the columns are known
    tasks = 0
    with gzip_text_writer(path) as file:
        while (result := (yield)) is not None:
            tasks += 1
            if isinstance(result, Failure):
                failures.append(result)
                early += table.chunks(result, spec)
                continue
            for chunk in table.chunks(result, spec):
                _check_columns(columns or list(chunk.columns), chunk)
                header, columns = columns is None, list(chunk.columns)
                _append(file, [*(each.reindex(columns=columns) for each in early), chunk], header)
                early = []
            del result  # or it would stay in memory until the next one has been read
        if columns is None and not early:
            raise EpyflowError(_why_empty(table, failures, tasks))
        rest = [each.reindex(columns=columns or list(each.columns)) for each in early]
        _append(file, rest, header=columns is None)


def _append(file: TextIO, frames: Sequence[pd.DataFrame], header: bool) -> None:
    for number, frame in enumerate(frames):
        first = header and number == 0
        frame.to_csv(file, header=first, index=False, lineterminator="\n")


def _check_columns(columns: list[str], chunk: pd.DataFrame) -> None:
    if list(chunk.columns) != columns:
        odd = sorted(set(chunk.columns) ^ set(columns)) or ["their order"]
        raise EpyflowError(
            f"{chunk['population'].iloc[0]} (primary_id {chunk['primary_id'].iloc[0]}) has other "
            f"columns than the results before it: {', '.join(odd)}; the results are not of one "
            "experiment"
        )


def _why_empty(table: Table, failures: Sequence[Failure], tasks: int) -> str:
    if not failures:
        return table.empty
    return (
        f"no table can be made, because {len(failures)} of {tasks} tasks failed. "
        f"The first said: {failures[0].cause}"
    )

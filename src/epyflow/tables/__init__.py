"""Write tables from results, with one result in memory at a time.

A new table is a module that turns a result into rows, a line in :data:`TABLES` and a test.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from epyflow.errors import EpyflowError
from epyflow.logs import cause_of
from epyflow.suggest import did_you_mean, listed
from epyflow.tables import (
    calibration_progress,
    fit_quantiles,
    metadata,
    posteriors,
    quantiles,
    reproduction_number,
    trajectories,
)
from epyflow.tables.calibrations import NO_FIT
from epyflow.tables.parquet_files import write_parquet
from epyflow.tables.series import Kind
from epyflow.tables.spec import Table, TableSpec
from epyflow.tables.table_files import write_tables

__all__ = ["TABLES", "Table", "TableSpec", "write"]


_KINDS: tuple[Kind, ...] = ("compartments", "transitions")


def _of_trajectories(prefix: str) -> Iterator[Table]:
    for kind in _KINDS:
        name = f"quantiles_{prefix}{kind}"
        yield Table(name, partial(quantiles.chunks, kind), quantiles.COLUMNS)
    for kind in _KINDS:
        name = f"trajectories_{prefix}{kind}"
        yield Table(name, partial(trajectories.chunks, kind), trajectories.COLUMNS)


_ALL = (
    *_of_trajectories(""),
    # A calibration's trajectories are its projections: the same tables by clearer names.
    *_of_trajectories("projection_"),
    Table(
        "quantiles_projection_comparison", quantiles.comparison_chunks, quantiles.COLUMNS, NO_FIT
    ),
    Table(
        reproduction_number.NAME,
        reproduction_number.chunks,
        reproduction_number.COLUMNS,
        reproduction_number.EMPTY,
    ),
    Table("quantiles_calibration", fit_quantiles.chunks, fit_quantiles.COLUMNS, NO_FIT),
    Table("posteriors", posteriors.chunks, posteriors.COLUMNS, posteriors.EMPTY),
    Table(
        "calibration_progress",
        calibration_progress.chunks,
        calibration_progress.COLUMNS,
        NO_FIT,
    ),
    Table("model_metadata", metadata.chunks, metadata.COLUMNS),
)

TABLES: Mapping[str, Table] = {table.name: table for table in _ALL}
"""Every table by name."""


def write(
    asked: Mapping[str, tuple[TableSpec, Path]],
    result_paths: Sequence[Path],
    parquet: Mapping[str, Mapping[str, Path]] = {},
) -> None:
    r"""Write tables of some results, each a ``csv.gz``, atomically.

    Results are read once, one after another, for all tables. A table that cannot be written costs
    no other. Rows follow the order of ``result_paths``. Floats are written in the shortest form
    that reads back the same, counts as whole numbers, dates as ISO 8601, lines end in ``\n``;
    equal results give equal bytes. Failed tasks have no rows, except in ``model_metadata``.

    Parameters
    ----------
    asked
        Keys of :data:`TABLES`, with what is asked of each table and the file to write; its folder
        must exist.
    result_paths
        Files written by :func:`epyflow.artifacts.pickling.write`.
    parquet
        Table to the files of :func:`epyflow.tables.parquet_files.write_parquet`.

    Raises
    ------
    EpyflowError
        If there is no such table, or no result; then nothing is written. Or, when the other
        tables have been written, naming those that could not be, and why: a series is not in the
        results, results differ in their columns, or none has rows for the table.
    UnreadableError, ArtifactError
        If a result cannot be read; then nothing is written.
    """
    for name in asked:
        if name not in TABLES:
            raise EpyflowError(
                f"there is no table {name!r}{did_you_mean(name, TABLES)}. "
                f"There are {listed(TABLES)}."
            )
    if not result_paths:
        raise EpyflowError(f"{listed(asked)}: there are no results")
    tables = [(TABLES[name], spec, path) for name, (spec, path) in asked.items()]
    failed = write_tables(tables, result_paths)
    for name in set(parquet) - set(failed):
        write_parquet(asked[name][1], parquet[name])
    if failed:
        causes = "\n".join(f"  {name}: {cause_of(error)}" for name, error in failed.items())
        others = "" if len(failed) == len(asked) else "; the others are written"
        raise EpyflowError(
            f"{len(failed)} of {len(asked)} tables could not be written{others}:\n{causes}"
        )

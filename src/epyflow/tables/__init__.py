"""Results -> tables, streamed: one result in memory at a time, however many there are.

A new table is a module that turns results into chunks of it, a line in :data:`TABLES` and a test.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from epyflow.errors import EpyflowError
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
from epyflow.tables.series import Kind
from epyflow.tables.spec import Table, TableSpec
from epyflow.tables.writing import write_table

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


def write(name: str, result_paths: Sequence[Path], spec: TableSpec, out_path: Path) -> None:
    r"""Write the table ``name`` of some results to ``out_path``, a ``csv.gz``, atomically.

    Rows follow the order of ``result_paths``. Floats are written in the shortest form that reads
    back the same, counts as whole numbers, dates as ISO 8601, lines end in ``\n``; equal results
    give equal bytes. Failed tasks have no rows, except in ``model_metadata``.

    Parameters
    ----------
    name
        A key of :data:`TABLES`.
    result_paths
        Files written by :func:`epyflow.artifacts.pickling.write`.
    spec
        What is wanted of the table.
    out_path
        The file to write; its folder must exist.

    Raises
    ------
    EpyflowError
        If there is no such table or series, if the results differ in their columns, or if there
        is no result to make the table of.
    UnreadableError, ArtifactError
        If a result cannot be used.
    """
    if name not in TABLES:
        raise EpyflowError(
            f"there is no table {name!r}{did_you_mean(name, TABLES) or '.'} "
            f"There are {listed(TABLES)}."
        )
    write_table(TABLES[name], result_paths, spec, out_path)

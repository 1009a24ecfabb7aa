"""Write tables as Parquet, from their CSV files."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from forecast_hub.atomic_files import replacing

WHOLE = ""
"""Stands for all populations, in the files of a table that is not divided."""

_TEXTS = (
    *("population", "location", "scenario", "status", "cause", "strategy", "ended"),
    *("missing_observations", "settings"),
)
_DATES = (
    *("date", "start_date", "end_date", "fitting_start", "fitting_end"),
    *("projection_start", "projection_end"),
)
_WHOLE_NUMBERS = (
    *("primary_id", "sim_id", "seed", "generation", "particle", "particles", "simulations"),
    *("n_sims", "generations", "simulations_used"),
)
_BLOCK = 16_000_000


def by_table(
    specs: Mapping[str, Mapping[str, object]], paths: Sequence[Path]
) -> dict[str, dict[str, Path]]:
    """Arrange files, in the order of the plan, by table and population.

    Parameters
    ----------
    specs
        Table to its fields in the plan; ``parquet`` lists its files by population.
    paths
        The files of all tables, one after another.
    """
    rest = iter(paths)
    return {
        name: {population: next(rest) for population in files}
        for name, spec in specs.items()
        if isinstance(files := spec["parquet"], Mapping) and files
    }


def write_parquet(table: Path, files: Mapping[str, Path]) -> None:
    """Write a table as Parquet; equal tables give equal bytes.

    Dates are dates, counts whole numbers, other values floating-point numbers. The table is read
    in pieces of 16 MB.

    Parameters
    ----------
    table
        A table as gzipped CSV.
    files
        :data:`WHOLE` to the file of all rows, or each population to the file of its rows. The
        folders are made.
    """
    from pyarrow import compute, parquet  # slow to import, and few runs need it

    with ExitStack() as opened:
        writers: dict[str, Any] = {}
        for batch in _batches(table):
            for population, path in files.items():
                if population not in writers:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    temporary = opened.enter_context(replacing(path))
                    writers[population] = opened.enter_context(
                        parquet.ParquetWriter(temporary, batch.schema, compression="zstd")
                    )
                rows = batch
                if population != WHOLE:
                    rows = batch.filter(compute.equal(batch["population"], population))
                if rows.num_rows:
                    writers[population].write_batch(rows)


def _batches(table: Path) -> Iterator[Any]:
    import pyarrow as pa
    from pyarrow import csv

    with pa.input_stream(str(table), compression="gzip") as header:
        columns = header.read(1_000_000).decode(errors="ignore").split("\n")[0].split(",")
    counts = pa.int64() if table.name.startswith("trajectories_") else pa.float64()
    options = csv.ConvertOptions(
        column_types={name: _kind(name, counts) for name in columns},
        strings_can_be_null=True,
        null_values=[""],
    )
    with pa.input_stream(str(table), compression="gzip") as stream:
        yield from csv.open_csv(
            stream,
            csv.ReadOptions(block_size=_BLOCK, use_threads=False),
            csv.ParseOptions(newlines_in_values=True),
            options,
        )


def _kind(column: str, counts: Any) -> Any:
    import pyarrow as pa

    if column in _TEXTS or column.startswith("proj_"):
        return pa.string()
    if column in _DATES:
        return pa.date32()
    if column in _WHOLE_NUMBERS or column.startswith(("init_", "n_projections_")):
        return pa.int64()
    return counts

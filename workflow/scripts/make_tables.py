"""Write all ``<table>.csv.gz`` from all ``result_<i>.pkl``."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow import provenance, tables
from epyflow.run.job_log import log_job
from epyflow.run.kept_outputs import kept_outputs
from epyflow.run.layout import RunLayout
from epyflow.storage.disk import storage_at
from epyflow.tables.parquet_files import by_table

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

run = RunLayout(snakemake.wildcards.exp_id, snakemake.wildcards.run_id)
storage = storage_at(snakemake.params.storage)
with log_job(snakemake), kept_outputs(snakemake.output, run, storage):
    provenance.check_code("tables", snakemake.params.code, snakemake.rule)
    parquet = by_table(snakemake.params.tables, list(map(Path, snakemake.output.parquet)))
    specs = map(tables.TableSpec.of, snakemake.params.tables.values())
    files = zip(specs, map(Path, snakemake.output.tables), strict=True)
    tables.write(
        dict(zip(snakemake.params.tables, files, strict=True)),
        [Path(path) for path in snakemake.input.results],
        parquet,
    )

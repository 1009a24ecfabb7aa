"""The plan, the results and the times of a run -> ``run_metadata.json``."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow import outcome, provenance, run_record
from epyflow.logs import log_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with log_to(snakemake.log[0]):
    results = [Path(path) for path in snakemake.input.results]
    failures = outcome.failures(results) if snakemake.params.partial else ()
    run = run_record.finished_run(snakemake.config["plan"], failures, Path.cwd())
    metadata = provenance.run_metadata(run)
    provenance.write_metadata(metadata, Path(snakemake.output.metadata))

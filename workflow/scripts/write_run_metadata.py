"""The plan, the results and the times of a run -> ``run_metadata.json``."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow import outcome, provenance, run_record
from epyflow.logs import log_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with log_to(snakemake.log[0]):
    plan = snakemake.config["plan"]
    results = map(Path, snakemake.input.results)
    failures = outcome.failures(results) if plan["partial_results"] else ()
    run = run_record.finished_run(plan, failures, Path.cwd())
    metadata = provenance.run_metadata(run)
    provenance.write_metadata(metadata, Path(snakemake.output.metadata))

"""Write ``run_metadata.json`` from the plan, the failures and the times of a run."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow.provenance.record import run_metadata, write_metadata
from epyflow.run import completion
from epyflow.run.job_log import log_job
from epyflow.run.plan import read_plan
from epyflow.run.settings import read_settings
from epyflow.storage.disk import storage_at

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with log_job(snakemake):
    storage = storage_at(snakemake.params.storage)
    plan = read_plan(snakemake.config["plan"])
    run = completion.finish_run(
        read_settings(snakemake.config),
        plan.of_run(snakemake.wildcards.run_id),
        Path(snakemake.input.members),
        storage,
        [Path(path) for path in snakemake.input.left_out],
        plan.dates,
        plan.tables,
    )
    write_metadata(run_metadata(run), Path(snakemake.output.metadata))

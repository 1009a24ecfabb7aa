"""Write ``priors.json`` from the inputs of a run: the distributions of custom priors."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow.run import prior_names
from epyflow.run.job_log import log_job
from epyflow.run.plan import read_plan
from epyflow.storage.disk import storage_at

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with log_job(snakemake):
    run = read_plan(snakemake.config["plan"]).of_run(snakemake.wildcards.run_id)
    prior_names.write_priors(
        [run.layout.input(task) for task in range(len(run.tasks))],
        storage_at(snakemake.params.storage),
        Path(snakemake.output.priors),
    )

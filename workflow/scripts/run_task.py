"""Turn one ``input_<i>.pkl`` into one ``result_<i>.pkl``."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow.run import checkpoint_backup, task_execution
from epyflow.run.job_log import log_job
from epyflow.run.layout import RunLayout
from epyflow.run.plan import read_plan

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with log_job(snakemake):
    task_execution.run_task(
        Path(snakemake.input.task),
        Path(snakemake.output.result),
        partial=read_plan(snakemake.config["plan"]).partial_results,
        backup=checkpoint_backup.backup_of_task(
            RunLayout(snakemake.wildcards.exp_id, snakemake.wildcards.run_id),
            int(snakemake.wildcards.i),
            snakemake.params.storage,
        ),
    )

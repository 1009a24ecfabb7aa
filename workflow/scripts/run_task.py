"""One ``input_<i>.pkl`` -> one ``result_<i>.pkl``."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow.experiment import as_of
from epyflow.logs import log_to
from epyflow.run import checkpoint_backup, task_execution

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with log_to(snakemake.log[0]):
    task_execution.run_task(
        Path(snakemake.input.task),
        Path(snakemake.output.result),
        partial=snakemake.config["plan"]["partial_results"],
        backup=checkpoint_backup.of_task(
            as_of.of_run(snakemake.config["plan"], snakemake.wildcards.run_id),
            int(snakemake.wildcards.i),
            snakemake.params.storage,
        ),
    )

"""One ``input_<i>.pkl`` -> one ``result_<i>.pkl``."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow import backup, outcome, replay
from epyflow.logs import log_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with log_to(snakemake.log[0]):
    outcome.run_task(
        Path(snakemake.input.task),
        Path(snakemake.output.result),
        partial=snakemake.config["plan"]["partial_results"],
        backup=backup.of_task(
            replay.of_run(snakemake.config["plan"], snakemake.wildcards.run_id),
            int(snakemake.wildcards.i),
            snakemake.params.storage,
        ),
    )

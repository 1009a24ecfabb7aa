"""``run_metadata.json`` -> nothing, or an error that lists the tasks that failed."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow import outcome
from epyflow.logs import log_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with log_to(snakemake.log[0]):
    outcome.confirm_complete(
        Path(snakemake.input.metadata), Path(snakemake.params.run_folder), snakemake.params.tasks
    )

"""``run_metadata.json`` -> nothing, or an error that lists the tasks that failed."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow import failed, replay
from epyflow.logs import log_to
from epyflow.storage import storage_at

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with log_to(snakemake.log[0]):
    failed.confirm_complete(
        Path(snakemake.input.metadata),
        replay.of_run(snakemake.config["plan"], snakemake.wildcards.run_id),
        storage_at(snakemake.params.storage),
    )

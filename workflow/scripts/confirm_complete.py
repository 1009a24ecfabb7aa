"""``run_metadata.json`` -> nothing, or an error that lists the tasks that failed."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow.logs import log_to
from epyflow.run import failures
from epyflow.run.plan import read_plan
from epyflow.storage.disk import storage_at

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with log_to(snakemake.log[0]):
    failures.confirm_complete(
        Path(snakemake.input.metadata),
        read_plan(snakemake.config["plan"]).of_run(snakemake.wildcards.run_id),
        storage_at(snakemake.params.storage),
    )

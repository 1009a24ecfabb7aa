"""The benchmarks of a run's jobs -> ``run_cost.csv``."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow.logs import log_to
from epyflow.operations.cost import cost_file
from epyflow.run.plan import read_plan
from epyflow.storage.disk import storage_at

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with log_to(snakemake.log[0]):
    cost_file.write_run_cost(
        read_plan(snakemake.config["plan"]).of_run(snakemake.wildcards.run_id),
        storage_at(snakemake.params.storage),
        Path(snakemake.output.cost),
    )

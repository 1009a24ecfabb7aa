"""The benchmarks of a run's jobs -> ``run_cost.csv``."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow.experiment import as_of
from epyflow.logs import log_to
from epyflow.operations.cost import cost_file
from epyflow.storage.disk import storage_at

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with log_to(snakemake.log[0]):
    cost_file.write_run_cost(
        as_of.of_run(snakemake.config["plan"], snakemake.wildcards.run_id),
        storage_at(snakemake.params.storage),
        Path(snakemake.output.cost),
    )

"""Pack the experiment, its populations and its data into ``experiment.tar.gz``."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow.run.input_build import bundle_experiment
from epyflow.run.job_log import log_job
from epyflow.run.settings import read_settings

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with log_job(snakemake):
    bundle_experiment(read_settings(snakemake.config), Path(snakemake.output.bundle))

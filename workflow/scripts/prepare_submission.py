"""Write ``hub.json`` from the experiment, its hub and its observations."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow.run import forecast_plan
from epyflow.run.input_build import experiment_of
from epyflow.run.job_log import log_job
from epyflow.run.settings import read_settings

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with log_job(snakemake):
    settings = read_settings(snakemake.config)
    experiment = experiment_of(settings, snakemake.wildcards.run_id)
    forecast_plan.prepare_submission(experiment, settings, Path(snakemake.output.prepared))

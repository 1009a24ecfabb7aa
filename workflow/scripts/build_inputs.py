"""Build ``input_<i>.pkl`` of the tasks that need one from the experiment and its data."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow.run.input_build import build_inputs
from epyflow.run.job_log import log_job
from epyflow.run.plan import read_plan
from epyflow.run.settings import read_settings
from epyflow.storage.disk import storage_at

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with log_job(snakemake):
    paths = map(Path, snakemake.output.tasks)
    build_inputs(
        read_settings(snakemake.config),
        read_plan(snakemake.config["plan"]),
        dict(zip(map(tuple, snakemake.params.tasks), paths, strict=True)),
        storage_at(snakemake.params.storage),
        snakemake.input.get("bundle"),
    )

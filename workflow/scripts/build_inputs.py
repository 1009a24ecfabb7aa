"""The experiment and its data -> ``input_<i>.pkl`` of the tasks that need one."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow import run_plan, staleness
from epyflow.logs import log_to
from epyflow.settings import read_settings

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with log_to(snakemake.log[0]):
    settings, plan = read_settings(snakemake.config), snakemake.config["plan"]
    build = run_plan.prepare_build(settings, plan["seed"])
    paths = map(Path, snakemake.output.tasks)
    build.write(dict(zip(snakemake.params.tasks, paths, strict=True)))
    staleness.record_built(settings, plan)

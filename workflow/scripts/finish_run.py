"""Write the cost and the task chart of a run; fail if a task failed or the hub would refuse."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow.operations.cost.cost_file import write_run_cost
from epyflow.report.drawing import Given, draw
from epyflow.report.task_figures import DRAW
from epyflow.run.job_log import log_job
from epyflow.run.kept_outputs import kept_outputs
from epyflow.run.layout import RunLayout
from epyflow.run.outcome import confirm
from epyflow.run.plan import read_plan
from epyflow.storage.disk import storage_at

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

run = RunLayout(snakemake.wildcards.exp_id, snakemake.wildcards.run_id)
storage = storage_at(snakemake.params.storage)
with log_job(snakemake), kept_outputs(snakemake.output, run, storage):
    plan = read_plan(snakemake.config["plan"])
    planned = plan.of_run(snakemake.wildcards.run_id)
    metadata, cost = Path(snakemake.input.metadata), Path(snakemake.output.cost)
    write_run_cost(planned, storage, cost)
    named = {name: paths for name, paths in snakemake.output.items() if name in DRAW}
    figures = {name: list(map(Path, paths)) for name, paths in named.items()}
    draw(figures, Given({"metadata": metadata, "cost": cost}, plan), DRAW)
    confirm(metadata, map(Path, snakemake.input.findings), planned, storage)

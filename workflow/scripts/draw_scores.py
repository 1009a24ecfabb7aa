"""Draw the figures of scores from scores, submissions and final observations."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow.report import score_figures
from epyflow.report.drawing import Given, draw
from epyflow.run.job_log import log_job
from epyflow.run.kept_outputs import kept_outputs
from epyflow.run.layout import RunLayout
from epyflow.run.plan import read_plan
from epyflow.storage.disk import storage_at

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

run = RunLayout(snakemake.wildcards.exp_id, snakemake.wildcards.run_id)
storage = storage_at(snakemake.params.storage)
with log_job(snakemake), kept_outputs(snakemake.output, run, storage):
    inputs = dict(snakemake.input.items())
    models = [list(map(Path, inputs.pop(name))) for name in ("submissions", "others")]
    files = {name: Path(path) for name, path in inputs.items()}
    figures = {name: list(map(Path, paths)) for name, paths in snakemake.output.items()}
    draw(figures, Given(files, read_plan(snakemake.config["plan"]), *models), score_figures.DRAW)

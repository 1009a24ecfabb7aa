"""Scores by horizon -> a chart of all models, and its numbers."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow import provenance
from epyflow.figures import all_figures as figures
from epyflow.logs import log_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with log_to(snakemake.log[0]):
    provenance.check_code("figures", snakemake.params.code, snakemake.rule)
    baseline = snakemake.params.baseline
    figures.draw_scores(
        Path(snakemake.input.means),
        Path(snakemake.input.relative) if baseline else None,
        own=snakemake.params.own,
        baseline=baseline,
        title="Scores and coverage by horizon",
        path=Path(snakemake.output.figure),
        numbers=Path(snakemake.output.numbers),
    )

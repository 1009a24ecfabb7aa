"""The record of the run -> time and memory of its tasks, and the numbers."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow import provenance
from epyflow.figures import all_figures as figures
from epyflow.logs import log_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with log_to(snakemake.log[0]):
    provenance.check_code("figures", snakemake.params.code, snakemake.rule)
    figures.draw_tasks(
        Path(snakemake.input.metadata),
        Path(snakemake.input.cost),
        places=figures.places_of(snakemake.config["plan"]),
        title="Tasks",
        path=Path(snakemake.output.figure),
        numbers=Path(snakemake.output.numbers),
    )

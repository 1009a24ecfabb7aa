"""Quantiles of the projection -> a map of where it rises and falls, and its numbers."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow import provenance
from epyflow.figures import all_figures as figures
from epyflow.logs import log_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with log_to(snakemake.log[0]):
    provenance.check_code("figures", snakemake.params.code, snakemake.rule)
    figures.draw_change_map(
        Path(snakemake.input.calibration),
        Path(snakemake.input.projection),
        places=figures.places_of(snakemake.config["plan"]),
        title="Change of the projected median",
        path=Path(snakemake.output.figure),
        numbers=Path(snakemake.output.numbers),
    )

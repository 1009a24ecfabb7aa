"""Quantiles of the fit -> how many observations its intervals hold, and the numbers."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow import provenance
from epyflow.figures import all_figures as figures
from epyflow.logs import log_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with log_to(snakemake.log[0]):
    provenance.check_code("figures", snakemake.params.code, snakemake.rule)
    figures.draw_coverage(
        Path(snakemake.input.calibration),
        places=figures.places_of(snakemake.config["plan"]),
        title="Coverage of the fit",
        path=Path(snakemake.output.figure),
        numbers=Path(snakemake.output.numbers),
    )

"""Quantiles of fit and projection -> all populations on one sheet, and on pages."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow import provenance
from epyflow.figures import all_figures as figures
from epyflow.logs import log_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with log_to(snakemake.log[0]):
    provenance.check_code("figures", snakemake.params.code, snakemake.rule)
    figures.draw_forecast_grid(
        Path(snakemake.input.calibration),
        Path(snakemake.input.projection),
        Path(snakemake.input.observed),
        places=figures.places_of(snakemake.config["plan"]),
        labels=snakemake.config["plan"]["labels"],
        title="Fit and projection",
        path=Path(snakemake.output.figure),
        pages=Path(snakemake.output.pages),
    )

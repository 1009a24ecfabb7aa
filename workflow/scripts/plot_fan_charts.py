"""One table of quantiles -> a fan chart for each population."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow import provenance
from epyflow.figures import all_figures as figures
from epyflow.logs import log_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with log_to(snakemake.log[0]):
    provenance.check_code("figures", snakemake.params.code, snakemake.rule)
    figures.draw_populations(
        Path(snakemake.input.quantiles),
        places=figures.places_of(snakemake.config["plan"]),
        labels=snakemake.config["plan"]["labels"],
        paths=[Path(path) for path in snakemake.output.figures],
    )

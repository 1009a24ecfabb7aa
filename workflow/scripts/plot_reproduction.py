"""Quantiles of the effective reproduction number -> a chart of each population and of all."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow import provenance
from epyflow.figures import all_figures as figures
from epyflow.logs import log_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with log_to(snakemake.log[0]):
    provenance.check_code("figures", snakemake.params.code, snakemake.rule)
    figures.draw_reproduction(
        Path(snakemake.input.numbers),
        places=figures.places_of(snakemake.config["plan"]),
        fit=snakemake.config["plan"]["about"]["fit"],
        paths=[Path(path) for path in snakemake.output.figures],
        sheet=Path(snakemake.output.sheet),
        table=Path(snakemake.output.table),
    )

"""One table of quantiles and one population -> one fan chart."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow import figures, provenance
from epyflow.logs import log_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with log_to(snakemake.log[0]):
    provenance.check_code("figures", snakemake.params.code, snakemake.output.figure)
    figures.draw_population(
        Path(snakemake.input.quantiles),
        population=snakemake.wildcards.population,
        title=snakemake.params.label,
        labels=snakemake.params.labels,
        path=Path(snakemake.output.figure),
    )

"""The posteriors -> dots and intervals of all populations, and their numbers."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow import provenance
from epyflow.figures import all_figures as figures
from epyflow.logs import log_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with log_to(snakemake.log[0]):
    provenance.check_code("figures", snakemake.params.code, snakemake.rule)
    figures.draw_intervals(
        Path(snakemake.input.posteriors),
        places=figures.places_of(snakemake.config["plan"]),
        about=figures.with_named(
            snakemake.config["plan"]["about"]["quantities"],
            *(Path(path).read_bytes() for path in snakemake.input.priors),
        ),
        title="Inferred quantities",
        path=Path(snakemake.output.figure),
        numbers=Path(snakemake.output.numbers),
    )

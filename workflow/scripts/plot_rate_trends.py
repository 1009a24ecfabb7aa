"""Rows of a submission -> bars of how likely each location is to rise and to fall, on pages too."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow import provenance
from epyflow.figures import all_figures as figures
from epyflow.logs import log_to
from epyflow.submission.brief import read_prepared

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with log_to(snakemake.log[0]):
    provenance.check_code("figures", snakemake.params.code, snakemake.rule)
    figures.draw_rate_trends(
        Path(snakemake.input.submission),
        places=figures.places_of(snakemake.config["plan"]),
        spellings=read_prepared(Path(snakemake.input.prepared)).spellings,
        title="Rate trends: probability of each class, per cent",
        path=Path(snakemake.output.figure),
        numbers=Path(snakemake.output.numbers),
        pages=Path(snakemake.output.pages),
    )

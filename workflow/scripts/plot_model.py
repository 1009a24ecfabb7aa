"""The model in the plan -> a diagram of its compartments and transitions."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow import provenance
from epyflow.figures import all_figures as figures
from epyflow.logs import log_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with log_to(snakemake.log[0]):
    provenance.check_code("figures", snakemake.params.code, snakemake.rule)
    figures.draw_model(
        snakemake.config["plan"]["about"]["model"],
        title="Compartments and transitions",
        path=Path(snakemake.output.figure),
    )

"""The progress of all calibrations -> one chart, and its numbers."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow import provenance
from epyflow.figures import all_figures as figures
from epyflow.logs import log_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with log_to(snakemake.log[0]):
    provenance.check_code("figures", snakemake.params.code, snakemake.rule)
    figures.draw_progress(
        Path(snakemake.input.progress),
        title=f"Calibrations of {snakemake.wildcards.exp_id}",
        labels={p["name"]: p["label"] for p in snakemake.config["plan"]["populations"]},
        path=Path(snakemake.output.figure),
        numbers=Path(snakemake.output.numbers),
    )

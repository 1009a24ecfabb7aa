"""Scores of every forecast -> how many later observations the run's own intervals held."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow import provenance
from epyflow.logs import log_to
from epyflow.report import forecast_coverage

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with log_to(snakemake.log[0]):
    provenance.check_code("figures", snakemake.params.code, snakemake.rule)
    forecast_coverage.write_forecast_coverage(
        Path(snakemake.input.scores),
        snakemake.params.own,
        Path(snakemake.output.numbers),
    )

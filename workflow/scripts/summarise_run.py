"""The tables of a run -> warnings and headline numbers."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow import provenance
from epyflow.logs import log_to
from epyflow.report import summary

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with log_to(snakemake.log[0]):
    provenance.check_code("figures", snakemake.params.code, snakemake.rule)
    tables = {name: Path(path) for name, path in snakemake.input.items()}
    summary.summarise(
        summary.Tables(**tables),
        snakemake.config["plan"],
        summary=Path(snakemake.output.summary),
        numbers=Path(snakemake.output.numbers),
    )

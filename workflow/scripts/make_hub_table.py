"""Every ``result_<i>.pkl`` and ``hub.json`` -> the rows of a submission."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow import provenance
from epyflow.logs import log_to
from epyflow.submission import make_rows

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with log_to(snakemake.log[0]):
    provenance.check_code("hub", snakemake.params.code, snakemake.output.table)
    make_rows.make(
        [Path(path) for path in snakemake.input.results],
        Path(snakemake.input.prepared),
        Path(snakemake.output.table),
        Path(snakemake.output.left_out),
    )

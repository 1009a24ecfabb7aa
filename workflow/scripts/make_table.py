"""Every ``result_<i>.pkl`` -> one ``<table>.csv.gz``."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow import provenance, tables
from epyflow.logs import log_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with log_to(snakemake.log[0]):
    provenance.check_code("tables", snakemake.params.code, snakemake.wildcards.table)
    spec = tables.TableSpec.of(snakemake.params.spec)
    results = [Path(path) for path in snakemake.input.results]
    tables.write(snakemake.wildcards.table, results, spec, Path(snakemake.output.table))

"""The plan, what failed and the times of a run -> ``run_metadata.json``."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow import provenance, run_record
from epyflow.logs import log_to
from epyflow.settings import read_settings
from epyflow.storage import storage_at

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with log_to(snakemake.log[0]):
    run = run_record.finish(
        read_settings(snakemake.config),
        snakemake.config["plan"],
        Path(snakemake.input.members),
        storage_at(snakemake.params.storage),
    )
    provenance.write_metadata(provenance.run_metadata(run), Path(snakemake.output.metadata))

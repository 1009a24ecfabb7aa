"""The findings of the hub's checks -> nothing, or an error that lists the rows."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow.hub import submitting
from epyflow.logs import log_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with log_to(snakemake.log[0]):
    submitting.confirm(Path(snakemake.input.findings))

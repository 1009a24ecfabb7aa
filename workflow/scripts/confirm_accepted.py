"""The findings of the hub's checks -> nothing, or an error that lists the rows."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow.logs import log_to
from epyflow.submission import publish

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with log_to(snakemake.log[0]):
    publish.confirm(Path(snakemake.input.findings))

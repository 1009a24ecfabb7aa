"""The rows of a submission -> its file, and the findings of the hub's checks."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow.logs import log_to
from epyflow.submission import publish

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with log_to(snakemake.log[0]):
    submission = Path(snakemake.output.submission)
    prepared = Path(snakemake.input.prepared)
    publish.submit(Path(snakemake.input.table), prepared, submission)
    publish.check(
        submission, prepared, Path(snakemake.input.left_out), Path(snakemake.output.findings)
    )

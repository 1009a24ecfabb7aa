"""The rows of a submission -> its file, and the findings of the hub's checks."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow.hub import submitting
from epyflow.logs import log_to

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with log_to(snakemake.log[0]):
    submission = Path(snakemake.output.submission)
    prepared = Path(snakemake.input.prepared)
    submitting.submit(Path(snakemake.input.table), prepared, submission)
    submitting.check(
        submission, prepared, Path(snakemake.input.left_out), Path(snakemake.output.findings)
    )

"""Write tables of scores from submissions and final observations."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow.run.job_log import log_job
from epyflow.submission.scores import write_scores

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with log_job(snakemake):
    write_scores(
        [Path(path) for path in snakemake.input.submissions],
        [Path(path) for path in snakemake.input.others],
        Path(snakemake.input.target_data),
        Path(snakemake.input.prepared),
        [Path(path) for path in snakemake.output.scores],
        snakemake.params.baseline,
    )

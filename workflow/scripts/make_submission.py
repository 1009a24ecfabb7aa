"""Make a submission from all ``result_<i>.pkl`` and ``hub.json``, and run the hub's checks."""

from pathlib import Path
from typing import TYPE_CHECKING

from epyflow import provenance
from epyflow.run.job_log import log_job
from epyflow.submission.result_rows import make_rows
from epyflow.submission.submission_output import check_submission, write_submission

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with log_job(snakemake):
    provenance.check_code("hub", snakemake.params.code, snakemake.rule)
    prepared = Path(snakemake.input.prepared)
    rows, left_out = Path(snakemake.output.rows), Path(snakemake.output.left_out)
    submission = Path(snakemake.output.submission)
    make_rows([Path(path) for path in snakemake.input.results], prepared, rows, left_out)
    write_submission(rows, prepared, submission)
    check_submission(submission, prepared, left_out, Path(snakemake.output.findings))

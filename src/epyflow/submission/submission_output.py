"""Write the file that a hub takes, and the findings of the hub's checks."""

import json
import logging
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from epyflow.errors import user_errors
from epyflow.files import table_reader, write_bytes_atomically
from epyflow.submission.brief import read_brief, read_hub_of
from epyflow.submission.hub_definitions import DEFINED
from epyflow.submission.row_files import write_csv, write_parquet
from forecast_hub.checks.validation import validate
from forecast_hub.errors import HubError

log = logging.getLogger(__name__)


def write_submission(table: Path, prepared: Path, submission: Path) -> None:
    """Write the file that the hub takes: csv, or parquet with the hub's column types.

    Parameters
    ----------
    table
        ``output_hub_formatted.csv.gz``.
    prepared
        From :func:`epyflow.submission.brief_writer.write_brief`.
    submission
        ``<reference date>-<team>-<model>``, with the suffix of its format.
    """
    with table_reader(table) as file:
        frame = pd.read_csv(file, dtype=str, keep_default_na=False)
    frame["value"] = pd.to_numeric(frame["value"]).astype("float64")
    if submission.suffix == ".parquet":
        write_parquet(frame, submission, read_hub_of(read_brief(prepared)).types)
    else:
        write_csv(frame, submission)


@user_errors(HubError)
def check_submission(submission: Path, prepared: Path, left_out: Path, findings: Path) -> None:
    """Check a submission as its hub does, and write the findings and the missing parts.

    Parameters
    ----------
    submission, prepared
        See :func:`write_submission`.
    left_out
        See :func:`epyflow.submission.result_rows.make_rows`.
    findings
        JSON file to write.
    """
    given = read_brief(prepared)
    with TemporaryDirectory() as folder:
        given.hub(Path(folder))
        verdict = validate(submission, Path(folder), horizon_0_days=given.horizon_0_days)
    for finding in verdict.findings:
        level = logging.WARNING if finding.severity != "note" else logging.INFO
        log.log(level, "%s", finding)
    content = {
        "accepted": verdict.accepted(),
        **verdict.as_dict(),
        "hub": _hub_name(verdict.hub, given.files),
        "file": submission.name,
        "messages": [str(each) for each in verdict.findings],
        "left_out": json.loads(left_out.read_text(encoding="utf-8")),
    }
    write_bytes_atomically(findings, (json.dumps(content, indent=1) + "\n").encode())


def _hub_name(name: str, files: object) -> str:
    """Return the hub's name, which only ``admin.json`` has."""
    has_admin = isinstance(files, dict) and "admin.json" in files
    unnamed = f"a hub without admin.json, or epyflow's definition of {DEFINED}"
    return name if has_admin else unnamed

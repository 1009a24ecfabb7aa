"""From the rows of a submission to its file, the findings and the verdict."""

import gzip
import json

import made_up_hubs as hubs
import pyarrow.parquet as pq
import pytest

from epyflow.errors import EpyflowError
from epyflow.submission.submission_output import check_submission, write_submission
from epyflow.submission.verdict import confirm_accepted
from tests.unit.submission.briefs import FILES, write_brief

NAME = "2026-03-02-a-b"


@pytest.fixture
def table(tmp_path):
    """Return the rows of a submission that the made-up hub accepts."""
    return write_table(tmp_path, hubs.submission())


def write_table(folder, frame):
    path = folder / "output_hub_formatted.csv.gz"
    path.write_bytes(gzip.compress(frame.to_csv(index=False).encode()))
    return path


def checked(tmp_path, table, left_out=(), suffix=".csv", **changes):
    """Write and check a submission; return the file of findings."""
    prepared = write_brief(tmp_path, **changes)
    submission = tmp_path / f"{NAME}{suffix}"
    write_submission(table, prepared, submission)
    reasons = tmp_path / "left_out.json"
    reasons.write_text(json.dumps(list(left_out)))
    findings = tmp_path / f"{submission.name}.findings.json"
    check_submission(submission, prepared, reasons, findings)
    return findings


def test_a_csv_has_the_rows_of_the_table_and_na_stays_na(tmp_path, table):
    write_submission(table, write_brief(tmp_path), tmp_path / f"{NAME}.csv")

    lines = (tmp_path / f"{NAME}.csv").read_text().splitlines()
    assert lines[0] == ",".join(hubs.COLUMNS)
    assert lines[1] == "2026-03-02,cases,north,1,18+,quantile,0.1,3"
    assert lines[4] == "2026-03-02,cases,north,1,18+,mean,NA,5.25"
    assert lines[-1] == "2026-03-02,level,north,NA,0-17,cdf,high,1"


def test_a_parquet_file_has_the_hubs_types(tmp_path, table):
    write_submission(table, write_brief(tmp_path), tmp_path / f"{NAME}.parquet")

    read = pq.read_table(tmp_path / f"{NAME}.parquet")
    assert [str(field.type) for field in read.schema] == [
        *("date32[day]", "string", "string", "int32"),
        *("string", "string", "string", "double"),
    ]
    assert read.num_rows == 31


def test_an_accepted_submission_is_confirmed_with_what_was_left_out(tmp_path, table):
    findings = checked(tmp_path, table, left_out=["no samples"])

    content = json.loads(findings.read_text())
    assert content["accepted"] is True
    assert (content["file"], content["hub"]) == (f"{NAME}.csv", "Made-up hub")
    assert (content["round_id"], content["rows"]) == ("2026-03-02", 31)
    assert content["left_out"] == ["no samples"]
    assert len(content["messages"]) == len(content["findings"])
    assert confirm_accepted(findings) is None


def test_a_refused_submission_stops_with_its_errors_alone(tmp_path):
    frame = hubs.submission()
    frame.loc[frame["region"] == "south", "region"] = "east"
    findings = checked(tmp_path, write_table(tmp_path, frame))

    with pytest.raises(EpyflowError, match=r"the hub would refuse it \(1 error\)") as caught:
        confirm_accepted(findings)

    assert json.loads(findings.read_text())["accepted"] is False
    _, *errors = str(caught.value).splitlines()
    assert len(errors) == 1
    assert errors[0].startswith("  error: lines 16-29: region is 'east' for target 'cases'")


def test_a_hub_without_administration_has_no_name(tmp_path, table):
    findings = checked(tmp_path, table, files={"tasks.json": FILES["tasks.json"]})

    name = json.loads(findings.read_text())["hub"]
    assert name == "a hub without admin.json, or epyflow's definition of 2026-06-30"

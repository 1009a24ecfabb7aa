"""Find the processes of a run by its record, its files and the jobs of the project."""

from datetime import UTC, datetime, timedelta

import pytest
from google.cloud import batch_v1

from epyflow.google.batch import label_value
from epyflow.operations.runs.activity import Activity, read_records
from epyflow.operations.runs.coordinator_record import Coordinator
from epyflow.run.layout import RunLayout
from epyflow.storage.disk import Disk

NOW = datetime(2030, 3, 17, 12, tzinfo=UTC)
RECENTLY, LONG_AGO = NOW - timedelta(hours=1), NOW - timedelta(days=30)
JOB = "projects/my-project/locations/us-central1/jobs/epyflow-coordinator-0-1"
State = batch_v1.JobStatus.State


def job(name: str = JOB, state: int = State.RUNNING, run: tuple[str, str] = ("", "")):
    labels = {"exp_id": label_value(run[0]), "run_id": label_value(run[1])}
    return batch_v1.Job(name=name, labels=labels, status=batch_v1.JobStatus(state=state))


def coordinator(**changes: object) -> Coordinator:
    content = {
        "exp_id": "flu",
        "run_id": "main",
        "host": "a-machine-that-is-not-this-one",
        "pid": 1,
        "process_started": 0.0,
        "folder": "/work",
        "started": LONG_AGO,
    }
    return Coordinator.model_validate(content | changes)


def why(record: Coordinator | None, modified: datetime, *jobs: batch_v1.Job) -> str:
    return Activity(NOW, timedelta(days=7), jobs).why_active("flu", "main", record, modified)


def test_a_live_job_with_the_runs_labels_is_at_work_whatever_the_record_says():
    ended = coordinator(outcome="complete")

    assert why(ended, LONG_AGO, job(run=("flu", "main"))) == ("it has live Batch jobs")
    assert why(ended, LONG_AGO, job(run=("flu", "main/2030-01-05"))) != ""


@pytest.mark.parametrize(
    "others",
    [
        (),
        (job(run=("flu", "other")),),
        (job(run=("rsv", "main")),),
        (job(state=State.SUCCEEDED, run=("flu", "main")),),
        (job(state=State.FAILED, run=("flu", "main")),),
    ],
    ids=["no job", "another run", "another experiment", "succeeded", "failed"],
)
def test_a_run_that_has_ended_is_not_kept_alive_by_other_jobs(others):
    assert why(coordinator(outcome="complete"), RECENTLY, *others) == ""


@pytest.mark.parametrize(
    ("jobs", "expected"),
    [
        ((job(),), "its coordinator is running"),
        # Google's names may have the number of the project in place of its id.
        ((job(JOB.replace("my-project", "1234567")),), "its coordinator is running"),
        ((job(state=State.SUCCEEDED),), ""),
        ((job(f"{JOB}0"),), ""),
        ((), ""),
    ],
    ids=["lives", "project's number", "over", "another job", "deleted"],
)
def test_a_coordinator_that_is_a_job_is_found_among_the_jobs_by_its_name(jobs, expected):
    assert why(coordinator(job=JOB), RECENTLY, *jobs) == expected


def test_where_jobs_cannot_be_seen_a_coordinator_that_is_a_job_may_be_at_work():
    unseen = Activity(NOW, timedelta(days=7), None)

    assert unseen.why_active("flu", "main", coordinator(job=JOB), RECENTLY) == (
        "the state of its coordinator is unknown"
    )
    assert unseen.why_active("flu", "main", coordinator(job=JOB), LONG_AGO) == ""


@pytest.mark.parametrize("record", [coordinator(), None], ids=["another machine", "no record"])
@pytest.mark.parametrize(
    ("age", "older_than", "expected"),
    [
        (timedelta(days=8), timedelta(days=7), ""),
        (timedelta(days=6), timedelta(days=7), "the state of its coordinator is unknown"),
        # No task is silent for two days, and one may be for one.
        (timedelta(days=3), timedelta(hours=1), ""),
        (timedelta(days=1), timedelta(hours=1), "the state of its coordinator is unknown"),
    ],
)
def test_who_cannot_be_seen_counts_as_at_work_until_nothing_was_written_for_long(
    record, age, older_than, expected
):
    assert Activity(NOW, older_than, ()).why_active("flu", "main", record, NOW - age) == expected


def test_old_is_what_was_not_used_for_longer_than_was_asked_for():
    activity = Activity(NOW, timedelta(days=7))

    assert activity.is_old(NOW - timedelta(days=7, seconds=1))
    assert not activity.is_old(NOW - timedelta(days=7))


@pytest.mark.parametrize(
    ("jobs", "expected"),
    [
        (None, True),
        ((), False),
        ((job(state=State.SUCCEEDED), job(state=State.FAILED)), False),
        ((job(state=State.SUCCEEDED), job(state=State.QUEUED)), True),
    ],
)
def test_jobs_that_cannot_be_seen_may_be_at_work(jobs, expected):
    assert Activity(NOW, timedelta(days=7), jobs).has_live_jobs is expected


def test_records_are_read_by_the_folder_of_their_run_and_damaged_ones_not(tmp_path):
    storage = Disk(tmp_path)
    good, bad = RunLayout("us/flu", "main"), RunLayout("us/flu", "damaged")
    storage.write(good.coordinator_record, coordinator().model_dump_json().encode())
    storage.write(bad.coordinator_record, b"{")

    found = read_records(storage, [good.name, bad.name, "us/flu/without"])

    assert found == {"us/flu/main": coordinator()}

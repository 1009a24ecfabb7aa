"""Jobs of Google Batch as commands see them, on the emulator."""

import pytest
from google.cloud import batch_v1

from epyflow.errors import EpyflowError
from epyflow.google.batch import BatchJobs, is_over, label_value
from google_batch_emulator import ApiFault, FaultPlan
from google_batch_emulator.emulator import Emulator
from google_batch_emulator.settings import Settings


@pytest.fixture(scope="module")
def emulator():
    with Emulator(Settings(bucket="rehearsal", stub=True)) as running:
        yield running


@pytest.fixture
def jobs(emulator, monkeypatch) -> BatchJobs:
    for name, value in emulator.environment.items():
        monkeypatch.setenv(name, value)
    return BatchJobs("rehearsal", "us-central1")


def job(**labels: str) -> batch_v1.Job:
    script = batch_v1.Runnable(script=batch_v1.Runnable.Script(text="true"))
    group = batch_v1.TaskGroup(task_count=2, task_spec=batch_v1.TaskSpec(runnables=[script]))
    return batch_v1.Job(task_groups=[group], labels=labels)


def ids(found) -> list[str]:
    return [each.name.rpartition("/")[2] for each in found]


def test_jobs_are_found_by_all_their_labels_the_newest_first(jobs):
    jobs.create(job(run_id="found", stage="run"), "first")
    jobs.create(job(run_id="found", stage="tables"), "second")
    jobs.create(job(run_id="other", stage="run"), "third")

    assert ids(jobs.find({"run_id": "found"})) == ["second", "first"]
    assert ids(jobs.find({"run_id": "found", "stage": "run"})) == ["first"]
    assert jobs.find({"run_id": "nowhere"}) == []


def test_an_id_that_is_taken_gives_no_second_job(jobs):
    assert jobs.create(job(run_id="once"), "taken") is not None
    assert jobs.create(job(run_id="once"), "taken") is None
    assert len(jobs.find({"run_id": "once"})) == 1


def test_a_job_is_looked_at_with_its_tasks_and_deleted(jobs):
    created = jobs.create(job(), "looked-at")

    assert jobs.get("looked-at").uid == created.uid
    assert jobs.get(created.name).uid == created.uid
    assert len(list(jobs.tasks("looked-at"))) == 2
    jobs.delete("looked-at", "a test")
    left = jobs.get("looked-at")
    assert left is None or not is_over(left)
    assert jobs.get("never-there") is None
    jobs.delete("never-there", "a test")


def test_a_passing_fault_is_not_seen_and_one_that_stays_is_explained(jobs, emulator):
    emulator.faults.replace(FaultPlan(api=[ApiFault(method="ListJobs", code=503, times=1)]))
    assert jobs.find({"run_id": "nowhere"}) == []

    emulator.faults.replace(FaultPlan(api=[ApiFault(method="ListJobs", code=403, times=None)]))
    with pytest.raises(EpyflowError, match=r"locations/us-central1: 403 .*batch\.jobsEditor"):
        jobs.find({"run_id": "nowhere"})
    emulator.faults.replace(FaultPlan())


def test_names_are_labels_as_the_executor_makes_them():
    assert label_value("US/Flu main/2024-11-30") == "us-flu-main-2024-11-30"
    assert len(label_value("x" * 100)) == 63

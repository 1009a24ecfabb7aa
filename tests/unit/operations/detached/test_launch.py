"""A run has one coordinator in the cloud, whoever submits it and however often."""

import os
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from google.cloud import batch_v1
from tests.unit.operations.detached.test_coordinator_job import SITE

from epyflow.errors import EpyflowError, RunningError
from epyflow.operations.detached.launch import (
    NextJob,
    Place,
    check_alone,
    resumes,
    submit,
)
from epyflow.operations.detached.source_archive import pack
from epyflow.operations.runs import run_lease
from epyflow.operations.runs.coordinator_lease import acquire_lease
from epyflow.operations.runs.coordinator_record import JOB_VARIABLE, this_coordinator, write_record
from epyflow.storage.disk import Disk, SharedFolder

State = batch_v1.JobStatus.State
SOURCES = pack({"workflow/Snakefile": b"rule all:\n"}, "flu", "main", "12" * 32, "/a/flu")


@dataclass
class Jobs:
    """Jobs of Google Batch: an id is given once; ``late`` is told that its own job was there."""

    known: dict[str, batch_v1.Job] = field(default_factory=dict)
    late: bool = False

    def find(self, labels):
        return [each for each in self.known.values() if labels.items() <= dict(each.labels).items()]

    def get(self, name):
        return self.known.get(name)

    def create(self, job, name):
        if name in self.known:
            return None
        self.known[name] = made = copy(job)
        made.name = f"projects/p/locations/r/jobs/{name}"
        made.status.state = State.RUNNING
        made.create_time = datetime(2030, 1, 2, 3, 4, tzinfo=UTC)
        return None if self.late else made


@pytest.fixture
def place(tmp_path):
    return Place(SITE, "flu", "main", Disk(tmp_path), Jobs())


def test_the_job_is_named_by_its_run_and_number_and_told_its_sources(place):
    name = submit(place, SOURCES, check_alone(place), hours=2.5)

    ((number, job),) = place.coordinators().items()
    assert number == 1
    assert name == f"projects/my-project/locations/us-central1/jobs/{place.prefix}1"
    told = dict(job.task_groups[0].task_spec.environment.variables)
    assert told["EPYFLOW_COORDINATOR_SOURCES"] == SOURCES.path
    assert told["EPYFLOW_COORDINATOR_PLAN"] == "12" * 32
    assert told["EPYFLOW_COORDINATOR_ORIGIN"] == "/a/flu"
    assert told["EPYFLOW_COORDINATOR_HOURS"] == "2.5"
    assert place.storage.read(SOURCES.path) == SOURCES.data


def test_an_answer_that_was_lost_is_not_taken_for_another_coordinator(place):
    late = replace(place, jobs=Jobs(late=True))

    assert submit(late, SOURCES, NextJob(1)).endswith("1")
    assert list(late.coordinators()) == [1]


def test_of_two_who_submit_at_once_the_second_is_told_of_the_first(place):
    submit(place, SOURCES, NextJob(1))

    with pytest.raises(RunningError, match=r"-1 is its coordinator since 2030-01-02 03:04 UTC \(r"):
        submit(place, SOURCES, NextJob(1))


def test_while_a_job_runs_there_is_no_other_and_then_it_has_the_next_number(place):
    submit(place, SOURCES, NextJob(1))
    with pytest.raises(RunningError, match="-1 is its coordinator"):
        check_alone(place)

    (job,) = place.jobs.known.values()
    job.status.state = State.FAILED

    assert check_alone(place).number == 2


def test_earlier_sources_are_removed_when_the_job_is_there(place):
    place.storage.write(SOURCES.path.replace("sources-", "sources-0"), b"earlier")
    place.storage.write(SOURCES.path.rpartition("/")[0] + "/state.tar.gz", b"state")

    submit(place, SOURCES, NextJob(1))

    folder, _, name = SOURCES.path.rpartition("/")
    assert sorted(place.storage.names(folder)) == [name, "state.tar.gz"]


def test_sources_of_the_next_job_are_left_though_the_answer_comes_late(place, monkeypatch):
    create, later = Jobs.create, SOURCES.path.replace("sources-", "sources-0")

    def answer_late(self: Jobs, job: batch_v1.Job, name: str) -> batch_v1.Job | None:
        place.storage.write(later, b"later")
        return create(self, job, name)

    monkeypatch.setattr(Jobs, "create", answer_late)
    submit(place, SOURCES, NextJob(1))

    assert place.storage.read(later) == b"later"


def test_a_process_elsewhere_is_taken_over_only_if_that_is_said(place):
    mine = this_coordinator("flu", "main", {})
    write_record(mine, place.storage)
    with pytest.raises(RunningError, match="running on this machine, process"):
        check_alone(place, take_over=True)

    write_record(mine.model_copy(update={"host": "another"}), place.storage)
    with pytest.raises(RunningError, match="add --take-over"):
        check_alone(place)
    assert check_alone(place, take_over=True).number == 1

    write_record(mine.model_copy(update={"outcome": "complete"}), place.storage)
    assert check_alone(place).number == 1


def test_a_coordinator_that_is_taken_over_goes_on_if_the_job_cannot_be_created(
    place, tmp_path, monkeypatch
):
    place = replace(place, storage=SharedFolder(tmp_path))
    mine = this_coordinator("flu", "main", {}).model_copy(update={"host": "another"})
    first = acquire_lease(mine, place.storage, print)

    def refuse(self: Jobs, job: batch_v1.Job, name: str) -> None:
        variables = job.task_groups[0].task_spec.environment.variables
        found = run_lease.read_lease("flu", "main", place.storage)
        assert found is not None
        assert variables["EPYFLOW_COORDINATOR_REPLACES"] == found.nonce
        raise EpyflowError("no quota")

    monkeypatch.setattr(Jobs, "create", refuse)
    with pytest.raises(EpyflowError, match="no quota"):
        submit(place, SOURCES, check_alone(place, take_over=True, watch=True))

    first.renew()


def test_the_lease_of_a_job_that_is_over_does_not_count_though_google_names_the_project_by_number(
    place, tmp_path
):
    place = replace(place, storage=SharedFolder(tmp_path))
    name = submit(place, SOURCES, NextJob(1))
    ((_, job),) = place.coordinators().items()
    job.name = name.replace(place.site.project, "123456")
    job.status.state = State.FAILED
    acquire_lease(this_coordinator("flu", "main", {JOB_VARIABLE: name}), place.storage, print)

    assert check_alone(place).number == 2


def test_a_lease_of_the_future_that_nobody_renews_is_watched_and_replaced(
    place, tmp_path, monkeypatch
):
    place, slept = replace(place, storage=SharedFolder(tmp_path)), list[float]()
    monkeypatch.setattr(run_lease, "time", SimpleNamespace(sleep=slept.append))
    mine = this_coordinator("flu", "main", {}).model_copy(update={"host": "another"})
    run_lease.write_lease(place.storage, run_lease.new_lease(mine), None)
    os.utime(tmp_path / place.layout.coordinator_lease, (2.0**32, 2.0**32))

    assert check_alone(place).number == 1
    assert slept == []
    assert check_alone(place, watch=True).number == 1
    assert sum(slept) == run_lease.WATCH_SECONDS


def test_a_run_resumes_if_a_coordinator_left_its_state(place):
    assert not resumes(place)

    place.storage.write(place.layout.coordinator_state, b"state")

    assert resumes(place)

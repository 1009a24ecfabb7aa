"""Ending a run, with jobs and a clock that are made up and processes that are real."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import psutil
import pytest

from epyflow.google import batch
from epyflow.google.batch import COORDINATOR
from epyflow.operations.runs import cancellation
from epyflow.operations.runs.batch_jobs import RunJob
from epyflow.operations.runs.cancellation import Cancelling
from epyflow.operations.runs.coordinator_presence import Presence
from epyflow.operations.runs.coordinator_record import (
    Coordinator,
    read_record,
    this_coordinator,
    write_record,
)
from epyflow.operations.runs.run_lease import new_lease, write_lease
from epyflow.run.layout import RunLayout
from epyflow.storage.disk import Disk, SharedFolder

NOON = datetime(2030, 1, 5, 12, tzinfo=UTC)
TASKS = RunJob("projects/p/jobs/tasks", "u1", "run", "RUNNING", NOON, NOON, {}, 1, "run")
TABLES = replace(TASKS, name="projects/p/jobs/tables")
COORDINATING = replace(TASKS, name="projects/p/jobs/c1", stage=COORDINATOR)
OTHER = replace(TASKS, name="projects/p/jobs/other", whose="other")
DOUBTFUL = replace(TASKS, name="projects/p/jobs/doubtful", whose="unknown")


class Run:
    """A run whose jobs are as listed at each look; the last list holds for all later looks."""

    def __init__(self, storage: Disk) -> None:
        self.storage, self.looks = storage, [()]
        self.said: list[str] = []
        self.deleted: list[str] = []
        self.slept: list[float] = []
        self.now = 100.0

    def presence(self, *_: object) -> Presence:
        jobs = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        return Presence("flu", "main", read_record("flu", "main", self.storage), jobs)

    def delete(self, name: str, reason: str) -> None:
        self.deleted.append(name.rpartition("/")[2])

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def cancel(self, *looks: tuple[RunJob, ...], **options: object) -> cancellation.Ended:
        self.looks = list(looks)
        return Cancelling(
            *(self.storage, self.presence(), self.said.append),
            **{"sleep": self.sleep, "clock": lambda: self.now, **options},
        ).run()

    @property
    def outcome(self) -> str | None:
        record = read_record("flu", "main", self.storage)
        return None if record is None else record.outcome


@pytest.fixture
def run(tmp_path, monkeypatch) -> Run:
    made_up = Run(Disk(tmp_path))
    monkeypatch.setattr(cancellation, "find_coordinator", made_up.presence)
    monkeypatch.setattr(batch, "batch_of", lambda name: made_up)
    return made_up


@pytest.fixture
def record(run: Run) -> Coordinator:
    """The record of a Batch job that coordinates the run."""
    noted = this_coordinator("flu", "main", {}).model_copy(update={"job": COORDINATING.name})
    write_record(noted, run.storage)
    return noted


def test_the_coordinator_is_deleted_before_the_jobs_and_the_end_is_noted(run, record):
    ended = run.cancel(
        (TASKS, COORDINATING, OTHER),
        (TASKS, COORDINATING, OTHER),
        (TASKS, OTHER),
        (TASKS, OTHER),
        (OTHER,),
    )

    assert run.deleted == ["c1", "tasks"]
    assert ended.done == ["Batch job c1", "Batch job tasks"]
    assert (ended.left, ended.killed) == ([], False)
    assert run.outcome == "cancelled"


def test_a_coordinator_can_be_ended_without_its_jobs(run, record):
    ended = run.cancel((TASKS, COORDINATING), (TASKS,), only_coordinator=True)

    assert (run.deleted, ended.left) == (["c1"], [])
    assert run.outcome == "cancelled"


def test_jobs_that_have_come_since_are_deleted_and_those_being_deleted_are_not_again(run):
    going = replace(TASKS, state="DELETION_IN_PROGRESS")

    ended = run.cancel((going,), (going,), (going, TABLES), ())

    assert run.deleted == ["tables"]
    assert ended.done == ["Batch job tasks", "Batch job tables"]


def test_jobs_that_do_not_go_are_told_and_the_end_is_not_noted(run, record):
    ended = run.cancel((TASKS,), patience=10.0)

    assert ended.left == ["Batch job tasks is RUNNING: wait, and repeat this command"]
    assert run.outcome is None


def test_a_wait_looks_often_at_first_and_is_told_every_thirty_seconds(run):
    run.cancel((TASKS,), patience=70.0)

    assert set(run.slept[:15]) == {0.2}  # for three seconds
    assert set(run.slept[16:]) == {3.0}
    assert sum("waiting until" in line for line in run.said) == 3


@pytest.mark.parametrize("job", [None, COORDINATING.name])
def test_a_run_that_was_complete_stays_complete(run, record, job):
    write_record(record.after("complete").model_copy(update={"job": job}), run.storage)

    ended = run.cancel(())

    assert (ended.done, ended.left, run.outcome) == ([], [], "complete")


def test_jobs_that_a_failed_run_has_left_are_ended_and_that_is_noted(run, record):
    write_record(record.after("failed"), run.storage)

    run.cancel((TASKS,), (TASKS,), ())

    assert run.outcome == "cancelled"


def test_what_cannot_be_told_apart_is_left_to_the_user(run):
    ended = run.cancel((DOUBTFUL, OTHER))

    (left,) = ended.left
    assert "job doubtful" in left
    assert f"gcloud batch jobs delete {DOUBTFUL.name}" in left
    assert run.deleted == []


def test_a_process_of_another_machine_is_left_to_the_user(run, record):
    elsewhere = record.model_copy(update={"job": None, "host": "elsewhere", "pid": 12})
    write_record(elsewhere, run.storage)

    (left,) = run.cancel(()).left

    assert "process 12 on elsewhere may be running" in left
    assert "kill -INT 12" in left
    assert run.outcome is None


@pytest.fixture
def process(run: Run) -> Iterator[subprocess.Popen[bytes]]:
    """A process of this machine that the record of the run names."""
    started = subprocess.Popen(["snakemake", "60"], executable=shutil.which("sleep"))
    while not psutil.Process(started.pid).cmdline():
        time.sleep(0.001)  # the kernel shows it a moment after the program has been loaded
    update = {"pid": started.pid, "process_started": psutil.Process(started.pid).create_time()}
    write_record(this_coordinator("flu", "main", {}).model_copy(update=update), run.storage)
    yield started
    started.kill()
    started.wait()


@pytest.mark.parametrize(
    ("options", "number", "killed"),
    [({}, 2, False), ({"now": True}, 9, True), ({"only_coordinator": True}, 9, True)],
)
def test_a_process_is_interrupted_or_killed(run, process, options, number, killed):
    ended = run.cancel((), patience=30.0, sleep=lambda seconds: None, **options)

    assert process.wait(5) == -number
    assert ended.killed is killed
    assert ended.done[0].startswith(f"process {process.pid} on ")
    assert run.outcome == "cancelled"


LATE = """
import signal, subprocess, sys, time

def start_a_job(*_):
    job = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", "snakemake"])
    print(job.pid, flush=True)
    sys.exit(job.wait() and 1)

signal.signal(signal.SIGINT, signal.SIG_IGN if sys.argv[2] == "15" else start_a_job)
signal.signal(signal.SIGTERM, start_a_job)
print("ready", flush=True)
time.sleep(60)
"""
"""A coordinator that starts a job when it is interrupted, and waits for it as Snakemake does."""


@pytest.mark.parametrize("number", [2, 15])
def test_a_job_that_the_coordinator_was_about_to_start_is_ended_with_it(run, number):
    command = [sys.executable, "-c", LATE, "snakemake", str(number)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as started:
        assert started.stdout is not None
        started.stdout.readline()
        update = {"pid": started.pid, "process_started": psutil.Process(started.pid).create_time()}
        write_record(this_coordinator("flu", "main", {}).model_copy(update=update), run.storage)

        ended = run.cancel((), patience=30.0)
        late = int(started.stdout.readline())

        assert ended.left == []
        assert started.wait(5) == 1
        assert not psutil.pid_exists(late)


def test_jobs_that_the_coordinator_has_begun_at_its_end_are_deleted(run, process):
    ended = run.cancel((), (), (TASKS,), (), patience=30.0, sleep=lambda seconds: None)

    assert run.deleted == ["tasks"]
    assert ended.left == []


def test_the_record_of_an_earlier_coordinator_is_replaced_by_that_of_the_job(run, record):
    earlier = record.model_copy(update={"job": "projects/p/jobs/c0"})
    write_record(earlier.after("failed"), run.storage)

    run.cancel((COORDINATING,), (COORDINATING,), ())

    noted = read_record("flu", "main", run.storage)
    assert noted is not None
    assert (noted.job, noted.outcome) == (COORDINATING.name, "cancelled")


@pytest.mark.parametrize(
    ("holder", "left"),
    [
        ({"host": "elsewhere", "pid": 12}, "process 12 on elsewhere is its coordinator since"),
        ({}, f"It is starting: end it with Ctrl-C or kill -INT {os.getpid()}"),
        ({"host": "elsewhere", "job": COORDINATING.name}, ""),
        ({"process_started": 0.0}, ""),
    ],
    ids=["lives elsewhere", "starts here", "job", "has ended here"],
)
@pytest.mark.parametrize("outcome", ["failed", None])
def test_the_lease_of_a_coordinator_that_runs_on_is_left_and_that_is_told(
    run, tmp_path, holder, left, outcome
):
    run.storage, mine = SharedFolder(tmp_path), this_coordinator("flu", "main", {})
    if outcome:  # of an earlier coordinator
        write_record(mine.model_copy(update={"pid": 11}).after(outcome), run.storage)
    write_lease(run.storage, new_lease(mine.model_copy(update=holder)), None)

    ended = run.cancel(())

    assert [left in each for each in ended.left] == [True] * bool(left)
    assert (run.storage.read(RunLayout("flu", "main").coordinator_lease) is not None) is bool(left)
    assert run.outcome == outcome


@pytest.mark.parametrize(
    ("before", "told"),
    [
        ("", "has started meanwhile; repeat this command"),
        ("snakemake", "has not ended in 0 s"),
        ("other", "does not run Snakemake: it is left alone"),
    ],
)
def test_a_coordinator_that_has_its_record_is_told_once_though_it_holds_the_lease(
    run, tmp_path, monkeypatch, before, told
):
    run.storage, mine = SharedFolder(tmp_path), this_coordinator("flu", "main", {})
    monkeypatch.setattr(cancellation, "runs_snakemake", lambda process: before == "snakemake")
    monkeypatch.setattr(cancellation, "send_signal", lambda number, tree: None)
    monkeypatch.setattr(cancellation, "is_running", lambda process: True)
    write_lease(run.storage, new_lease(mine), None)
    if before:
        write_record(mine, run.storage)
    cancelling = Cancelling(run.storage, run.presence(), run.said.append, patience=0.0)
    write_record(mine, run.storage)

    (left,) = cancelling.run().left

    assert told in left


def test_a_lease_that_has_lapsed_by_a_clock_that_may_be_wrong_is_left(run, tmp_path):
    run.storage, mine = SharedFolder(tmp_path), this_coordinator("flu", "main", {})
    write_lease(run.storage, new_lease(mine.model_copy(update={"host": "elsewhere"})), None)
    lease = RunLayout("flu", "main").coordinator_lease
    os.utime(tmp_path / lease, (0, 0))

    assert run.cancel(()).left == []

    assert run.storage.read(lease) is not None


def test_a_coordinator_that_has_started_since_is_told_and_keeps_its_record(run, record):
    run.delete = lambda *_: write_record(this_coordinator("flu", "main", {}), run.storage)

    ended = run.cancel((COORDINATING,), (COORDINATING,), ())

    (left,) = ended.left
    assert "has started meanwhile; repeat this command" in left
    assert run.outcome is None


def test_a_coordinator_that_starts_while_the_end_is_noted_keeps_its_record(run, record, tmp_path):
    starting = this_coordinator("flu", "main", {})

    class Contended(SharedFolder):
        def write_version(self, path: str, data: bytes, replaced: str | None) -> str | None:
            write_record(starting, self)
            return super().write_version(path, data, replaced)

    run.storage = Contended(tmp_path)

    run.cancel((COORDINATING,), (COORDINATING,), ())

    assert read_record("flu", "main", run.storage) == starting


def test_a_run_that_was_over_before_its_coordinator_was_deleted_stays_as_it_was(run, record):
    other = record.model_copy(update={"job": f"{COORDINATING.name}0"})
    for ending in (record.after("complete"), record.after("failed"), other.after("failed")):
        write_record(record, run.storage)
        run.delete = lambda *_, ending=ending: write_record(ending, run.storage)

        run.cancel((COORDINATING,), (COORDINATING,), ())

        assert read_record("flu", "main", run.storage) == ending


@pytest.mark.parametrize("outcome", ["complete", "failed", "stopped", "cancelled"])
def test_a_process_that_ends_by_itself_before_it_is_interrupted_keeps_its_outcome(
    run, process, outcome
):
    record = read_record("flu", "main", run.storage)
    assert record is not None
    seen = run.presence()
    ending = record.after(outcome)
    write_record(ending, run.storage)
    process.kill()
    process.wait()

    ended = Cancelling(run.storage, seen, run.said.append, sleep=run.sleep).run()

    assert (ended.done, ended.left) == ([], [])
    assert read_record("flu", "main", run.storage) == ending


def test_of_two_cancellations_at_once_both_succeed_and_note_it(run, record):
    looks = [(COORDINATING, TASKS)], [(COORDINATING, TASKS), (TASKS,), ()]
    first = []

    def delete(name: str, reason: str) -> None:
        if not first:  # the other command ends it all at this moment
            first.append(name)
            run.looks = looks[1]
            first.append(Cancelling(run.storage, run.presence(), run.said.append).run())

    run.delete = delete
    second = run.cancel((COORDINATING, TASKS))

    assert (second.left, first[1].left) == ([], [])
    assert run.outcome == "cancelled"


def test_a_process_that_ignores_interruptions_is_terminated(run):
    command = (
        "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); print('ready', flush=True)"
    )
    command = f"{command}; signal.pause()"
    started = subprocess.Popen([sys.executable, "-c", command, "snakemake"], stdout=subprocess.PIPE)
    assert started.stdout is not None
    started.stdout.readline()
    update = {"pid": started.pid, "process_started": psutil.Process(started.pid).create_time()}
    write_record(this_coordinator("flu", "main", {}).model_copy(update=update), run.storage)

    run.cancel((), patience=30.0, sleep=lambda seconds: None)

    assert started.wait(5) == -15
    started.stdout.close()

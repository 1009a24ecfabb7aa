"""Runs on Google Batch, looked at and ended from a folder that knows only the site."""

import json
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from unittest.mock import ANY

import pytest
from google.cloud import batch_v1
from google.cloud.logging import Client
from typer.testing import CliRunner, Result

from epyflow.cli import app, logs_follow
from epyflow.google.batch import BatchJobs
from epyflow.operations.runs.coordinator_lease import acquire_lease
from epyflow.operations.runs.coordinator_record import (
    JOB_VARIABLE,
    read_record,
    this_coordinator,
    write_record,
)
from epyflow.operations.runs.own_record import record_end
from epyflow.storage.bucket import Bucket
from google_batch_emulator import ApiFault, FaultPlan, JobFault, TaskFault
from google_batch_emulator.admin import AdminClient
from tests.cloud.batched import coordinator_job, task_job, unknown_job
from tests.cloud.clouded import DIGEST, open_bucket

HELD = FaultPlan(
    jobs=(JobFault(job="*held*", action="stock-out", times=None),),
    tasks=(TaskFault(job="*working*", action="delay", after_seconds=600, times=None),),
)


@pytest.fixture
def jobs(storage_only, prefix, monkeypatch, tmp_path) -> Iterator[BatchJobs]:
    """Google Batch, in which jobs that are named so wait for machines, or do not end."""
    monkeypatch.chdir(tmp_path)
    site = {
        "PROJECT": "rehearsal",
        "REGION": "us-central1",
        "STORAGE": prefix,
        "IMAGE": f"rehearsal/epyflow@{DIGEST}",
        "SERVICE_ACCOUNT": "tasks@rehearsal.iam.gserviceaccount.com",
    }
    variables = storage_only | {f"EPYFLOW_GCP_{name}": value for name, value in site.items()}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    admin = AdminClient(storage_only["GOOGLE_BATCH_EMULATOR_ADMIN"])
    admin.replace_faults(HELD)
    jobs = BatchJobs("rehearsal", "us-central1")
    yield jobs
    admin.replace_faults(FaultPlan())
    for job in jobs.find({}):
        jobs.delete(job.name, "the test is over")


@pytest.fixture
def bucket(jobs, storage_only, prefix) -> Bucket:
    """The place of a run of two tasks, us/flu/main, of which one is done."""
    bucket = open_bucket(prefix, storage_only)
    for task in ("00000", "00001"):
        bucket.write(f"results/us/flu/main/builder-artifacts/input_{task}.pkl", b"in")
    bucket.write("results/us/flu/main/runner-artifacts/result_00000.pkl", b"out")
    return bucket


def call(*arguments: object) -> Result:
    done = CliRunner().invoke(app.app, [*map(str, arguments)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def assigned(jobs: BatchJobs) -> int:
    """Return how many tasks have a machine; a new job has no counts yet."""
    groups = jobs.get("working").status.task_groups
    return groups["group0"].counts.get("ASSIGNED", 0) if "group0" in groups else 0


def between_looks(monkeypatch, steps: list[Callable[[], None]]) -> None:
    """Take a step instead of every wait; the emulator, in this process too, waits as ever."""
    clock = SimpleNamespace(sleep=lambda seconds: steps.pop(0)())
    monkeypatch.setattr(logs_follow, "time", clock)


def states(jobs: BatchJobs) -> dict[str, str]:
    return {job.name.rpartition("/")[2]: job.status.state.name for job in jobs.find({})}


def test_status_tells_the_coordinators_job_and_the_tasks_that_wait_and_run(jobs, bucket, prefix):
    jobs.create(coordinator_job("us/flu", "main", prefix), "coordinator-held")
    jobs.create(task_job("us/flu", "main", prefix), "held")
    jobs.create(task_job("us/flu", "main", prefix, stage="tables"), "working")
    jobs.create(task_job("us/flu", "main", prefix), "over")
    jobs.create(task_job("us-flu", "main", prefix), "of-another-working")
    wanted = {"coordinator-held": "SCHEDULED", "held": "SCHEDULED", "over": "SUCCEEDED"}
    wait_until(lambda: wanted.items() <= states(jobs).items())

    done = call("status", "us/flu", "--storage", prefix)
    document = json.loads(call("status", "us/flu", "--storage", prefix, "--format", "json").stdout)

    assert done.exit_code == 3, done.output
    assert "coordinator: Batch job coordinator-held, SCHEDULED, since " in done.stdout
    assert "batch    3 jobs (3 SCHEDULED): tasks 5 queued, 0 running on 2 VMs\n" in done.stdout
    assert [each["stage"] for each in document["batch"]] == ["coordinator", "tables", "run"]


def test_a_coordinators_job_that_is_gone_is_nobody(jobs, bucket, prefix):
    record = this_coordinator("us/flu", "main", {"EPYFLOW_COORDINATOR_JOB": jobs._full("gone")})
    write_record(record, bucket)

    done = call("status", "us/flu", "--storage", prefix)

    assert done.exit_code == 4
    assert "coordinator: none: Batch job gone, started " in done.stdout


def test_a_run_on_batch_is_cancelled_and_no_other_with_its_labels_is(jobs, bucket, prefix):
    jobs.create(coordinator_job("us/flu", "main", prefix), "coordinator-held")
    jobs.create(task_job("us/flu", "main", prefix), "working")
    jobs.create(task_job("us/flu", "main/2030-01-05", prefix), "held")
    others = {
        "same-label-held": task_job("us-flu", "main", prefix),
        "other-run-held": task_job("us/flu", "other", prefix),
        "other-bucket-held": task_job("us/flu", "main", "gs://elsewhere/x"),
        "other-coordinator-held": coordinator_job("us-flu", "main", prefix),
    }
    for name, job in others.items():
        jobs.create(job, name)
    jobs.create(task_job("us/flu", "main", prefix), "over")
    wait_until(lambda: states(jobs)["over"] == "SUCCEEDED")
    holder = {JOB_VARIABLE: jobs._full("coordinator-held")}
    acquire_lease(this_coordinator("us/flu", "main", holder), bucket, print)

    asked = call("cancel", "us/flu", "--storage", prefix)
    assert (asked.exit_code, len(states(jobs))) == (3, 8)
    assert "Batch job coordinator-held, the coordinator, " in asked.stderr

    done = call("cancel", "us/flu", "--storage", prefix, "--yes")

    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("us/flu/main: ended Batch job coordinator-held, Batch job ")
    resume = "to resume it: epyflow submit us/flu --run-id main, with the same settings"
    assert resume in done.stdout
    assert set(states(jobs)) == {*others, "over"}
    assert bucket.read("coordinator/us/flu/main/lease.json") is None
    record = read_record("us/flu", "main", bucket)
    assert record is not None
    assert (record.outcome, record.job) == ("cancelled", jobs._full("coordinator-held"))
    assert call("status", "us/flu", "--storage", prefix).exit_code == 4
    assert call("cancel", "us/flu", "--storage", prefix).exit_code == 0


def test_the_jobs_of_a_coordinator_elsewhere_are_deleted_and_it_is_told_where_it_is(
    jobs, bucket, prefix
):
    jobs.create(task_job("us/flu", "main", prefix), "working")
    jobs.create(unknown_job("us/flu", "main"), "whose-held")
    record = this_coordinator("us/flu", "main", {})
    write_record(record.model_copy(update={"host": "laptop", "pid": 12}), bucket)

    done = call("cancel", "us/flu", "--storage", prefix, "--yes")

    assert done.exit_code == 1
    assert "ended Batch job working\n" in done.stdout
    assert "process 12 on laptop may be running" in done.stderr
    assert "gcloud batch jobs delete" in done.stderr
    assert set(states(jobs)) == {"whose-held"}
    after = read_record("us/flu", "main", bucket)
    assert after is not None
    assert after.outcome is None


def test_a_coordinator_alone_is_ended_and_its_tasks_go_on(jobs, bucket, prefix):
    jobs.create(coordinator_job("us/flu", "main", prefix), "coordinator-held")
    jobs.create(task_job("us/flu", "main", prefix), "held")

    done = call("cancel", "us/flu", "--storage", prefix, "--yes", "--only-coordinator")

    assert (done.exit_code, set(states(jobs))) == (0, {"held"})
    assert done.stdout.startswith("us/flu/main: ended Batch job coordinator-held\n")
    shown = call("status", "us/flu", "--storage", prefix)
    assert shown.exit_code == 4
    assert "batch    1 job (" in shown.stdout


def test_a_run_that_is_submitted_and_has_made_nothing_is_found_and_cancelled(
    jobs, storage_only, prefix
):
    bucket = open_bucket(prefix, storage_only)
    bucket.write("coordinator/us/new/main/sources.tar.gz", b"sources")
    jobs.create(coordinator_job("us/new", "main", prefix), "coordinator-held")

    assert call("cancel", "us/new", "--storage", prefix, "--yes").exit_code == 0
    assert states(jobs) == {}


def test_where_batch_jobs_may_not_be_seen_it_is_said_and_nothing_is_taken_for_ended(
    jobs, bucket, prefix, storage_only
):
    record = this_coordinator("us/flu", "main", {"EPYFLOW_COORDINATOR_JOB": jobs._full("mine")})
    write_record(record, bucket)
    admin = AdminClient(storage_only["GOOGLE_BATCH_EMULATOR_ADMIN"])
    admin.replace_faults(FaultPlan(api=(ApiFault(method="ListJobs", code=403, times=None),)))

    status = call("status", "us/flu", "--storage", prefix)
    cancel = call("cancel", "us/flu", "--storage", prefix, "--yes")
    clean = call("clean", "--storage", prefix, "--yes", "--runs", "*", "--keep", 0)
    admin.replace_faults(FaultPlan())

    assert status.exit_code == 3
    assert "batch    cannot be seen from here: projects/rehearsal" in status.stdout
    assert "roles/batch.jobsEditor" in status.stdout
    assert cancel.exit_code == 1
    assert "Batch jobs of the run, if any, cannot be listed" in cancel.stderr
    assert read_record("us/flu", "main", bucket) == record
    assert clean.exit_code == 0
    assert "us/flu/main: left alone, as the state of its coordinator is unknown" in clean.stderr


LOGS = "logs/us/flu/main/run_task"


@pytest.mark.parametrize("machine", [False, True], ids=["log", "machine"])
def test_what_a_running_task_prints_is_followed_and_its_log_once_it_comes(
    jobs, bucket, prefix, monkeypatch, machine
):
    begun, ended = (f"2030-01-02 03:04:05,678 {text}" for text in ("INFO begun", "WARNING ended"))
    created = jobs.create(task_job("us/flu", "main", prefix), "working")
    wait_until(lambda: assigned(jobs) == 2)
    write_record(this_coordinator("us/flu", "main", {}), bucket)

    def print_something() -> None:
        labels = {"job_uid": created.uid, "task_id": f"task/{created.uid}-group0-1/0/0"}
        log = Client(project="rehearsal").logger("batch_task_logs")
        log.log_text("rule run_task:", labels=labels)
        log.log_text(begun, labels=labels)
        log.log_text(begun, labels=labels | {"job_uid": "another"})

    def finish() -> None:
        bucket.write(f"{LOGS}/00001.log", f"{begun}\n{ended}\n".encode())
        jobs.delete("working", "it is over")
        wait_until(lambda: jobs.get("working") is None)
        record_end("us/flu", "main", "complete", bucket)

    steps = [print_something, lambda: None, finish]
    between_looks(monkeypatch, steps)

    options = ("--follow", "--task", 1, *(["--machine"] if machine else []))
    done = call("logs", "us/flu", "--storage", prefix, *options)

    assert done.exit_code == 0, done.output
    assert done.stdout == (
        f"==> googlebatch-logs/working/1.log <==\nrule run_task:\n{begun}\n"
        if machine
        else f"==> {LOGS}/00001.log <==\n{begun}\n{ended}\n"
    )


def test_that_cloud_logging_does_not_answer_is_said_once_and_stops_nothing(
    jobs, bucket, prefix, monkeypatch, storage_only
):
    jobs.create(task_job("us/flu", "main", prefix), "working")
    wait_until(lambda: assigned(jobs) == 2)
    write_record(this_coordinator("us/flu", "main", {}), bucket)
    bucket.write(f"{LOGS}/00000.log", b"one\n")
    admin = AdminClient(storage_only["GOOGLE_BATCH_EMULATOR_ADMIN"])
    admin.replace_faults(FaultPlan(api=(ApiFault(method="ListLogEntries", code=403, times=None),)))

    def finish() -> None:
        jobs.delete("working", "it is over")
        wait_until(lambda: jobs.get("working") is None)
        record_end("us/flu", "main", "complete", bucket)

    steps = [lambda: None, finish]
    between_looks(monkeypatch, steps)

    done = call("logs", "us/flu", "--storage", prefix, "--follow")

    assert (done.exit_code, done.stdout) == (0, f"==> {LOGS}/00000.log <==\none\n")
    assert done.stderr.count("roles/logging.viewer") == 1


def test_what_machines_printed_is_told_by_the_job_or_by_what_it_names(jobs, bucket, prefix):
    jobs.create(task_job("us/flu", "main", prefix), "known")
    jobs.create(task_job("us/flu", "other", prefix), "of-another")
    failed = b"sources not fetched\n[googlebatch-array] exit status 1\n"
    bucket.write("googlebatch-logs/known/1.log", failed)
    bucket.write("googlebatch-logs/of-another/0.log", failed)
    named = "    log: gs://x/{}/run_task/00003.log (send to storage)\n"
    begun = (
        "  Command: snakemake --target-jobs run_task:exp_id=us/flu,run_id={},i=00004 --cores 1\n"
    )
    done = "[googlebatch-array] exit status 0\n"
    texts = {
        "gone": named.format("logs/us/flu/main"),
        "gone-of-another": named.format("logs/us/flu/other"),
        "over": begun.format("main"),
        "over-of-another": begun.format("other"),
    }
    for name, text in texts.items():
        bucket.write(f"googlebatch-logs/{name}/0.log", (text + done).encode())

    shown = call("logs", "us/flu", "--storage", prefix, "--machine", "--format", "json")
    wrong = call("logs", "us/flu", "--storage", prefix, "--machine", "--failed")

    assert [(log["file"], log["rule"], log["job"]) for log in json.loads(shown.stdout)] == [
        ("googlebatch-logs/known/1.log", "run_task", "00001"),
        ("googlebatch-logs/gone/0.log", "run_task", "00003"),
        ("googlebatch-logs/over/0.log", "run_task", "00004"),
    ]
    assert wrong.stdout == failed.decode()


def test_finished_jobs_go_once_old_but_those_of_a_run_at_work_or_of_others_stay(
    jobs, bucket, prefix, monkeypatch
):
    for name, job in {
        "over": task_job("us/flu", "main", prefix),
        "over-too": coordinator_job("us/flu", "main", prefix),
        "over-of-a-live-run": task_job("us/live", "main", prefix),
        "live-held": task_job("us/live", "main", prefix),
        "of-somebody": batch_v1.Job(task_groups=unknown_job("us/flu", "main").task_groups),
    }.items():
        jobs.create(job, name)
    wait_until(lambda: list(states(jobs).values()).count("SUCCEEDED") == 4)
    end_of = this_coordinator("us/flu", "main", {}).model_copy(update={"outcome": "complete"})
    write_record(end_of, bucket)
    bucket.write("snakemake-workflow-sources." + 64 * "0" + ".tar.xz", b"sources")
    bucket.write("results/us/live/main/outputs/quantiles.csv.gz", b"table")
    arguments = ("clean", "--storage", prefix, "--yes")

    young = call(*arguments)
    assert (young.exit_code, young.stdout) == (0, "nothing to remove\n")

    time.sleep(1.1)
    old = call(*arguments, "--older-than", "1s", "--runs", "*", "--keep", 0)

    assert old.exit_code == 0, old.output
    left = {"over-of-a-live-run", "live-held", "of-somebody"}
    wait_until(lambda: set(states(jobs)) == left)
    assert "us/live/main: left alone, as it has live Batch jobs" in old.stderr
    assert bucket.below("results") == {"us/live/main/outputs/quantiles.csv.gz": ANY}
    assert len(bucket.names("")) == 1, "somebody may need the sources"

    jobs.delete("live-held", "it is over")
    wait_until(lambda: jobs.get("live-held") is None)
    bucket.remove(["results/us/live/main/outputs/quantiles.csv.gz"])
    assert call(*arguments, "--older-than", "1s").exit_code == 0
    wait_until(lambda: set(states(jobs)) == {"of-somebody"})
    assert bucket.names("") == {}

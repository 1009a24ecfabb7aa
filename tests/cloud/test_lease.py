"""A run in a bucket has one coordinator: who comes second is told of the first."""

import os
import subprocess
import sys
import threading
from typing import Any

import pytest

from epyflow.errors import RunningError
from epyflow.operations.runs import held_lease, run_lease
from epyflow.operations.runs.coordinator_lease import (
    TAKE_OVER_VARIABLE,
    acquire_lease,
    claim_run,
)
from epyflow.operations.runs.coordinator_process import REPLACED
from epyflow.operations.runs.coordinator_record import (
    JOB_VARIABLE,
    Coordinator,
    this_coordinator,
    write_record,
)
from epyflow.operations.runs.run_lease import read_lease
from epyflow.run.layout import RunLayout
from epyflow.storage.bucket import Bucket
from epyflow.storage.disk import Disk
from tests.cloud.clouded import Clouded, open_bucket
from tests.unit.operations.detached.test_supervisor import is_gone
from tests.workflow.workspace import Workspace

LEASE = RunLayout("small", "main").coordinator_lease

END = """
import subprocess, sys
from pathlib import Path
from epyflow.operations.runs.coordinator_process import end_this_process
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
end_this_process(Path("unlocked").touch)
"""


@pytest.fixture
def bucket(storage_only: dict[str, str], prefix: str) -> Bucket:
    return open_bucket(prefix, storage_only)


def coordinator(host: str, job: str | None = None) -> Coordinator:
    mine = this_coordinator("small", "main", {} if job is None else {JOB_VARIABLE: job})
    return mine.model_copy(update={"host": host})


def holder(bucket: Bucket) -> str | None:
    found = read_lease("small", "main", bucket)
    return None if found is None or found.lease is None else found.lease.holder.host


def test_the_second_is_refused_and_told_who_is_first_and_since_when(bucket):
    first = coordinator("laptop")
    acquire_lease(first, bucket, print)

    with pytest.raises(RunningError) as refused:
        acquire_lease(coordinator("desktop"), bucket, print)

    since = f"{first.started:%Y-%m-%d %H:%M:%S} UTC"
    named = f"small/main: process {first.pid} on laptop is its coordinator since {since}"
    assert named in str(refused.value)
    assert f"{TAKE_OVER_VARIABLE}=true" in str(refused.value)
    assert holder(bucket) == "laptop"


def test_one_that_is_taken_over_notices_and_leaves_the_lease_of_the_other(bucket):
    first = acquire_lease(coordinator("laptop"), bucket, print)
    first.renew()
    acquire_lease(coordinator("desktop"), bucket, print, take_over=True)

    with pytest.raises(RunningError, match="on desktop is its coordinator"):
        first.renew()
    first.release()

    assert holder(bucket) == "desktop"


def test_a_lease_that_is_not_renewed_lapses_and_one_that_is_released_is_gone(bucket, monkeypatch):
    acquire_lease(coordinator("laptop"), bucket, print)
    monkeypatch.setattr(run_lease, "LEASE_SECONDS", 0.0)
    monkeypatch.setattr(run_lease, "WATCH_SECONDS", 0.0)

    second = acquire_lease(coordinator("desktop"), bucket, print)
    assert holder(bucket) == "desktop"
    second.release()

    assert holder(bucket) is None


def test_a_process_that_was_killed_and_a_job_that_lost_its_machine_hold_none(bucket):
    here = this_coordinator("small", "main", {})
    acquire_lease(here.model_copy(update={"process_started": 0.0}), bucket, print)
    acquire_lease(coordinator("first-machine", "jobs/coordinator-1"), bucket, print)

    acquire_lease(coordinator("second-machine", "jobs/coordinator-1"), bucket, print)

    assert holder(bucket) == "second-machine"
    with pytest.raises(RunningError, match="Batch job coordinator-1 is its coordinator"):
        acquire_lease(coordinator("third-machine", "jobs/coordinator-2"), bucket, print)


@pytest.mark.parametrize("content", [b"{}", b"\xff"])
def test_a_damaged_lease_that_nobody_renews_counts_as_none(bucket, content, monkeypatch):
    monkeypatch.setattr(run_lease, "WATCH_SECONDS", 0.0)
    bucket.write(LEASE, content)

    acquire_lease(coordinator("laptop"), bucket, print)

    assert holder(bucket) == "laptop"


def test_a_lease_whose_answer_was_lost_is_held(bucket, monkeypatch):
    write = Bucket.write_version

    def repeat(self: Bucket, path: str, data: bytes, replaced: str | None) -> str | None:
        write(self, path, data, replaced)
        return write(self, path, data, replaced)

    monkeypatch.setattr(Bucket, "write_version", repeat)
    held = acquire_lease(coordinator("laptop"), bucket, print)

    held.renew()
    assert holder(bucket) == "laptop"


def test_it_is_renewed_until_another_takes_it_which_is_told_once(bucket, monkeypatch):
    monkeypatch.setattr(held_lease, "RENEW_SECONDS", 0.3)
    lost, told, said = threading.Event(), [], []
    held = acquire_lease(coordinator("laptop"), bucket, said.append)
    before = read_lease("small", "main", bucket)

    held.keep(lambda reason: (told.append(reason), lost.set()))
    while read_lease("small", "main", bucket) == before:
        assert not lost.wait(0.02)
    with held._writing:  # no renewal comes between reading and writing, however slow they are
        acquire_lease(coordinator("desktop"), bucket, print, take_over=True)

    assert lost.wait(30)
    assert (holder(bucket), said) == ("desktop", [])
    (reason,) = told
    assert "on desktop is its coordinator" in reason


def test_on_disk_there_is_none(bucket, tmp_path):
    nothing: Any = None

    assert claim_run("small", "main", Disk(tmp_path), nothing, nothing, {}) is None
    with pytest.raises(RunningError, match="EPYFLOW_TAKE_OVER=maybe: expected true, false"):
        claim_run("small", "main", bucket, nothing, nothing, {TAKE_OVER_VARIABLE: "maybe"})


def test_one_that_is_taken_over_from_ends_with_its_local_jobs_and_unlocks_the_folder(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", END], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == REPLACED, done.stderr
    assert (tmp_path / "unlocked").exists()
    assert is_gone(int(done.stdout))


def test_a_run_of_snakemake_starts_beside_no_other(clouded: Clouded):
    acquire_lease(coordinator("laptop"), clouded.bucket, print)
    write_record(coordinator("laptop"), clouded.bucket)

    refused = clouded.run("--until", "build_inputs")

    assert refused.code == 1
    assert f"process {os.getpid()} on laptop is its coordinator since" in refused.text
    assert "Traceback" not in refused.text
    assert clouded.bucket.below("results") == {}
    assert holder(clouded.bucket) == "laptop"


def test_on_disk_snakemake_refuses_the_second_and_the_first_is_named(clouded, tmp_path):
    record = this_coordinator("small", "main", {})
    write_record(record, Disk(tmp_path))

    planned = clouded.call(Workspace.command(clouded, "--dry-run"))

    assert planned.code == 0, planned.text
    assert f"process {os.getpid()} on {record.host} is its coordinator since" in planned.text

"""A coordinator is lost right after it has submitted a task, before the task's end is known."""

import base64
import io
import os
import tarfile
import time
from collections.abc import Callable, Iterator

import pytest

from epyflow.archives import write_archive
from epyflow.google.batch import BatchJobs
from epyflow.google.site import read_site
from epyflow.operations.detached.job_request import Submission
from epyflow.operations.detached.launch import NextJob, Place, submit
from epyflow.operations.detached.source_archive import pack
from epyflow.run.layout import RunLayout
from google_batch_emulator.emulator import Emulator
from google_batch_emulator.records import JobRecord
from google_batch_emulator.settings import Settings
from tests.cloud.clouded import open_bucket, site_variables
from tests.cloud.conftest import BUCKET

LAYOUT = RunLayout("small", "main")
RESULT = LAYOUT.result(0)

SNAKEFILE = f"""\
rule run_task:
    output: "{RESULT}"
    shell: "echo done > {{output}}"
"""

# The coordinator that is lost does not look at its task again, so it cannot know its end.
PROFILE = """\
__use_yte__: true
__definitions__:
  - from os import environ
executor: googlebatch-array
googlebatch-array-project: rehearsal
googlebatch-array-region: us-central1
googlebatch-array-container: ?environ["EPYFLOW_GCP_IMAGE"]
default-storage-provider: gcs-indexed
default-storage-prefix: ?environ["EPYFLOW_GCP_STORAGE"]
storage-gcs-indexed-project: rehearsal
jobs: 10
seconds-between-status-checks: '?600 if environ["BATCH_TASK_RETRY_ATTEMPT"] == "0" else 1'
keep-incomplete: true
rerun-incomplete: true
"""

EARLIER = '{"external_jobid": "googlebatch-array:0123456789abcdef:earlier"}'
"""Snakemake's mark of an unfinished job, by a coordinator that was lost before."""


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """Room for a coordinator and a task."""
    with Emulator(Settings(bucket=BUCKET, max_processes=2)) as running:
        yield running


@pytest.fixture
def place(tmp_path, emulator, prefix, monkeypatch) -> Place:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("EPYFLOW")]:
        monkeypatch.delenv(name)
    for name, value in {**emulator.environment, **site_variables(prefix)}.items():
        monkeypatch.setenv(name, value)
    site = read_site()
    jobs = BatchJobs(site.project, site.region)
    return Place(site, "small", "main", open_bucket(site.storage, emulator.environment), jobs)


def submit_small_workflow(place: Place) -> str:
    """Submit a workflow of one task; return the id of the coordinator's job."""
    manifest = Submission(exp_id="small", run_id="main", checkout=None, code={})
    members = {
        "submission.json": manifest.model_dump_json().encode(),
        "workflow/Snakefile": SNAKEFILE.encode(),
        "profiles/gcp/config.yaml": PROFILE.encode(),
    }
    name = submit(place, pack(members, "small", "main", "0" * 64), NextJob(1))
    return name.rpartition("/")[2]


def wait_for(what: Callable[[], object], seconds: float) -> None:
    limit = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < limit
        time.sleep(0.05)


def marks(place: Place) -> list[str]:
    """Return the marks of unfinished jobs in the saved state."""
    data = place.storage.read(LAYOUT.coordinator_state)
    assert data is not None
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        found = [each for each in archive if "/incomplete/" in each.name]
        files = [archive.extractfile(each) for each in found]
        return [file.read().decode() for file in files if file is not None]


def tasks(emulator: Emulator) -> list[JobRecord]:
    return [job for job in emulator.store.all() if job.job_id.startswith("run-task-")]


def test_a_task_that_was_just_submitted_and_ended_unseen_is_not_done_again(
    place, emulator, tmp_path
):
    target = base64.urlsafe_b64encode(f"{place.site.storage}/{RESULT}".encode()).decode()
    write_archive(tmp_path / "state.tar.gz", {f".snakemake/incomplete/{target}": EARLIER.encode()})
    place.storage.upload(tmp_path / "state.tar.gz", LAYOUT.coordinator_state)

    coordinator = submit_small_workflow(place)
    wait_for(lambda: tasks(emulator), 120)
    # A submission is saved at once, not only after a while.
    wait_for(lambda: EARLIER not in marks(place), 10)
    wait_for(lambda: tasks(emulator)[0].state.name == "SUCCEEDED", 120)
    assert emulator.strike(coordinator, 0, "vm-reboot") == 1
    lost = next(job for job in emulator.store.all() if job.job_id == coordinator)
    wait_for(lambda: lost.state.name in ("SUCCEEDED", "FAILED"), 120)

    log = (place.storage.read(LAYOUT.coordinator_log) or b"").decode()
    assert lost.state.name == "SUCCEEDED", log
    assert log.count(" starts, ") == 2
    (job,) = tasks(emulator)
    assert [task.retries for task in job.tasks] == [0]
    assert "taken over" in log

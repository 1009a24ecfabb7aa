"""The coordinator of a made-up run in the cloud: what it reads and writes."""

import hashlib
from pathlib import Path

from epyflow import provenance
from epyflow.archives import write_archive
from epyflow.operations.detached.job_request import PackedFrom, Submission
from epyflow.operations.runs.coordinator_record import Coordinator, read_record
from epyflow.run.layout import RunLayout
from epyflow.stages import STAGES
from epyflow.storage.disk import Disk

JOB = "projects/my-project/locations/us-central1/jobs/epyflow-coordinator-0-1"
CODE = {stage: provenance.code_version(stage) for stage in STAGES}


def uploaded(storage: Disk, tmp_path: Path, code: dict[str, str]) -> str:
    checkout = PackedFrom(revision="0123", dirty=True)
    said = Submission(
        exp_id="flu", run_id="main", checkout=checkout, code=code, arguments=("--retries", "0")
    )
    path = tmp_path / "sources.tar.gz"
    write_archive(path, {"submission.json": said.model_dump_json().encode()})
    there = RunLayout("flu", "main").coordinator_sources(
        hashlib.sha256(path.read_bytes()).hexdigest()
    )
    storage.write(there, path.read_bytes())
    return there


def record(storage: Disk) -> Coordinator:
    found = read_record("flu", "main", storage)
    assert found is not None
    return found


def log(storage: Disk) -> str:
    return (storage.read(RunLayout("flu", "main").coordinator_log) or b"").decode()

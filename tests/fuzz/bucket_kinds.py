"""What a bucket holds, and jobs of the emulator: valid files, and who reads them."""

import json
import shutil
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from epyflow.artifacts import pickling
from epyflow.artifacts.task import Checkpoint
from epyflow.errors import ArtifactError
from epyflow.experiment.load import inspect
from epyflow.operations.detached.job_request import Submission
from epyflow.operations.detached.work_folder import State
from epyflow.operations.runs.coordinator_record import read_record as read_coordinator
from epyflow.operations.runs.run_lease import find_lease
from epyflow.operations.runs.run_list import find_runs
from epyflow.run import input_record
from epyflow.run.bundle import unpack_bundle
from epyflow.run.layout import RunLayout
from epyflow.storage.disk import Disk, SharedFolder
from google_batch_emulator.errors import EmulatorError
from google_batch_emulator.job_submission import read_job
from google_batch_emulator.settings import Limits
from google_batch_emulator.validation import check_job
from tests.fuzz.data_kinds import OBSERVED
from tests.fuzz.experiment_kinds import examples
from tests.fuzz.kind import Kind, Texts
from tests.fuzz.mutations import mutate_archive, mutate_artifact, mutate_bytes, mutate_tree
from tests.unit import factories


@cache
def _pickled() -> Sequence[tuple[str, Any]]:
    members = [factories.member_result(compartments=[[[[1, 2], [3, 4]]]], reproduction=[[9000]])]
    rng = json.dumps(np.random.default_rng(1).bit_generator.state)
    return [
        ("input_0.pkl", factories.task(observations=factories.fit().observations)),
        ("result_0.pkl", factories.result(members)),
        ("result_0.pkl", factories.calibration(members)),
        ("result_0.pkl", factories.failure()),
        ("checkpoint_0.pkl", Checkpoint("0" * 64, (factories.generation(),), None, rng, 1.0)),
    ]


def _read_artifact(path: Path) -> Texts:
    kind = path.name.split("_")[0]
    read: Any = {
        "input": pickling.read_input,
        "result": pickling.read_result,
        "checkpoint": pickling.read_checkpoint,
    }[kind]
    artifact = read(path)
    for member in getattr(artifact, "members", ()) if kind == "result" else ():
        for packed in (member.compartments, member.transitions, member.reproduction):
            _unpacked(packed, path)
    for generation in getattr(artifact, "generations", ()):
        _unpacked(generation.series, path)
    return (repr(artifact)[:100],)


def _unpacked(packed: Any, path: Path) -> None:
    if packed is not None:
        try:
            packed.unpack()
        except ArtifactError as error:
            raise ArtifactError(f"{path}: {error}") from None


RUN = RunLayout("a", "main")
_METADATA = {
    "exp_id": "a", "run_id": "main", "seed": 1,
    "counts": {"tasks": 2, "members": 2, "simulations": 4, "failed": 0},
    "times": {"started": "2024-11-02T00:00:00+00:00", "finished": "2024-11-02T00:01:00+00:00"},
    "code": {"git": {"revision": "0" * 40, "dirty": False}}, "failures": [],
}  # fmt: skip
_RECORD = {
    "exp_id": "a", "run_id": "main", "host": "h", "pid": 7, "process_started": 1.5,
    "machine": "m", "folder": "/x", "job": None, "started": "2024-11-02T00:00:00Z",
    "ended": None, "outcome": None, "wanted": {"command": ["a"], "tasks": {"main": 2}},
}  # fmt: skip
_BUILT = {"format": 1, "seed": 3, "digests": {"0": "ab"}, "checksums": {"0": "cd"}}


def _records() -> Sequence[tuple[str, Any]]:
    return [
        (RUN.metadata, _METADATA),
        (RUN.coordinator_record, _RECORD),
        (RUN.coordinator_lease, {"holder": _RECORD, "nonce": "n" * 32, "renewals": 1}),
        (RUN.input_record, _BUILT),
    ]


def _read_records(path: Path) -> Texts:
    root = next(each for each in path.parents if each.name.startswith("epyflow-fuzz"))
    storage = SharedFolder(root)
    for run in find_runs(storage):
        json.dumps(run.as_dict(), default=str).encode()
    read_coordinator("a", "main", storage)
    lease = find_lease("a", "main", storage)
    if lease is not None:
        yield lease.described()
    input_record.read_record(storage, RUN)


@cache
def _bundle() -> Sequence[tuple[str, Any]]:
    manifest = {"format": 1, "experiment": "a", "data": {"d.csv": "data/d.csv"}, "calendar": None}
    members = [(f"experiments/a/config/{name}", data) for name, data in examples().items()]
    members += [("data/d.csv", OBSERVED), ("bundle.json", json.dumps(manifest).encode())]
    return [("bundle.tar.gz", members)]


def _read_bundle(path: Path) -> Texts:
    with unpack_bundle(path) as sources:
        _, problems = inspect(sources.place, populations=("United_States_Massachusetts",))
        yield from map(str, problems)


STATE = [
    (".snakemake/metadata/cmVzdWx0cy9hL21haW4veA==", b'{"endtime": 1.5, "rule": "a"}'),
    (".snakemake/incomplete/cmVzdWx0cw==", b"{}"),
]


def _read_state(path: Path) -> Texts:
    root = path.parents[3]
    storage = Disk(root)
    submission = Submission(exp_id="a", run_id="main", checkout=None, code={})
    folder = root / "tmp" / "work"
    folder.mkdir(exist_ok=True)
    before = sorted(folder.rglob("*"))
    try:
        State(folder, submission, storage).restore()
    except ArtifactError:
        assert sorted(folder.rglob("*")) == before
        raise
    finally:
        shutil.rmtree(folder)
    return ()


JOB = {
    "taskGroups": [
        {
            "taskSpec": {
                "runnables": [{"script": {"text": "echo a"}, "labels": {"a": "b"}}],
                "computeResource": {"cpuMilli": "1000", "memoryMib": "512"},
                "maxRetryCount": 1, "maxRunDuration": "60s",
                "environment": {"variables": {"A": "b"}},
            },
            "taskCount": "3", "parallelism": "2",
        }
    ],
    "allocationPolicy": {
        "instances": [{"policy": {"machineType": "e2-small", "provisioningModel": "SPOT"}}],
        "location": {"allowedLocations": ["regions/us-central1"]},
    },
    "logsPolicy": {"destination": "CLOUD_LOGGING"}, "labels": {"a": "b"},
}  # fmt: skip


def _read_job(path: Path) -> Texts:
    job = read_job(path)
    try:
        check_job(type(job).pb(job), Limits())
    except EmulatorError as error:
        yield str(error)


KINDS = (
    Kind("pickles", _pickled, mutate_artifact, _read_artifact),
    Kind(
        "pickles as bytes",
        lambda: [(name, pickling.to_bytes(each)) for name, each in _pickled()],
        mutate_bytes,
        _read_artifact,
    ),
    Kind(
        "records of runs",
        _records,
        mutate_tree,
        _read_records,
        files=lambda: {name: json.dumps(each).encode() for name, each in _records()},
    ),
    Kind("bundles", _bundle, mutate_archive, _read_bundle),
    Kind(
        "states of coordinators",
        lambda: [(RUN.coordinator_state, STATE)],
        mutate_archive,
        _read_state,
    ),
    Kind(
        "jobs of the emulator", lambda: [("j.json", JOB)], mutate_tree, _read_job, (EmulatorError,)
    ),
)

"""A task that is taken over cannot run code as the account of the coordinator.

Each attack is made with what ``terraform/`` grants to tasks, and once more as if tasks could write
everything below the prefix: neither of the two defences is needed for the other.
"""

import contextlib
import hashlib
import io
import os
import pickle
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.terraform.bucket_conditions import admits, condition
from tests.unit.google.test_site import VARIABLES
from tests.unit.run.test_planner import SEEDED

from epyflow.archives import write_archive
from epyflow.artifacts.file_format import FORMAT, MAGIC
from epyflow.errors import ArtifactError
from epyflow.operations.detached import main
from epyflow.operations.detached.job_request import Submission
from epyflow.operations.detached.supervisor import Stop
from epyflow.run.layout import RunLayout, plan_path
from epyflow.run.plan import PLAN_VARIABLE, plan_checksum
from epyflow.run.planner import plan_without_seed, write_run_plan
from epyflow.run.prior_names import write_priors
from epyflow.run.settings import Settings
from epyflow.run.sources import gather
from epyflow.storage.disk import Disk

RUN = RunLayout("small", "main")
SETTINGS = Settings(experiment="small", experiments_root="experiments")
SOURCES: Mapping[str, Path | bytes] = {
    "submission.json": Submission(exp_id="small", run_id="main", checkout=None, code={})
    .model_dump_json()
    .encode(),
    "workflow/Snakefile": b"rule all:\n",
    "profiles/gcp/config.yaml": b"cores: 1\n",
    "experiments/experiments/small/config/basemodel.yaml": SEEDED.encode(),
}
EVIL = b"import os; os.system('evil')\n"
PLAN = plan_path("small", "main").as_posix()
STATE_OF_SNAKEMAKE = (".snakemake/metadata/", ".snakemake/incomplete/")
AS_GRANTED, EVERYTHING = condition("task_results"), condition("results")


@dataclass(frozen=True)
class Tasks:
    """The bucket, written with the account of the tasks."""

    bucket: Disk
    expression: str

    def write(self, path: str, data: bytes) -> bool:
        """Write an object if the condition admits it; return whether it does."""
        admitted = admits(self.expression, path)
        if admitted:
            self.bucket.write(path, data)
        return admitted


def packed(members: Mapping[str, Path | bytes], tmp_path: Path) -> bytes:
    path = tmp_path / "packed.tar.gz"
    write_archive(path, members)
    return path.read_bytes()


@dataclass(frozen=True)
class Planned:
    """What a person who submits the run has: the bytes of the plan, and its checksum."""

    plan: bytes
    checksum: str


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Planned:
    folder = tmp_path_factory.mktemp("laptop")
    model = folder / "experiments" / "experiments" / "small" / "config" / "basemodel.yaml"
    model.parent.mkdir(parents=True)
    model.write_text(SEEDED)
    with contextlib.chdir(folder):
        found = gather(SETTINGS)
        plan = write_run_plan(found, [], Disk(folder)).read_bytes()
        return Planned(plan, plan_checksum(plan_without_seed(found)))


class Coordinator:
    """Coordinators of one run, one after another, each on a machine of its own."""

    def __init__(self, bucket: Disk, tmp_path: Path, plan: str) -> None:
        self.bucket, self.plan = bucket, plan
        self._tmp_path, self._machines = tmp_path, 0
        self.found: dict[str, bytes | str] = {}
        self.data = packed(SOURCES, tmp_path)
        self.path = RUN.coordinator_sources(hashlib.sha256(self.data).hexdigest())
        bucket.write(self.path, self.data)

    def snakemake(self, command: Any, folder: Path, environment: Any, *rest: Any) -> int:
        """Plan the run as the Snakefile does, and keep every file that Snakemake would find."""
        with contextlib.chdir(folder):
            write_run_plan(gather(SETTINGS), command, self.bucket, environment)
        mark = folder / ".snakemake" / "incomplete" / "mark"
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.write_text("{}")
        for path in folder.rglob("*"):
            name = path.relative_to(folder).as_posix()
            if path.is_symlink() or not (path.is_file() or path.is_dir()):
                self.found[name] = "neither a file nor a folder"
            elif path.is_file() and not name.startswith(STATE_OF_SNAKEMAKE):
                self.found[name] = path.read_bytes()
        self.found.pop(str(Path(PLAN).with_name("start.json")))  # it has the time
        return 0

    def run(self) -> int:
        """Run a coordinator, and return its exit code."""
        self._machines += 1
        variables = VARIABLES | {
            "EPYFLOW_COORDINATOR_JOB": "projects/p/locations/r/jobs/epyflow-coordinator-0-1",
            "EPYFLOW_COORDINATOR_HOURS": "2",
            "EPYFLOW_COORDINATOR_SOURCES": self.path,
            PLAN_VARIABLE: self.plan,
        }
        home = self._tmp_path / f"machine-{self._machines}"
        return main.coordinate(home, variables, Stop())


@pytest.fixture
def coordinator(tmp_path, planned, monkeypatch) -> Coordinator:
    (tmp_path / "bucket").mkdir()
    bucket = Disk(tmp_path / "bucket")
    coordinator = Coordinator(bucket, tmp_path, planned.checksum)
    monkeypatch.setattr(main, "storage_at", lambda prefix: bucket)
    monkeypatch.setattr(main, "notify", lambda told, site, say: None)
    monkeypatch.setattr(main, "supervise", coordinator.snakemake)
    return coordinator


def special(kind: bytes, linkname: str = "") -> Callable[[Path], bytes]:
    """Pack a link or a device into a state, and a file that would be written through it."""

    def state(tmp_path: Path) -> bytes:
        content = io.BytesIO()
        with tarfile.open(fileobj=content, mode="w:gz") as archive:
            entry = tarfile.TarInfo(".snakemake/metadata/a")
            entry.type, entry.linkname = kind, linkname
            archive.addfile(entry)
            through = tarfile.TarInfo(".snakemake/metadata/a/Snakefile")
            through.size = len(EVIL)
            archive.addfile(through, io.BytesIO(EVIL))
        return content.getvalue()

    return state


def member(name: str, content: bytes = EVIL) -> Callable[[Path], bytes]:
    return lambda tmp_path: packed({name: content, ".snakemake/metadata/a": b"{}"}, tmp_path)


STATES = {
    "Snakefile": member("workflow/Snakefile"),
    "script": member(".snakemake/scripts/evil.py"),
    "symlink": special(tarfile.SYMTYPE, "../../workflow"),
    "hard link": special(tarfile.LNKTYPE, "workflow/Snakefile"),
    "device": special(tarfile.CHRTYPE),
    "plan": member(PLAN, b'{"plan": {"seed": 1}, "experiments_root": "/evil"}'),
    "profile": member("profiles/gcp/config.yaml", b"executor: evil\n"),
}


def test_a_coordinator_runs_what_was_submitted(coordinator, planned):
    assert coordinator.run() == 0
    assert coordinator.found == {**SOURCES, PLAN: planned.plan}


@pytest.mark.parametrize("attack", STATES)
def test_a_replaced_state_changes_nothing_that_the_coordinator_runs(
    coordinator, planned, tmp_path, attack
):
    state = STATES[attack](tmp_path)

    assert not Tasks(coordinator.bucket, AS_GRANTED).write(RUN.coordinator_state, state)
    assert Tasks(coordinator.bucket, EVERYTHING).write(RUN.coordinator_state, state)

    assert coordinator.run() == 0
    assert coordinator.found == {**SOURCES, PLAN: planned.plan}


@pytest.mark.parametrize("name", ["workflow/Snakefile", "profiles/gcp/config.yaml"])
def test_replaced_sources_are_not_unpacked(coordinator, tmp_path, name):
    evil = packed({**SOURCES, name: EVIL}, tmp_path)

    assert not Tasks(coordinator.bucket, AS_GRANTED).write(coordinator.path, evil)
    assert Tasks(coordinator.bucket, EVERYTHING).write(coordinator.path, evil)

    digest = hashlib.sha256(coordinator.data).hexdigest()
    with pytest.raises(ArtifactError, match=f"{coordinator.path}: .*expected {digest}.*submit"):
        coordinator.run()
    assert coordinator.found == {}


def test_sources_that_give_another_plan_than_the_submitted_one_are_not_run(coordinator):
    coordinator.plan = "12" * 32

    assert coordinator.run() == 1

    assert coordinator.found == {}
    log = (coordinator.bucket.read(RUN.coordinator_log) or b"").decode()
    assert "the plan of small/main: its SHA-256 is " in log
    assert f"expected {'12' * 32}" in log


class Evil:
    """Makes a folder when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize("framed", [True, False], ids=["as an artifact", "bare"])
def test_a_replaced_pickle_that_the_coordinator_reads_is_not_executed(tmp_path, framed):
    mark, bucket = tmp_path / "executed", Disk(tmp_path / "bucket")
    evil = Evil(mark)
    data = pickle.dumps((MAGIC, FORMAT, "Task", evil) if framed else evil, protocol=5)

    # Results are what tasks write, so this door is held by the reader alone.
    assert Tasks(bucket, AS_GRANTED).write(RUN.input(0), data)

    with pytest.raises(ArtifactError, match="Nothing in it was executed"):
        write_priors([RUN.input(0)], bucket, tmp_path / "priors.json")
    assert not mark.exists()

"""Workflows run on the emulator: real tasks, real API, faults on demand."""

import os
import re
import shutil
import signal
import sys
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client
from google_batch_emulator.emulator import Emulator
from google_batch_emulator.faults import FaultPlan
from google_batch_emulator.settings import Settings

try:
    from install_groups import install_groups
    from tests.forking import ADDRESS, ForkedRun, forking_python, server_address
except ModuleNotFoundError:
    from plain_runs import ADDRESS
    from plain_runs import PlainRun as ForkedRun
    from plain_runs import no_address as server_address
    from plain_runs import plain_python as forking_python

PROJECT = "rehearsal"
BUCKET = "rehearsal"
BINARIES = Path(sys.executable).parent
SETTLE_SECONDS = 90
STOCK = "snakemake_executor_plugin_googlebatch"


def pytest_configure() -> None:
    # A shell's background job ignores Ctrl-C, and so would the processes that the tests interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@dataclass
class Finished:
    """What a run of Snakemake left."""

    code: int
    text: str


@dataclass
class Workflow:
    """A Snakefile in a folder, a prefix in the emulator's bucket, and the jobs made since."""

    folder: Path
    emulator: Emulator
    name: str
    earlier: frozenset[str]
    runs: list[ForkedRun] = field(default_factory=list)

    @property
    def prefix(self) -> str:
        return f"gs://{BUCKET}/{self.name}"

    def write(self, snakefile: str) -> None:
        (self.folder / "Snakefile").write_text(snakefile)

    def options(self, *arguments: str) -> list[str]:
        """Return the arguments of ``snakemake``."""
        prefix = "--googlebatch-array-"
        return [
            *("--executor", "googlebatch-array"),
            *(f"{prefix}project", PROJECT, f"{prefix}region", "us-central1"),
            *("--default-storage-provider", "gcs", "--storage-gcs-project", PROJECT),
            *("--default-storage-prefix", self.prefix, "--jobs", "20", "--nolock"),
            *("--seconds-between-status-checks", "1", "--max-jobs-per-timespan", "1000/1s"),
            *("--latency-wait", "1", f"{prefix}gather", "0.5"),
            *arguments,
        ]

    def start(self, *arguments: str, **variables: str) -> ForkedRun:
        path = f"{BINARIES}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, **self.emulator.environment, "PATH": path, **variables}
        self.runs.append(ForkedRun(self.options(*arguments), self.folder, environment))
        return self.runs[-1]

    def run(self, *arguments: str, **variables: str) -> Finished:
        return self.finish(self.start(*arguments, **variables))

    def finish(self, run: ForkedRun) -> Finished:
        text = run.read(580)
        return Finished(run.wait(), text)

    @cached_property
    def storage(self) -> Client:
        """A client of the emulator's storage."""
        address = self.emulator.environment["STORAGE_EMULATOR_HOST"]
        options = {"api_endpoint": address}
        return Client(PROJECT, AnonymousCredentials(), client_options=options)

    def put(self, name: str, text: str) -> None:
        """Write a file below the prefix."""
        self.storage.bucket(BUCKET).blob(f"{self.name}/{name}").upload_from_string(text)

    def faults(self, **plan: object) -> None:
        self.emulator.faults.replace(FaultPlan.model_validate(plan))

    # --- what is there afterwards ----------------------------------------------------------------

    def files(self) -> dict[str, str]:
        """Return outputs by name below the prefix, without logs and sources."""
        names = {
            blob.name.removeprefix(f"{self.name}/"): blob
            for blob in self.storage.list_blobs(BUCKET, prefix=f"{self.name}/")
        }
        return {
            name: blob.download_as_text()
            for name, blob in names.items()
            if not name.endswith(".tar.xz")
        }

    def outputs(self) -> dict[str, str]:
        return {name: text for name, text in self.files().items() if name.startswith("out/")}

    def logs(self) -> list[str]:
        return [t for name, t in self.files().items() if name.startswith("googlebatch-logs/")]

    def jobs(self) -> list:
        """Return this test's Batch jobs, the oldest first."""
        return [job for job in self.emulator.store.all() if job.uid not in self.earlier]

    def live(self) -> list[str]:
        """Return ids of jobs that are not over, once deletions have had time to end."""
        end = time.monotonic() + SETTLE_SECONDS
        while (names := [job.job_id for job in self.jobs() if not job.over]) and (
            time.monotonic() < end
        ):
            time.sleep(0.2)
        return names

    def executions(self) -> Counter[str]:
        """Return how often each task's work was started, over all jobs."""
        started: Counter[str] = Counter()
        for job in self.jobs():
            for task, environment in zip(job.tasks, job.group.task_environments, strict=False):
                runs = sum(event.task_state == 3 for event in task.events)
                started[environment.variables["SMK_TASK_KEY"]] += runs
        return started

    def wait_until_running(self, count: int = 1, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            running = sum(task.state == 3 for job in self.jobs() for task in job.tasks)
            if running >= count:
                return
            time.sleep(0.1)
        raise AssertionError(f"{count} running tasks were not seen in {seconds} s")


@pytest.fixture(scope="session")
def emulator():
    """Start the emulator once: tests share it, each with a prefix of its own."""
    # Tasks see Python and its packages, and nothing of the machine's folders.
    with Emulator(Settings(python=Path(sys.executable), max_processes=2)) as running:
        yield running


@pytest.fixture(scope="session")
def forking_emulator(tmp_path_factory):
    """Start an emulator whose tasks fork Snakemake from the server of runs: a start costs nothing.

    Such tasks are not kept apart from this machine; those of `emulator` are.
    """
    python = forking_python(tmp_path_factory.mktemp("forking"))
    path = f"{python}{os.pathsep}{BINARIES}{os.pathsep}{os.environ['PATH']}"
    variables = {"PATH": path, ADDRESS: server_address()}
    settings = Settings(isolation="none", environment=variables, memory="off", max_processes=2)
    with Emulator(settings) as running:
        yield running


@pytest.fixture
def without_stock_plugin(monkeypatch):
    """Let the import of snakemake-executor-plugin-googlebatch fail, wherever it is installed."""
    for name in [name for name in sys.modules if name.split(".")[0] == STOCK]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, STOCK, None)


@pytest.fixture
def stock_plugin(monkeypatch):
    """Let this process import snakemake-executor-plugin-googlebatch."""
    if find_spec(STOCK) is None:
        monkeypatch.syspath_prepend(install_groups("stock"))
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == STOCK]:
        del sys.modules[name]


@pytest.fixture(scope="session")
def empty_registry():
    """Start an emulator that knows no image."""
    with Emulator(Settings(unknown_images="refuse")) as running:
        yield running


@pytest.fixture
def workflow(emulator, tmp_path, request):
    """Return an empty workflow, and end what a failed test leaves behind."""
    with a_workflow(emulator, tmp_path, request.node.name) as made:
        yield made


@pytest.fixture
def workflow_without_image(empty_registry, tmp_path, request):
    """Return a workflow whose tasks find no image."""
    with a_workflow(empty_registry, tmp_path, request.node.name) as made:
        yield made


@contextmanager
def a_workflow(emulator, place, test):
    """Make a workflow with a prefix of the test's own; in the end nothing of it runs."""
    name = re.sub(r"[^a-z0-9]+", "-", test.lower())
    earlier = frozenset(job.uid for job in emulator.store.all())
    folder = place / "workflow"
    folder.mkdir()
    made = Workflow(folder, emulator, name, earlier)
    try:
        yield made
    finally:
        emulator.faults.replace(FaultPlan())
        for run in made.runs:
            run.close()
        shutil.rmtree(folder, ignore_errors=True)

"""The cloud on this machine: storage alone, or with Google Batch."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from epyflow.engine import compile_cache
from google_batch_emulator.emulator import Emulator
from google_batch_emulator.settings import Settings
from tests.cloud import PLUGINS, s3_server
from tests.cloud.clouded import Clouded, Rehearsed
from tests.forking import ADDRESS, forking_python, server_address
from tests.workflow.workspace import TABLES, Workspace

BUCKET = "rehearsal"


@pytest.fixture(scope="session")
def storage_only() -> Iterator[dict[str, str]]:
    """The environment of a bucket; Batch is there too, but executes nothing."""
    with Emulator(Settings(bucket=BUCKET, stub=True)) as emulator:
        yield emulator.environment


@pytest.fixture
def prefix(request: pytest.FixtureRequest) -> str:
    """A place in the bucket that no other test uses."""
    return f"gs://{BUCKET}/{request.node.name.translate(str.maketrans('[]/', '---'))}"


@pytest.fixture
def clouded(tmp_path: Path, storage_only: dict[str, str], prefix: str) -> Clouded:
    """A workspace whose results are to lie in the bucket, computed on this machine."""
    return Clouded(tmp_path, storage_only, prefix)


@pytest.fixture(scope="session")
def compiled() -> Path:
    """The folder of the compiled engine, which workers have too: their image holds one."""
    return compile_cache.warm(print).parent


@pytest.fixture(scope="session")
def google_batch(compiled: Path) -> Iterator[Emulator]:
    """Google Batch that executes tasks, as isolated processes of this machine."""
    cache = {"NUMBA_CACHE_DIR": str(compiled)}
    settings = Settings(bucket=BUCKET, max_processes=2, expose=[compiled], environment=cache)
    with Emulator(settings) as emulator:
        yield emulator


def forking_tasks(folder: Path, **variables: str) -> Settings:
    """Return settings of an emulator whose tasks fork Snakemake and its scripts."""
    python = forking_python(folder)
    path = f"{python}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    variables |= {"PATH": path, ADDRESS: server_address()}
    return Settings(
        bucket=BUCKET, max_processes=3, isolation="none", environment=variables, memory="off"
    )


@pytest.fixture(scope="session")
def forking_batch(compiled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """Google Batch whose tasks fork Snakemake and its scripts, so that a start costs nothing.

    They are not kept apart from this machine; those of `google_batch` are.
    """
    settings = forking_tasks(tmp_path_factory.mktemp("forking"), NUMBA_CACHE_DIR=str(compiled))
    with Emulator(settings) as emulator:
        yield emulator


@pytest.fixture
def rehearsed(tmp_path: Path, google_batch: Emulator, prefix: str) -> Rehearsed:
    """A workspace that is run with ``profiles/gcp``."""
    return Rehearsed(tmp_path, google_batch.environment, prefix)


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The tables of the study on disk."""
    workspace = Workspace(tmp_path_factory.mktemp("local"))
    done = workspace.run(*TABLES)
    assert done.code == 0, done.text
    return workspace.outputs()


@pytest.fixture(scope="session")
def plugins() -> Path:
    """Snakemake's plugins for S3, shared folders, AWS Batch and Kubernetes."""
    return PLUGINS


@pytest.fixture(scope="session")
def amazon_server() -> Iterator[dict[str, str]]:
    """The environment of a server of S3 and AWS Batch."""
    with s3_server.s3_server() as environment:
        yield environment


@pytest.fixture
def amazon(amazon_server: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The same, which is in force during the test."""
    for name, value in amazon_server.items():
        monkeypatch.setenv(name, value)
    return amazon_server


@pytest.fixture
def s3_prefix(request: pytest.FixtureRequest) -> str:
    """A place in the bucket of S3 that no other test uses."""
    name = request.node.nodeid.rpartition("::")[2].translate(str.maketrans("[]/", "---"))
    return f"s3://{s3_server.BUCKET}/{name}"

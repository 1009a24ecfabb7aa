"""A Slurm cluster of one node; its tests run as root where slurmctld is installed."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloud.slurm.cluster import DAEMONS, PATH, Cluster

PRESENT = os.geteuid() == 0 and all(shutil.which(name, path=PATH) for name in DAEMONS)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slurm: starts slurmctld and slurmd, which are installed")


def pytest_report_header() -> str | None:
    if not PRESENT:
        return f"slurm: {', '.join(DAEMONS)} or root are missing here, so its tests are left out"
    return None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if PRESENT:
        return
    absent = [item for item in items if item.get_closest_marker("slurm")]
    config.hook.pytest_deselected(items=absent)
    items[:] = [item for item in items if item not in absent]


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Slurm's daemons, and the plugins of uv.lock in a folder of their own."""
    with Cluster(Path(tmp_path_factory.mktemp("slurm"))).running() as started:
        yield started

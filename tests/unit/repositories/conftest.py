from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.repositories.serving import Repository, Server, served


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


@pytest.fixture
def server(repository: Repository) -> Iterator[Server]:
    with served(repository.bare.parent) as server:
        yield server

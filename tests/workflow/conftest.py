from pathlib import Path

import pytest

from tests.workflow.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A fresh copy of the project with a small study, nothing run yet."""
    return Workspace(tmp_path)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace whose study has been run to the end; tests must leave its results as they are."""
    workspace = Workspace(tmp_path_factory.mktemp("finished"))
    done = workspace.run()
    assert done.code == 0, done.text
    return workspace

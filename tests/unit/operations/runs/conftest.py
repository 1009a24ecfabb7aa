from pathlib import Path

import pytest
from tests.unit.operations.runs.made_up import MadeUp


@pytest.fixture
def made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MadeUp:
    """An empty working directory to make up runs in."""
    monkeypatch.chdir(tmp_path)
    return MadeUp(tmp_path)

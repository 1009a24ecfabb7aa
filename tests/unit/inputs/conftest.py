from pathlib import Path

import pytest

from tests.unit.inputs.tiny_experiment import tiny_experiment


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a root with the experiment, its populations and its data."""
    return tiny_experiment(tmp_path)

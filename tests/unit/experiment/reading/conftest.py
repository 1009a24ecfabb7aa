import pytest

from tests.unit.experiment.reading.small_experiment import MODEL


@pytest.fixture
def folder(tmp_path):
    """Return the folder of an experiment with a basemodel."""
    config = tmp_path / "experiments" / "mine" / "config"
    config.mkdir(parents=True)
    (config / "basemodel.yaml").write_text(MODEL, encoding="utf-8")
    return config.parent

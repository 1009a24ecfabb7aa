import pytest

from tests.unit.experiment.samples import write_data


@pytest.fixture
def root(tmp_path):
    """Return a folder for experiments, with their data."""
    write_data(tmp_path)
    return tmp_path

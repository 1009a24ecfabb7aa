import pytest

from tests.unit.cli.weekly_hub import clone, snakemake
from tests.unit.experiment.samples import write_data

__all__ = ["clone", "snakemake"]


@pytest.fixture
def root(tmp_path):
    """Return a folder for experiments, with their data."""
    write_data(tmp_path)
    return tmp_path

from pathlib import Path

import pytest

from tests.unit.experiment.samples import write_data


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    """Return a folder with the data files that the samples name."""
    folder = tmp_path_factory.mktemp("root")
    write_data(folder)
    return folder

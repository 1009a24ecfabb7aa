"""Share fixtures: real data in the folder ``shared`` beside the repository, and made-up hubs."""

from pathlib import Path

import pytest
from made_up_forecasts import write_models, write_observed

SHARED = Path(__file__).resolve().parents[4] / "shared"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "shared: reads the real data in shared/ beside the repository"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if SHARED.is_dir():
        return
    absent = [item for item in items if item.get_closest_marker("shared")]
    config.hook.pytest_deselected(items=absent)
    items[:] = [item for item in items if item not in absent]


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of real data."""
    return SHARED


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    """Return a hub with submissions of several models, without target data."""
    return write_models(tmp_path / "hub")


@pytest.fixture
def observed(tmp_path: Path) -> Path:
    """Return target data for the submissions of :func:`hub`."""
    return write_observed(tmp_path / "observed.csv")

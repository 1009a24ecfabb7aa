"""Real data for tests: the folder ``shared`` beside the repository, where there is one."""

from pathlib import Path

import pytest

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

"""Settings of every process of the tests."""

import gc

import pytest


def pytest_collection_finish(session: pytest.Session) -> None:
    """Search neither what was imported for garbage, nor so often: a sixth of the tests' time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)

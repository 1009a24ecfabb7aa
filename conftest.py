"""Settings of every process of the tests."""

import gc

import pytest
from hypothesis import HealthCheck, settings

# On a busy machine, a test that is right may be slow.
settings.register_profile("any speed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any speed")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Search neither what was imported for garbage, nor so often: a sixth of the tests' time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)

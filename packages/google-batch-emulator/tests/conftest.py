"""One emulator for all tests of a process; every test finds it without faults and counts."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# Whatever way pytest imports the tests, they find what they share.
sys.path.insert(0, str(Path(__file__).parent))

from emulator_support import Clients, clients_of

from google_batch_emulator import Emulator, FaultPlan, Quotas, Settings


@pytest.fixture(scope="session")
def running() -> Iterator[Clients]:
    """Return an emulator that executes tasks, with clients."""
    quotas = Quotas(log_reads=10_000)
    with (
        Emulator(Settings(quotas=quotas, max_processes=4)) as emulator,
        clients_of(emulator) as clients,
    ):
        yield clients


@pytest.fixture
def clients(running: Clients) -> Iterator[Clients]:
    """Return the clients of an emulator in which nothing goes wrong."""
    running.emulator.faults.replace(FaultPlan())
    running.emulator.requests.reset()
    yield running
    running.emulator.faults.replace(FaultPlan())

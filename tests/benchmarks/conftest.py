"""Provide a report and tasks of the real experiment to the benchmarks of the engine."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from epyflow.artifacts import pickling
from epyflow.artifacts.task import Task
from epyflow.run.input_build import prepare_build
from epyflow.run.settings import read_settings
from tests.benchmarks.measuring import Report
from tests.benchmarks.subjects import COMPILED, SEED
from tests.conftest import SHARED

MASSACHUSETTS = 21
NUMBERS = (0, MASSACHUSETTS, 51)
"""Tasks of flu_2425_us, from whose cost that of all 52 is told."""


@pytest.fixture(scope="session")
def engine_report() -> Iterator[Report]:
    """Collect what is found; show it at the end."""
    found = Report("engine")
    yield found
    if not SHARED.is_dir():
        sys.stdout.write(f"\n{SHARED.name}/ is not there: what needs real data was not measured\n")
    found.show()


@pytest.fixture(scope="session")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Build tasks of flu_2425_us, by number; they are simulated by the compiled engine."""
    settings = {
        "experiment": "flu_2425_us",
        "experiments_root": str(SHARED),
        "population_data": str(SHARED / "data/populations"),
        "engine": COMPILED,
    }
    folder = tmp_path_factory.mktemp("tasks")
    paths = {number: folder / f"input_{number}.pkl" for number in NUMBERS}
    prepare_build(read_settings(settings), seed=SEED).write(paths)
    return paths


@pytest.fixture(scope="session")
def massachusetts(tasks: dict[int, Path]) -> Task:
    """One of them."""
    task = pickling.read_input(tasks[MASSACHUSETTS])
    assert isinstance(task, Task)
    return task

"""Requests, CPU time and wall time of a coordinator on Google Batch, beside the stock plugins.

Run by ``make bench``. The plugins of this repository (googlebatch-array, gcs-indexed) and those
that they build on (googlebatch, gcs) run the same workflow of N tasks and a table on the emulator,
in turn: every answer takes 50 ms, tasks are stand-ins of five seconds, Cloud Logging admits its 60
reads a minute. Stand-ins ask nothing of the storage service, so what is counted there is the
coordinator's. What a task adds is counted where tasks are executed.

The stock plugins take ten minutes for 300 tasks: they are run for the numbers that ``STOCK`` gives,
and nothing is said of those that were not run.

    STOCK=100,300,1000 make bench ARGS="-k batch"
    STOCK= TASKS=100,1000,5000 make bench ARGS="-k asks_and_takes"
"""

import os
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import distributions
from pathlib import Path

import pytest
from install_groups import install_groups

from tests.benchmarks.batch_runs import (
    CHECK_SECONDS,
    LATENCY_SECONDS,
    OURS,
    PLUGINS,
    STOCK,
    STUB_SECONDS,
    Measured,
    emulator,
    measure,
    measure_experiment,
)
from tests.benchmarks.measuring import Report

NUMBERS = [int(number) for number in os.environ.get("TASKS", "100,300,1000").split(",")]
STOCK_NUMBERS = {int(number) for number in os.environ.get("STOCK", "100,300").split(",") if number}
REQUIRED_AT = 300
EXECUTED = (5, 25)

COORDINATOR = "The coordinator of N stand-ins and a table"

Measure = Callable[[str, int], Measured]


@pytest.fixture(scope="module")
def report() -> Iterator[Report]:
    """Collect what is found; show it at the end."""
    found = Report("batch")
    places = {OURS: sys.path} | (
        {STOCK: [*sys.path, str(install_groups(STOCK))]} if STOCK_NUMBERS else {}
    )
    for whose, path in places.items():
        for kind, name in zip(("executor", "storage"), PLUGINS[whose], strict=True):
            found_in = next(iter(distributions(name=f"snakemake-{kind}-plugin-{name}", path=path)))
            found.record("plugins", found_in.name, version=found_in.version)
    yield found
    found.show()


@pytest.fixture(scope="module")
def run(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Measure]:
    """Run a workflow of stand-ins, once for each kind of plugin and number of tasks."""
    done: dict[tuple[str, int], Measured] = {}
    with emulator(stub=True) as running:

        def run(whose: str, number: int) -> Measured:
            if (whose, number) not in done:
                folder = tmp_path_factory.mktemp("run")
                found = measure(running, whose, number, folder, made=True)
                done[whose, number] = found
                add(report, whose, found)
            return done[whose, number]

        yield run


def add(report: Report, whose: str, found: Measured) -> None:
    """Show a run."""
    report.add(
        COORDINATOR,
        ("", "N", "CreateJob", "GetJob", "ListTasks", "logs", "GCS", "CPU", "memory", "wall"),
        whose,
        f"{found.number:,}",
        *(f"{found.of(method):,}" for method in ("CreateJob", "GetJob", "ListTasks")),
        *(f"{found.logs:,}", f"{found.storage:,}"),
        *(f"{found.cost.cpu:.1f} s", f"{found.cost.megabytes:.0f} MB"),
        f"{found.cost.seconds:.0f} s",
        note=f"{LATENCY_SECONDS * 1e3:.0f} ms to every answer; tasks of {STUB_SECONDS:.0f} s, "
        f"looked at every {CHECK_SECONDS} s; CPU of the coordinator, its start included",
    )
    report.record(
        whose,
        str(found.number),
        requests=found.requests,
        storage=found.storage,
        cpu_seconds=round(found.cost.cpu, 2),
        wall_seconds=round(found.cost.seconds, 1),
        megabytes=round(found.cost.megabytes),
    )


@pytest.mark.parametrize("number", NUMBERS)
def test_what_a_coordinator_asks_and_takes(run: Measure, number: int) -> None:
    ours = run(OURS, number)
    stock = run(STOCK, number) if number in STOCK_NUMBERS else None

    assert ours.of("CreateJob") <= 6
    assert ours.storage <= 6 * number + 200
    if stock is not None:
        assert stock.of("CreateJob") == number + 1
        assert ours.storage < stock.storage


@pytest.mark.parametrize("number", NUMBERS)
def test_what_a_coordinator_of_an_experiment_asks_and_takes(
    number: int, report: Report, tmp_path: Path
) -> None:
    with emulator(stub=True) as running:
        found = measure_experiment(running, number, tmp_path)

    add(report, "epyflow", found)
    assert found.of("CreateJob") <= 6
    assert found.storage <= 6 * number + 200


def test_a_coordinator_takes_a_third_of_the_stock_plugins_cpu_at_most(
    run: Measure, report: Report
) -> None:
    if REQUIRED_AT not in STOCK_NUMBERS:
        pytest.fail(f"STOCK has to contain {REQUIRED_AT}")
    ours, stock = run(OURS, REQUIRED_AT), run(STOCK, REQUIRED_AT)

    ratio = stock.cost.cpu / ours.cost.cpu
    report.record("ratios", str(REQUIRED_AT), cpu=round(ratio, 1))
    report.add("CPU, stock to ours", ("N", "ratio", "at least"), "300", f"{ratio:.1f}", "3")
    assert ratio >= 3


def test_each_executed_task_adds_six_requests_to_storage_at_most(
    report: Report, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with emulator(stub=False) as running:
        few, many = (
            measure(
                *(running, OURS, number, tmp_path_factory.mktemp("run")),
                *("--until", "task"),
                made=False,
            )
            for number in EXECUTED
        )

    slope = (many.transfers - few.transfers) / (many.number - few.number)
    for found in (few, many):
        report.record("executed", str(found.number), requests=found.requests, gcs=found.storage)
        report.add(
            "Tasks that are executed, and their coordinator",
            ("", "N", "GCS requests", "files moved", "listings"),
            *(OURS, str(found.number), str(found.storage), str(found.transfers)),
            str(found.of("storage.list")),
            note="a task fetches the sources of the workflow and an input, and writes an output, "
            "a log, and what it has printed",
        )
    assert slope <= 6
    assert many.storage <= 6 * many.number + 200

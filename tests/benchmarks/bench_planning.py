"""Measure the cost of large experiments from plan to report, and its growth with their size.

Run by ``make bench``. An experiment of 100 to 100,000 members in 50 to 5,000 tasks is planned, its
workflow is planned (``snakemake --dry-run``) beside a bare one with as many tasks, and its inputs,
tables, figures and report are made. Results are copies of one: simulating is linear.

The exponent of a cost c(N) is the slope between the last two sizes, without the start:
log((c3 - c0) / (c2 - c0)) / log((N3 - N0) / (N2 - N0)). Costs of ``--dry-run`` and of the inputs
are those of tasks, of which there are as many at 10,000 and at 100,000 members.

    MEMBERS=100,1000,10000 make bench ARGS="-k planning"
"""

import json
import math
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.benchmarks.batch_runs import SNAKEFILE
from tests.benchmarks.large_experiment import (
    MOST_TASKS,
    RUN,
    results_like,
    settings_of,
    tasks_of,
    write_experiment,
)
from tests.benchmarks.measuring import REPOSITORY, Cost, Report, cost_of

MEMBERS = [int(each) for each in os.environ.get("MEMBERS", "100,1000,10000,100000").split(",")]
OF_TASKS = ("snakemake --dry-run", "bare snakemake --dry-run", "building the inputs")
COLUMNS = ("", *(f"{members:,}" for members in MEMBERS), "exponent")

Costs = dict[str, dict[int, Cost]]


@pytest.fixture(scope="module")
def costs() -> Iterator[Costs]:
    """Collect the costs by step and number of members; show them at the end."""
    found: Costs = {}
    yield found
    report = Report("planning")
    for step, by_members in found.items():
        of_tasks = step in OF_TASKS
        sizes = [tasks_of(n) if of_tasks else n for n in by_members]
        cells = [f"{cost.cpu:.2f} s" for cost in by_members.values()]
        power = exponent(sizes, [cost.cpu for cost in by_members.values()])
        report.add("CPU time by members", COLUMNS, step, *cells, power)
        memory = [f"{cost.megabytes:.0f} MB" for cost in by_members.values()]
        report.add("Peak memory by members", COLUMNS[:-1], step, *memory)
        for members, cost in by_members.items():
            numbers = {"cpu": round(cost.cpu, 2), "megabytes": round(cost.megabytes, 1)}
            report.record(step, str(members), tasks=tasks_of(members), **numbers)
    report.show()


def exponent(sizes: list[int], values: list[float]) -> str:
    """Return the exponent between the last two sizes that differ, without the start."""
    pairs = zip(sizes, values, strict=True)
    different = list(dict(reversed(list(pairs))).items())[::-1]  # of equal sizes the first
    if len(different) < 3:
        return ""
    first, (size, value), (last_size, last) = different[0], *different[-2:]
    if min(value, last) <= first[1]:
        return "0"
    grown = math.log((last - first[1]) / (value - first[1]))
    return f"{grown / math.log((last_size - first[0]) / (size - first[0])):.2f}"


@pytest.mark.parametrize("members", MEMBERS)
def test_costs_grow_with_the_number_of_members_at_most(
    members: int, tmp_path: Path, costs: Costs
) -> None:
    root, tasks = write_experiment(tmp_path, members), tasks_of(members)
    settings = settings_of(root, members)
    # configfile: is relative to the working directory.
    (tmp_path / "config").mkdir()
    shutil.copy(REPOSITORY / "config/config.yaml", tmp_path / "config")
    (tmp_path / "settings.json").write_text(json.dumps(settings))
    (tmp_path / "bare" / "inputs").mkdir(parents=True)
    (tmp_path / "bare" / "Snakefile").write_text(SNAKEFILE)
    for number in range(tasks):
        (tmp_path / "bare" / "inputs" / f"{number:05d}.txt").touch()

    def measure(step: str, *command: str, folder: Path = tmp_path) -> Cost:
        cost = cost_of([sys.executable, *command], folder, PYTHONPATH=str(REPOSITORY))
        return costs.setdefault(step, {}).setdefault(members, cost)

    def snakemake(step: str, *options: str) -> Cost:
        rules = ("--snakefile", str(REPOSITORY / "workflow/Snakefile"), "--cores", "1")
        pairs = [f"{key}={value}" for key, value in settings.items()]
        return measure(step, "-m", "snakemake", *rules, *options, "--config", *pairs)

    quiet = ("--dry-run", "--quiet", "rules")
    command = str(Path(sys.executable).with_name("epyflow"))
    shown = measure("epyflow plan", command, "plan", str(root / "experiments/large"))
    planned = snakemake("snakemake --dry-run", *quiet)
    plan = (tmp_path / ".epyflow" / "large" / "main" / "plan.json").relative_to(tmp_path)
    bare = ("-m", "snakemake", *quiet, "--cores", "1", "--config", f"number={tasks}")
    beside = measure("bare snakemake --dry-run", *bare, folder=tmp_path / "bare")
    child = ("-m", "tests.benchmarks.child")
    measure("building the inputs", *child, "build", "settings.json")
    (tmp_path / RUN.task_results).mkdir(parents=True)
    for name, result in results_like((tmp_path / RUN.input(0)).read_bytes(), tasks):
        (tmp_path / name).write_bytes(result)
    measure("tables", *child, "tables", str(plan))
    # Results without records of Snakemake's are up to date by their times.
    times = ("--rerun-triggers", "mtime", "--quiet", "rules")
    snakemake("tables, figures and record by snakemake", *times)
    snakemake("report", "--report", "report.html", *times[:2])

    assert f"{members:,}" in shown.output
    assert len(json.loads((tmp_path / plan).read_text())["plan"]["runs"][0]["tasks"]) == tasks
    assert planned.cpu <= 1.5 * beside.cpu or members < MOST_TASKS
    assert planned.megabytes <= 400
    tables = costs["tables"]
    assert tables[members].megabytes <= 1.1 * tables[MEMBERS[0]].megabytes

"""Measure CPU time and jobs of whole runs, beside those of the science. Run by ``make bench``.

CPU time is that of all processes of a command, from start to end. `strategies.run` is the same
tasks in one process that is already running: the simulations and calibrations themselves.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from epyflow.engine import compile_cache
from tests.benchmarks.measuring import REPOSITORY, Cost, Report, cost_of, science
from tests.conftest import SHARED
from tests.workflow.workspace import Done, Workspace

COLUMNS = ("", "jobs", "CPU time", "required", "wall time")

# Experiment: its root, and the CPU-seconds and jobs that a run with its report may take.
EXPERIMENTS: dict[str, tuple[Path, float, int | None]] = {
    "example": (REPOSITORY / "config", 11.0, None),
    "flu_2425_smoke": (SHARED, 18.0, 14),
    "seir_sampling": (SHARED, 11.0, None),
}
REPEATED = 2.5
"""CPU-seconds that a run which finds everything up to date may take."""


@pytest.fixture(scope="module")
def report() -> Iterator[Report]:
    """Collect the costs; show them at the end."""
    found = Report("processes")
    yield found
    found.show()


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_a_run_costs_little_beside_its_science(experiment, report, tmp_path) -> None:
    root, required, most_jobs = EXPERIMENTS[experiment]
    if not root.is_dir():
        pytest.skip(f"{root} is not there")
    compile_cache.warm(print)
    workspace = Workspace(tmp_path)

    def measured(*arguments: str) -> Cost:
        profile = ("--profile", "profiles/local", "--logger-live-mode", "off")
        settings = {"experiment": experiment, "experiments_root": root}
        command = workspace.command(*profile, *arguments, **settings)
        return cost_of(command, workspace.folder, **workspace.environment())

    run, written = measured(), measured("--report", "report.html")
    again, planned = measured(), measured("--dry-run")
    alone = science(workspace.folder / "results" / experiment / "main" / "builder-artifacts")

    jobs = sum(Done(0, run.output).jobs.values())
    together = run.cpu + written.cpu
    for what, count, cpu, limit, seconds in (
        ("run", str(jobs), run.cpu, "", run.seconds),
        ("report", "", written.cpu, "", written.seconds),
        ("run and report", str(jobs), together, f"{required:g} s", run.seconds + written.seconds),
        ("run again: nothing to do", "", again.cpu, f"{REPEATED:g} s", again.seconds),
        ("--dry-run", "", planned.cpu, "", planned.seconds),
        ("strategies.run alone", "", alone, "", alone),
    ):
        row = (what, count, f"{cpu:.2f} s", limit, f"{seconds:.1f} s")
        report.add(experiment, COLUMNS, *row)
        report.record(experiment, what, jobs=count, cpu=round(cpu, 2), wall=round(seconds, 2))
    assert jobs > 0
    assert most_jobs is None or jobs <= most_jobs
    assert not Done(0, again.output).jobs

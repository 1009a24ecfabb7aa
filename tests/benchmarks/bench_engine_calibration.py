"""Calibrations by the compiled engine beside epydemix's, and what starts and memory cost.

Run by ``make bench``; see bench_engine.py, whose report this adds to.
"""

import json
import statistics
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from epyflow import strategies
from epyflow.artifacts import pickling
from epyflow.artifacts.task import Task
from tests.benchmarks.calibrating import ByHand, reduced
from tests.benchmarks.measuring import REPOSITORY, Cost, Report, cost_of, milliseconds, taken
from tests.benchmarks.subjects import COMPILED, REFERENCE, influenza
from tests.building import sir
from tests.building import task as small_task

# epydemix 1.5 calls a function of pandas 3 that announces a change; it reads the result as before.
pytestmark = pytest.mark.filterwarnings("ignore:A future version of pandas will return a BaseOff")

POPULATIONS = 52
PARTICLES, GENERATIONS = 100, 3

SMC = "ABC-SMC of the influenza model, dt 1"
STARTS = "From the start of Python to the first trajectory, CPU time"
NATIONAL = "flu_2425_us: 52 populations, 200 particles, 6 generations, 400 projections"


# --- calibration ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def calibrated(massachusetts: Task) -> dict[str, float]:
    """Calibrate by both, and see that the posteriors are the same; seconds for a simulation."""
    task = reduced(massachusetts, PARTICLES, GENERATIONS, trajectories=None)
    sampler, count = ByHand(task).sampler()
    strategies.run(reduced(massachusetts, 5, 1, trajectories=None))  # imports, and compiles
    result, ours = strategies.run(task), []
    ours += [taken(lambda: strategies.run(task)) for _ in range(3)]
    options = {"num_particles": PARTICLES, "num_generations": GENERATIONS, "verbose": False}
    theirs = taken(lambda: sampler.calibrate("smc", **options))
    ours += [taken(lambda: strategies.run(task)) for _ in range(3)]
    assert result.fit is not None
    for number, found in enumerate(result.fit.generations):
        expected = sampler.results.posterior_distributions[number].to_numpy()
        assert (found.particles == expected).all()
        assert (found.distances == np.array(sampler.results.distances[number])).all()
    made = count()
    assert made == sum(generation.simulations for generation in result.fit.generations)
    return {
        "simulations": made,
        "epydemix": theirs / made,
        "compiled": statistics.median(ours) / made,
    }


@pytest.mark.shared
def test_smc(engine_report: Report, calibrated: dict[str, float]) -> None:
    required = 40.0
    ratio = calibrated["epydemix"] / calibrated["compiled"]
    engine_report.add(
        SMC,
        ("", "simulations", "ABCSampler.calibrate", "epyflow", "ratio", "at least"),
        f"{PARTICLES} particles, {GENERATIONS} generations",
        f"{calibrated['simulations']:.0f}",
        *(f"{1 / calibrated[name]:.1f} per s" for name in ("epydemix", "compiled")),
        *(f"{ratio:.0f}", f"{required:.0f}"),
        note="The particles and distances of both are the same.",
    )
    engine_report.record("smc", "influenza, dt 1", **calibrated, ratio=ratio, required=required)
    assert ratio >= required


# --- processes -----------------------------------------------------------------------------------


def child(what: str, path: Path, **environment: str) -> tuple[Cost, dict[str, float]]:
    """Measure in a process of its own; see :mod:`tests.benchmarks.child`."""
    command = [sys.executable, "-m", "tests.benchmarks.child", what, str(path)]
    cost = cost_of(command, REPOSITORY, **environment)
    found: dict[str, float] = json.loads(cost.output.splitlines()[-1])
    return cost, found


def test_start(engine_report: Report, tmp_path: Path) -> None:
    """With an empty cache of compiled code, with a full one, and with epydemix."""
    # Compiled code is looked for in all of these.
    cache = dict.fromkeys(("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "HOME"), str(tmp_path / "empty"))
    taken_by = {}
    for what, name in (
        ("compiled, nothing cached", COMPILED),
        ("compiled, cached", COMPILED),
        ("epydemix", REFERENCE),
    ):
        path = tmp_path / f"{name}.pkl"
        pickling.write(small_task(sir(), engine=name), path)
        cost, found = child("start", path, **cache)
        taken_by[what] = found["total"]
        engine_report.add(
            STARTS,
            ("", "to a model", "to a trajectory", "together", "the next", "peak memory"),
            what,
            *(f"{found[part]:.2f} s" for part in ("prepared", "first", "total")),
            *(milliseconds(found["second"]), f"{cost.megabytes:.0f} MB"),
        )
        engine_report.record("start", what, **found, megabytes=cost.megabytes)
    assert taken_by["compiled, cached"] < taken_by["compiled, nothing cached"]


@pytest.mark.shared
def test_the_national_calibration(
    engine_report: Report,
    calibrated: dict[str, float],
    tasks: dict[int, Path],
    massachusetts: Task,
    tmp_path: Path,
) -> None:
    """Run some populations in full, and tell from them what all would cost with both engines."""
    runs = [child("run", path) for path in tasks.values()]
    simulations = [found["simulations"] for _, found in runs]
    trajectories = runs[0][1]["trajectories"]
    subject = influenza(massachusetts, 1.0)
    projection = statistics.median(taken(subject.theirs) for _ in range(3))
    each = {
        REFERENCE: statistics.mean(simulations) * calibrated["epydemix"]
        + trajectories * projection,
        COMPILED: statistics.mean(cost.cpu for cost, _ in runs),
    }
    peak = {}
    for name, seconds in each.items():
        path = tmp_path / f"{name}.pkl"
        pickling.write(replace(reduced(massachusetts, 20, 2, 20), engine=name), path)
        peak[name] = child("run", path)[0].megabytes
        engine_report.add(
            NATIONAL,
            ("", "simulations", "CPU time of one population", "of all", "peak memory"),
            name,
            f"{statistics.mean(simulations):,.0f} + {trajectories:.0f}",
            *(f"{seconds:,.0f} s", f"{hours(seconds):.2f} h", f"{peak[name]:.0f} MB"),
        )
    in_full = max(cost.megabytes for cost, _ in runs)
    engine_report.sections[NATIONAL].notes = [
        f"compiled: the mean of {len(runs)} populations run in full, Python's start included.",
        "epydemix: as many simulations, rejected ones included, at the cost of one in ABCSampler "
        "above,",
        "and the projections at the cost of one in simulate.",
        "Memory: with 20 particles, 2 generations and 20 projections; in full, compiled: "
        f"{in_full:.0f} MB.",
    ]
    engine_report.record(
        "flu_2425_us",
        "projected",
        populations=POPULATIONS,
        simulations=simulations,
        trajectories=trajectories,
        compiled_cpu_seconds=[cost.cpu for cost, _ in runs],
        cpu_hours={name: hours(seconds) for name, seconds in each.items()},
        ratio=each[REFERENCE] / each[COMPILED],
        megabytes_in_full=[cost.megabytes for cost, _ in runs],
        megabytes_reduced=peak,
    )


def hours(seconds: float) -> float:
    return POPULATIONS * seconds / 3600

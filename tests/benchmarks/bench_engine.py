"""The compiled engine beside epydemix: simulations and their draws.

Run by ``make bench``. Both sides are timed in turn, in one process and on one thread, as medians
of CPU time; the ratios are what counts. Before anything is timed, both sides are seen to give the
same numbers. The requirements on the ratios are asserted here and nowhere else.
"""

from collections.abc import Callable

import numpy as np
import pytest

from epyflow import engine
from epyflow.artifacts.task import Task
from tests.benchmarks.draws import draws_of
from tests.benchmarks.measuring import Report, medians, milliseconds
from tests.benchmarks.subjects import (
    COMPILED,
    SEED,
    Subject,
    influenza,
    seir_of_16_ages,
    sir_of_one_age,
)

# epydemix 1.5 calls a function of pandas 3 that announces a change; it reads the result as before.
pytestmark = pytest.mark.filterwarnings("ignore:A future version of pandas will return a BaseOff")

SIMULATIONS = "Per simulation, dt in days"
DRAWS = "Per draw"


# --- simulations ---------------------------------------------------------------------------------


def assert_the_same(subject: Subject) -> None:
    ours, theirs = subject.ours(COMPILED), subject.theirs()
    for row, name in enumerate(subject.built.compartments):
        for column, group in enumerate(subject.built.age_groups):
            expected = theirs.compartments[f"{name}_{group}"]
            assert (ours.compartments[:, row, column] == expected).all(), name
    assert ours.transitions.sum() > 0


def compare(engine_report: Report, subject: Subject, required: float, rounds: int) -> None:
    """Time one simulation, and several of one parameter set."""
    assert_the_same(subject)
    ours, theirs = medians(lambda: subject.ours(COMPILED), subject.theirs, rounds)
    many = 3
    prepared, run_simulations = medians(
        subject.our_many(COMPILED), subject.their_many(many), max(2, rounds // 2)
    )
    ratio, repeated = theirs / ours, run_simulations / many / prepared
    engine_report.add(
        SIMULATIONS,
        ("", "simulate", "compiled", "ratio", "at least", "of many", "compiled", "ratio"),
        subject.name,
        *(milliseconds(theirs), milliseconds(ours), f"{ratio:.0f}", f"{required:.0f}"),
        *(milliseconds(run_simulations / many), milliseconds(prepared), f"{repeated:.0f}"),
        note="simulate: epydemix.simulate against assembling the model from its parameter set, "
        "preparing and simulating it.\nof many: one of EpiModel.run_simulations, against one of a "
        "model that is prepared once.\nBoth give series at the model's frequency: days, or weeks "
        "for influenza.",
    )
    engine_report.record(
        "simulations",
        subject.name,
        **{"epydemix": theirs, "compiled": ours, "ratio": ratio, "required": required},
        **{"epydemix_many": run_simulations / many, "compiled_many": prepared},
        ratio_many=repeated,
    )
    assert ratio >= required


def test_sir_of_one_age(engine_report: Report) -> None:
    compare(engine_report, sir_of_one_age(), 60, 21)


def test_seir_of_16_ages(engine_report: Report) -> None:
    compare(engine_report, seir_of_16_ages(), 40, 11)


@pytest.mark.shared
@pytest.mark.parametrize(("delta_t", "required", "rounds"), [(1.0, 45, 11), (0.2, 80, 7)])
def test_influenza(
    engine_report: Report, massachusetts: Task, delta_t: float, required: float, rounds: int
) -> None:
    compare(engine_report, influenza(massachusetts, delta_t), required, rounds)


# --- draws ---------------------------------------------------------------------------------------


def compare_draws(engine_report: Report, subject: Subject, most: float | None) -> None:
    """Time the compiled loop beside its draws alone, made by numpy's own loop."""
    draws, run = draws_of(subject.built, SEED), engine.simulator(subject.built, COMPILED)
    generators = iter([np.random.default_rng(SEED) for _ in range(200)])
    whole, pure = medians(lambda: run(next(generators)), draws.pure(SEED), 25, 3)
    count, ratio = len(draws.n), whole / pure
    engine_report.add(
        DRAWS,
        ("", "draws", "numpy's binomial", "compiled, all else too", "ratio", "at most"),
        subject.name,
        *(f"{count:,}", f"{1e9 * pure / count:.0f} ns", f"{1e9 * whole / count:.0f} ns"),
        *(f"{ratio:.2f}", "" if most is None else f"{most:.2f}"),
        note="numpy's binomial: Generator.binomial over arrays of the (n, p) that the simulation "
        "draws.",
    )
    engine_report.record(
        "draws",
        subject.name,
        draws=count,
        numpy_ns=1e9 * pure / count,
        compiled_ns=1e9 * whole / count,
        ratio=ratio,
        most=most,
    )
    assert most is None or ratio <= most


@pytest.mark.parametrize(
    ("subject", "most"), [(sir_of_one_age, None), (seir_of_16_ages, 2.0)], ids=["sir", "seir"]
)
def test_draws(engine_report: Report, subject: Callable[[], Subject], most: float | None) -> None:
    compare_draws(engine_report, subject(), most)


@pytest.mark.shared
@pytest.mark.parametrize("delta_t", [1.0, 0.2])
def test_draws_of_influenza(engine_report: Report, massachusetts: Task, delta_t: float) -> None:
    compare_draws(engine_report, influenza(massachusetts, delta_t), 2.0)

"""The compiled engine gives epydemix's trajectories, to the bit, and leaves the same generator."""

import numpy as np
import pytest

from epyflow import engine
from epyflow.engine import compiled
from epyflow.model.compartmental import CompartmentalModel, Flow
from tests.science.twins import STEPS, twin

MODELS = 320
BATCH = 20


@pytest.mark.parametrize("first", range(0, MODELS, BATCH))
def test_random_models_written_by_hand_in_epydemix(first):
    for number in range(first, first + BATCH):
        both = twin(number)
        ours, theirs = np.random.default_rng(number), np.random.default_rng(number)
        assert compiled.find_obstacle(both.built) is None

        trajectory = engine.simulate(both.built, ours, "compiled")

        # The steps of the last day after its first one follow; epydemix does not have them.
        persons, moved = both.simulate_by_hand(theirs)
        assert len(persons) == both.built.epydemix_steps
        assert (trajectory.compartments[: len(persons)] == persons).all(), f"model {number}"
        assert (trajectory.transitions[: len(persons)] == moved).all(), f"model {number}"
        assert ours.bit_generator.state == theirs.bit_generator.state, f"model {number}"


@pytest.mark.parametrize("number", [3, 8, 9, 11])
def test_the_rest_of_the_last_day_is_the_same_with_both_engines(number):
    built = twin(number).built
    assert built.epydemix_steps < len(built.dates)
    run = {name: engine.simulator(built, name) for name in ("compiled", "epydemix")}
    ours, theirs = np.random.default_rng(number), np.random.default_rng(number)

    for _ in range(2):
        one, other = run["compiled"](ours), run["epydemix"](theirs)

        assert len(one.compartments) == len(built.dates)
        assert (one.compartments == other.compartments).all()
        assert (one.transitions == other.transitions).all()
        # People only move: what leaves a compartment enters another.
        assert (one.compartments.sum(axis=1) == built.sizes).all()
        assert ours.bit_generator.state == theirs.bit_generator.state


def test_the_random_models_have_everything_that_can_be_written():
    kinds = set().union(*(twin(number).kinds for number in range(MODELS)))

    assert kinds == {
        *(f"{groups} groups" for groups in range(1, 17)),
        *(f"dt {delta_t}" for delta_t in STEPS),
        *("spontaneous", "mediated", "multi_mediated", "vaccination"),
        *("contacts scaled", "parameter scaled", "parameter overridden"),
    }


def random_arrays(number):
    """A model of arrays alone: every rate differs at every step, and contacts at most steps."""
    rng = np.random.default_rng([7, number])
    names = tuple("ABCDEFG"[: rng.integers(2, 8)])
    steps, groups, matrices = rng.integers(2, 25), rng.integers(1, 41), rng.integers(1, 6)
    flows = []
    for _ in range(rng.integers(1, 12)):
        source, target, mediator = rng.choice(names, 3, replace=len(names) < 3)
        if source == target:
            continue
        kind = str(rng.choice(["spontaneous", "mediated", "scheduled"]))
        values = 10 ** rng.uniform(-6, 1.5, (steps, groups)) * (rng.random((steps, groups)) < 0.9)
        values *= 1e4 if kind == "scheduled" else 1
        eligible = tuple(name for name in names if rng.random() < 0.5)
        flows.append(
            Flow(
                str(source),
                str(target),
                kind,
                values,
                str(mediator) if kind == "mediated" else "",
                eligible if kind == "scheduled" else (),
            )
        )
    initial = (10 ** rng.uniform(0, 9, (len(names), groups))).astype(int)
    initial *= rng.random(initial.shape) < 0.8
    initial[0] += 1  # no age group is empty
    return CompartmentalModel(
        compartments=names,
        age_groups=tuple(f"{group}" for group in range(groups)),
        sizes=initial.sum(axis=0),
        dates=np.datetime64("2024-10-01", "ns") + np.arange(steps) * np.timedelta64(1, "D"),
        delta_t=float(10 ** rng.uniform(-2, 0.9)),
        flows=tuple(flows),
        matrices=rng.uniform(0, 5, (matrices, groups, groups)),
        matrix_index=rng.integers(0, matrices, steps),
        initial=initial,
        parameters={},
    )


@pytest.mark.parametrize("first", range(0, 160, BATCH))
def test_random_arrays(first):
    moved = 0.0
    for number in range(first, first + BATCH):
        model = random_arrays(number)
        run = {name: engine.simulator(model, name) for name in ("compiled", "epydemix")}
        ours, theirs = np.random.default_rng(number), np.random.default_rng(number)
        assert compiled.find_obstacle(model) is None

        for _ in range(2):  # the second on from the first
            one, other = run["compiled"](ours), run["epydemix"](theirs)
            assert (one.compartments == other.compartments).all(), f"model {number}"
            assert (one.transitions == other.transitions).all(), f"model {number}"
        assert ours.bit_generator.state == theirs.bit_generator.state, f"model {number}"
        moved += one.transitions.sum()
    assert moved > 0


@pytest.mark.parametrize(
    "kind",
    [np.random.PCG64, np.random.PCG64DXSM, np.random.SFC64, np.random.Philox, np.random.MT19937],
)
def test_any_generator_of_numpy(kind):
    model = random_arrays(3)
    ours, theirs = np.random.Generator(kind(5)), np.random.Generator(kind(5))

    one = engine.simulate(model, ours, "compiled")
    other = engine.simulate(model, theirs, "epydemix")

    assert (one.compartments == other.compartments).all()
    assert ours.random() == theirs.random()


def very_many_people(compartments, rate, steps=60):
    """10¹⁵ people move from S to I: so many that the rounding of a chance shows."""
    return CompartmentalModel(
        compartments=tuple(compartments),
        age_groups=("0+",),
        sizes=np.array([10**15]),
        dates=np.datetime64("2024-10-01", "ns") + np.arange(steps) * np.timedelta64(1, "D"),
        delta_t=1.0,
        flows=(Flow("S", "I", "spontaneous", np.full((steps, 1), rate)),),
        matrices=np.ones((1, 1, 1)),
        matrix_index=np.zeros(steps, dtype=np.int64),
        initial=np.array([[10**15 * (name == "S")] for name in compartments]),
        parameters={},
    )


def assert_same_among_very_many(model):
    ours, theirs = np.random.default_rng(1), np.random.default_rng(1)
    one = engine.simulate(model, ours, "compiled")
    other = engine.simulate(model, theirs, "epydemix")
    assert (one.compartments == other.compartments).all()
    assert ours.bit_generator.state == theirs.bit_generator.state
    return one


@pytest.mark.parametrize("rate", [2e-15, 5e-15, 1.1e-14, 2e-14])
def test_rare_events_are_drawn_to_the_bit(rate):
    # Those who move are drawn before those who stay: 1 - chance is rounded, and matters.
    moved = assert_same_among_very_many(very_many_people("ISR", rate)).transitions.sum()

    assert moved == pytest.approx(60 * 1e15 * rate, rel=0.5)


def test_whoever_rounding_leaves_undecided_is_put_into_the_last_compartment_as_in_epydemix():
    trajectory = assert_same_among_very_many(very_many_people("SIR", 0.02))

    strays = trajectory.compartments[-1, 2, 0]
    assert 0 < strays < 100
    assert trajectory.compartments[-1].sum() == 10**15
    assert trajectory.transitions.sum() == trajectory.compartments[-1, 1, 0]

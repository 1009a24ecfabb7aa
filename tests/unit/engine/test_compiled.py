import logging
from dataclasses import replace

import numpy as np
import pytest

from epyflow import engine
from epyflow.engine import compiled, draws, reference
from epyflow.model.assembler import Assembler
from epyflow.model.compartmental import Flow
from tests.building import layers, member, people, sir


def built(**changes):
    return Assembler(sir(**changes), people(), None, ()).build(member())


def flow(model, values=0.1, **changes):
    shape = (len(model.dates), len(model.sizes))
    given = {"source": "S", "target": "R", "kind": "spontaneous"}
    return Flow(**{**given, **changes}, values=np.full(shape, values))


def of_many_ages(groups):
    ages = (*(str(age) for age in range(groups - 1)), f"{groups - 1}+")
    model = built()
    return replace(
        model,
        age_groups=ages,
        sizes=np.full(groups, 100),
        flows=tuple(
            replace(each, values=np.full((len(model.dates), groups), 0.01)) for each in model.flows
        ),
        matrices=np.random.default_rng(3).uniform(0, 2, (1, groups, groups)),
        initial=np.tile([[90], [10], [0]], groups),
    )


@pytest.mark.parametrize(
    ("name", "array", "what"),
    [
        ("sizes", np.ones(2, dtype=np.int64), r"sizes has the shape \(2,\); expected \(3,\)"),
        ("initial", np.ones((2, 3), dtype=np.int64), r"initial has .*; expected \(3, 3\)"),
        ("matrices", np.ones((1, 2, 2)), r"matrices has .*; expected \(1, 3, 3\)"),
        ("matrix_index", np.zeros(30, dtype=np.int64), r"has .*; expected \(31,\)"),
        ("matrix_index", np.full(31, 1), "matrix_index has values outside of 0 to 0"),
        ("matrix_index", np.full(31, -1), "matrix_index has values outside of 0 to 0"),
    ],
)
def test_an_array_beyond_which_it_would_read_is_refused(name, array, what):
    with pytest.raises(ValueError, match=what):
        compiled.simulator(replace(built(), **{name: array}))


@pytest.fixture
def forget():
    """Let what is said once be said again."""
    compiled._announce.cache_clear()
    compiled._own_up_to.cache_clear()
    yield
    compiled._announce.cache_clear()
    compiled._own_up_to.cache_clear()


def same(model):
    """Whether both engines give the same trajectory."""
    one, other = (
        engine.simulate(model, np.random.default_rng(4), name) for name in ("compiled", "epydemix")
    )
    return (one.compartments == other.compartments).all() and (
        one.transitions == other.transitions
    ).all()


def test_it_is_what_simulates_if_nothing_is_said():
    assert engine.DEFAULT == "compiled"
    assert engine.simulator(built()).__module__ == "epyflow.engine.compiled"


# --- what it leaves to epydemix ----------------------------------------------------------------


UNUSUAL = {
    "of another kind: stirred": lambda model: replace(
        model, flows=(*model.flows, flow(model, kind="stirred"))
    ),
    "from S to itself": lambda model: replace(model, flows=(*model.flows, flow(model, target="S"))),
    "129 age groups; expected at most 128": lambda model: of_many_ages(129),
    "not lie in memory row by row": lambda model: replace(
        model, matrices=np.asfortranarray(np.concatenate([model.matrices] * 2))
    ),
}


@pytest.mark.parametrize("reason", UNUSUAL)
def test_a_model_that_it_cannot_simulate_to_the_bit_is_named(reason):
    model = built()
    assert compiled.find_obstacle(model) is None

    assert reason in compiled.find_obstacle(UNUSUAL[reason](model))


@pytest.mark.parametrize("reason", [reason for reason in UNUSUAL if "kind" not in reason])
def test_what_it_cannot_simulate_is_simulated_by_epydemix(reason, forget, caplog):
    model = UNUSUAL[reason](built())

    assert engine.simulator(model).__module__ == "epyflow.engine.reference"
    assert same(model)
    assert reason in caplog.text


def test_a_kind_that_no_engine_knows_is_refused(forget):
    model = UNUSUAL["of another kind: stirred"](built())

    with pytest.raises(ValueError, match="stirred"):
        engine.simulator(model)


def test_it_is_said_once_that_epydemix_simulates(forget, caplog):
    for _ in range(3):
        engine.simulator(of_many_ages(129))
    engine.simulator(UNUSUAL["from S to itself"](built()))

    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert "129 age groups" in caplog.text
    assert "from S to itself" in caplog.text


def test_a_numpy_that_hides_its_draws_leaves_all_to_epydemix(monkeypatch):
    monkeypatch.setattr(draws, "numpy_binomial", lambda: None)

    assert "does not show its draws" in compiled.find_obstacle(built())


@pytest.mark.parametrize("groups", [7, 8, 9, 16, 17, 127, 128])
def test_contacts_are_summed_in_the_order_of_numpy(groups):
    assert same(of_many_ages(groups))


# --- draws of its own --------------------------------------------------------------------------


def test_few_successes_are_drawn_without_numpy():
    assert compiled._own_up_to() == draws.FEW


def test_where_numpy_draws_otherwise_it_draws_everything(monkeypatch, forget, caplog):
    """A numpy whose rare events come out otherwise is asked for each of them."""

    class Changed(np.random.Generator):
        def binomial(self, n, p):
            return super().binomial(n, p) + 1

    monkeypatch.setattr(compiled, "generator", lambda *_: Changed(np.random.PCG64(1)))
    caplog.set_level(logging.INFO, "epyflow")

    assert compiled._own_up_to() == draws.NONE
    assert "draws rare events in another way" in caplog.text
    assert same(built())


# --- arrays and generators ---------------------------------------------------------------------


def test_arrays_may_be_read_only_shared_or_views():
    model = built()
    flows = []
    for each in model.flows:
        row = each.values[:1]
        flows.append(replace(each, values=np.broadcast_to(row, each.values.shape)))
    wide = np.repeat(model.initial, 2, axis=1)
    views = replace(model, flows=tuple(flows), initial=wide[:, ::2])
    for array in (views.sizes, views.matrices, views.matrix_index):
        array.setflags(write=False)

    one = engine.simulate(views, np.random.default_rng(4))
    other = engine.simulate(model, np.random.default_rng(4))

    assert (one.compartments == other.compartments).all()


def test_each_trajectory_has_arrays_of_its_own():
    simulate, rng = engine.simulator(built()), np.random.default_rng(4)
    first = simulate(rng)
    kept = first.compartments.copy()

    second = simulate(rng)

    assert (first.compartments == kept).all()
    assert not np.shares_memory(first.compartments, second.compartments)
    assert first.compartments.dtype == first.transitions.dtype == np.float64


def test_a_model_without_flows_stays_as_it_is():
    model = replace(built(), flows=())

    trajectory = engine.simulate(model, np.random.default_rng(4))

    assert trajectory.transitions.shape == (31, 0, 3)
    assert (trajectory.compartments == model.initial).all()
    assert same(model)


def test_transitions_of_one_name_are_counted_together_as_in_epydemix():
    names = ("A", "A_to_B", "B_to_C", "C")
    model = replace(built(), compartments=names, initial=np.full((4, 3), 1_000))
    flows = (flow(model, source="A_to_B", target="C"), flow(model, source="A", target="B_to_C"))
    model = replace(model, flows=flows, sizes=model.initial.sum(axis=0))

    moved = engine.simulate(model, np.random.default_rng(4)).transitions

    assert moved.shape == (31, 1, 3)
    assert moved.sum() > 3 * 1_000
    assert same(model)


# --- rates that give no chances ----------------------------------------------------------------


def spoilt(model, values):
    """The model with an extra flow from S to R whose rate at the third step is not a rate."""
    extra = flow(model)
    extra.values[2, 1] = values
    return replace(model, flows=(*model.flows, extra))


@pytest.mark.parametrize("rate", [-1e-6, np.nan, np.inf])
def test_a_rate_that_gives_no_chance_is_refused_by_both(rate):
    model = spoilt(built(), rate)

    with pytest.raises(ValueError, match=r"on 2024-10-03 the rates out of S in age group 18-64"):
        engine.simulate(model, np.random.default_rng(4), "compiled")
    with pytest.raises(ValueError, match="pvals"):
        engine.simulate(model, np.random.default_rng(4), "epydemix")


@pytest.mark.filterwarnings("ignore:invalid value encountered in divide:RuntimeWarning")
def test_an_age_group_without_people_is_refused_by_both():
    model = built()
    empty = replace(model, sizes=model.sizes * [1, 0, 1], initial=model.initial * [1, 0, 1])

    with pytest.raises(ValueError, match="people in every age group"):
        engine.simulate(empty, np.random.default_rng(4), "compiled")
    with pytest.raises(ValueError, match="pvals"):
        engine.simulate(empty, np.random.default_rng(4), "epydemix")


def test_a_negative_rate_that_leaves_nobody_leaving_is_taken_by_both():
    # The sum over all ways out is negative: epydemix lets everybody stay.
    model = replace(built(), flows=(flow(built(), -5.0), flow(built(), 1.0, target="I")))

    assert same(model)
    assert engine.simulate(model, np.random.default_rng(4)).transitions.sum() == 0


# --- against epydemix's parts ------------------------------------------------------------------


def test_the_reference_has_the_contacts_of_each_step():
    model = replace(
        built(),
        matrices=np.stack([sum(layers().values()), np.zeros((3, 3))]),
        matrix_index=np.repeat([0, 1], [10, 21]),
    )

    infections = reference.simulator(model)(np.random.default_rng(4)).transitions[:, 0]

    assert infections[:10].sum() > 0
    assert infections[10:].sum() == 0
    assert same(model)

import numpy as np
import pytest

from epyflow import engine
from epyflow.errors import EpyflowError
from epyflow.model.assembler import Assembler
from tests.building import compartments, infection, member, people, sir, spontaneous


def built(**changes):
    return Assembler(sir(**changes), people(), None, ()).build(member())


def generator():
    return np.random.default_rng(11)


def test_the_arrays_have_a_row_for_every_step_name_and_age_group():
    trajectory = engine.simulate(built(delta_t=0.5), generator())

    # 31 days; S, I, R; S_to_I, I_to_R; three age groups.
    assert trajectory.compartments.shape == (62, 3, 3)
    assert trajectory.transitions.shape == (62, 2, 3)


def test_flows_between_the_same_two_compartments_have_one_row():
    trajectory = engine.simulate(
        built(
            compartments=compartments(S="default", I=0.1, J=0.1, R=None),
            transitions=[
                infection("S", "I", "I", 0.02),
                spontaneous("I", "R", 0.3),
                infection("S", "I", "J", 0.02),
                spontaneous("J", "R", 0.0),
            ],
        ),
        generator(),
    )

    moved = trajectory.transitions.sum(axis=(0, 2))
    assert len(moved) == 3  # S_to_I, I_to_R, J_to_R
    assert moved[0] > 0
    assert moved[1] > 0
    assert moved[2] == 0


def test_a_prepared_model_gives_the_same_trajectories_as_one_prepared_each_time():
    model = built()
    prepared, one, other = engine.simulator(model), generator(), generator()

    for _ in range(3):
        once, each = prepared(one), engine.simulate(model, other)
        assert (once.compartments == each.compartments).all()
        assert (once.transitions == each.transitions).all()


def test_the_generator_moves_on():
    prepared, rng = engine.simulator(built()), generator()

    assert (prepared(rng).compartments != prepared(rng).compartments).any()


def test_a_simulation_leaves_its_model_as_it_was():
    model = built()
    arrays = [model.initial, model.matrices, *(flow.values for flow in model.flows)]
    before = [array.copy() for array in arrays]

    engine.simulate(model, generator())

    assert all((array == copy).all() for array, copy in zip(arrays, before, strict=True))


@pytest.mark.parametrize("use", [engine.check_engine, lambda name: engine.simulator(None, name)])
def test_an_engine_that_does_not_exist_is_refused_with_those_that_do(use):
    with pytest.raises(EpyflowError, match=r"engine 'epidemix' does not exist.*epydemix"):
        use("epidemix")

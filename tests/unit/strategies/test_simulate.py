import logging
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from epyflow import engine, strategies
from epyflow.errors import EpyflowError
from epyflow.logs import cause_of
from epyflow.strategies.simulate import simulate_members
from tests.building import SIZES, calculated, compartments, member, people, scalar, sir, task

SAMPLED = {"type": "sampled"}


def sampled(**changes):
    """Return a model whose beta, initial I and start are sampled."""
    return sir(
        start="sampled",
        resample_frequency="W-SAT",
        compartments=compartments(S="default", I="sampled", R=None),
        parameters={
            "beta": SAMPLED,
            "mu": scalar(0.4),
            "by_age": {"type": "age_varying", "values": [1, 2, 3]},
            "twice": calculated("2*beta"),
        },
        **changes,
    )


def drawn(number):
    start = date(2024, 10, 1 + number % 3)
    return member(number, {"beta": 0.02 + number / 1000}, {"I": 0.01 * (1 + number)}, start)


def test_the_result_describes_its_task():
    done = task(sir(delta_t=0.5), index=3, code="abcdefabcdef", seed=5)

    result = simulate_members(done)

    assert (result.index, result.code, result.seed) == (3, "abcdefabcdef", 5)
    assert (result.population, result.location) == ("United_States_Massachusetts", "US-MA")
    assert result.age_groups == ("0-17", "18-64", "65+")
    assert result.compartments == ("S", "I", "R")
    assert result.transitions == ("S_to_I", "I_to_R")
    assert result.delta_t == 0.5


def test_a_member_has_its_dates_parameters_and_initial_conditions():
    (found,) = simulate_members(task(sampled(), members=[drawn(1)])).members

    assert found.primary_id == 1
    assert (found.start_date, found.end_date) == (date(2024, 10, 2), date(2024, 10, 31))
    # The weeks to 5 October and to 2 November are cut.
    assert found.dates == tuple(date(2024, 10, day) for day in (12, 19, 26))
    assert found.parameters == {
        "beta": 0.021,
        "mu": 0.4,
        "by_age": (1.0, 2.0, 3.0),
        "twice": 0.042,
    }
    # 2% of 20,000, 60,000 and 20,001.
    assert found.initial == {
        "S": (19_600, 58_800, 19_601),
        "I": (400, 1_200, 400),
        "R": (0, 0, 0),
    }


def test_every_simulation_of_a_member_is_kept():
    (found,) = simulate_members(task(sir(n_sims=4))).members

    persons = found.compartments.unpack()
    assert persons.shape == (4, 31, 3, 3)
    assert found.transitions.unpack().shape == (4, 31, 2, 3)
    assert (persons.sum(axis=2) == SIZES).all()
    assert len({each.tobytes() for each in persons}) == 4


@pytest.mark.parametrize("size", [1, 2, 4])
def test_a_member_does_not_depend_on_the_task_that_holds_it(size):
    members = [drawn(number) for number in range(4)]
    together = simulate_members(task(sampled(), members=members)).members

    packed = []
    for first in range(0, 4, size):
        part = members[first : first + size]
        packed += simulate_members(task(sampled(), members=part, index=first)).members

    assert tuple(packed) == together


def test_a_member_does_not_depend_on_its_number_in_the_experiment():
    # A population listed before shifts the numbers of the experiment.
    (one,) = simulate_members(task(sir())).members
    (other,) = simulate_members(task(sir(), members=[replace(member(), primary_id=12)])).members

    assert (one.compartments, one.transitions) == (other.compartments, other.transitions)


@pytest.mark.parametrize(
    "other",
    [
        task(sir(), members=[member(1)]),
        task(sir(), seed=6),
        task(sir(), replace(people(), name="United_States_New_York")),
    ],
)
def test_members_populations_and_seeds_have_random_numbers_of_their_own(other):
    (mine,) = simulate_members(task(sir())).members
    (theirs,) = simulate_members(other).members

    assert mine.compartments != theirs.compartments


def test_a_member_that_makes_no_model_is_an_error_that_names_it():
    members = [drawn(0), member(7, {"beta": 0.02}, {"I": 0.5}, date(2024, 11, 1))]

    with pytest.raises(
        EpyflowError,
        match=r"^United_States_Massachusetts, member 7: the end 2024-10-31 is before the start "
        "2024-11-01$",
    ):
        simulate_members(task(sampled(), members=members))


@pytest.mark.parametrize("error", [ValueError("pvals < 0"), ZeroDivisionError("pvals < 0")])
def test_a_simulation_that_fails_is_an_error_that_names_its_member(monkeypatch, error):
    def simulator(*_):
        raise error

    monkeypatch.setattr(engine, "simulator", simulator)

    with pytest.raises(EpyflowError, match=r"^United_States_Massachusetts, member 0: pvals < 0$"):
        simulate_members(task(sir()))


def test_an_unexpected_error_keeps_its_kind_and_names_its_member(monkeypatch):
    def simulator(*_):
        raise IndexError("out of bounds")

    monkeypatch.setattr(engine, "simulator", simulator)

    with pytest.raises(IndexError) as caught:
        simulate_members(task(sir()))

    assert cause_of(caught.value) == (
        "United_States_Massachusetts, member 0: IndexError: out of bounds"
    )


def test_an_unknown_engine_is_refused_before_anything_is_simulated():
    with pytest.raises(EpyflowError, match="engine 'fast' does not exist"):
        strategies.run(task(sir(), engine="fast"))


def test_an_unknown_strategy_is_refused():
    with pytest.raises(EpyflowError, match="strategy 'guess' is not known"):
        strategies.run(task(sir(), strategy="guess"))


def test_the_log_says_how_many_members_are_done(caplog):
    caplog.set_level(logging.INFO, "epyflow")

    simulate_members(task(sampled(), members=[drawn(0), drawn(1)]))

    assert "member 2 of 2" in caplog.messages[-1]


def test_a_zero_epidemic_is_only_what_a_simulation_gave():
    model = sir(parameters={"beta": scalar(0), "mu": scalar(0.4)})
    (found,) = simulate_members(task(model)).members

    moved = found.transitions.unpack()
    assert moved[:, :, 0].sum() == 0
    assert np.all(moved[:, :, 1].sum(axis=1) > 0)

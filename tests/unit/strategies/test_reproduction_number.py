"""Effective reproduction numbers of models for which they can be worked out by hand."""

from datetime import date, timedelta

import numpy as np
import pytest

from epyflow import engine, strategies
from epyflow.artifacts.task import NOT_STARTED, REPRODUCTION_UNIT, DailyDoses
from epyflow.engine.trajectory import Trajectory
from epyflow.model.assembler import Assembler
from epyflow.strategies import reproduction_number
from epyflow.strategies.per_start import resampled
from epyflow.strategies.reproduction_number import Reproductions, spectral_radii
from tests.building import (
    compartments,
    infection,
    layers,
    member,
    one_age,
    people,
    scalar,
    sir,
    spontaneous,
    task,
)
from tests.calibrating import calibration_task, section

UNIT = REPRODUCTION_UNIT
SIZE = 1_000_000
CONTACTS = 10.0  # a day, of one_age()
BETA, MU = 0.06, 0.4


def stay(rate, delta_t=1.0):
    """Return the mean days that somebody who leaves at a rate stays, in steps of ``delta_t``."""
    return delta_t / -np.expm1(-rate * delta_t)


def numbers(model, population, persons=None, doses=None, closure_days=()):
    """Return R of a trajectory whose persons are the same on all days, by default as at first.

    ``persons`` maps compartments to persons, one number or one for each age group.
    """
    built = Assembler(model, population, doses, tuple(closure_days)).build(member())
    held = built.initial.astype(np.float64)
    for name, count in (persons or {}).items():
        held[built.compartments.index(name)] = count
    steps = len(built.dates)
    course = Trajectory(np.tile(held, (steps, 1, 1)), np.zeros((steps, 1, len(held[0]))))
    found = Reproductions()
    found.add(built, resampled(model)(built.dates), course)
    (one,) = found.numbers()
    return one.ravel() * UNIT


def one_age_sir(**changes):
    section = {"ages": ("0+",), "parameters": {"beta": scalar(BETA), "mu": scalar(MU)}}
    return sir(**{**section, **changes})


@pytest.mark.parametrize("delta_t", [1.0, 0.25, 1 / 64])
def test_of_an_sir_model_it_is_r0_times_the_susceptible_share(delta_t):
    found = numbers(one_age_sir(delta_t=delta_t), one_age(SIZE), {"S": 0.7 * SIZE})

    expected = BETA * CONTACTS * stay(MU, delta_t) * 0.7
    assert found[1:] == pytest.approx(expected, abs=UNIT)
    if delta_t < 0.02:  # short steps: what the rates give
        assert found[1:] == pytest.approx(BETA * CONTACTS / MU * 0.7, rel=4e-3)


@pytest.mark.parametrize(("r", "is_known"), [(99_999.5, True), (100_000.5, False)])
def test_a_number_of_a_hundred_thousand_or_more_counts_as_infection_without_end(r, is_known):
    rates = {"beta": scalar(r / CONTACTS / stay(MU)), "mu": scalar(MU)}

    found = numbers(one_age_sir(parameters=rates), one_age(SIZE), {"S": SIZE})

    assert found[-1] == pytest.approx(r if is_known else NOT_STARTED * UNIT, abs=UNIT)


def test_people_are_those_whom_the_step_finds():
    found = numbers(one_age_sir(compartments=compartments(S="default", I=0.5, R=None)),
                    one_age(SIZE), {"S": 0.25 * SIZE})  # fmt: skip

    assert found[0] == pytest.approx(2 * found[1], abs=3 * UNIT)


def test_a_latent_time_changes_nothing_and_two_infectious_classes_add_up():
    model = sir(
        ages=("0+",),
        compartments=compartments(S="default", E=None, A=None, I=0.01, R=None),
        transitions=[
            {"type": "multi_mediated", "source": "S", "target": "E",
             "mediators": [{"rate": "beta", "source": ["I"]},
                           {"rate": "beta*0.5", "source": ["A"]}]},
            spontaneous("E", "I", "0.3*0.6"),
            spontaneous("E", "A", "0.3*0.4"),
            spontaneous("I", "R", "mu"),
            spontaneous("A", "R", "2*mu"),
        ],
        parameters={"beta": scalar(BETA), "mu": scalar(MU)},
    )  # fmt: skip

    found = numbers(model, one_age(SIZE), {"S": SIZE})

    expected = BETA * CONTACTS * (0.6 * stay(MU) + 0.4 * 0.5 * stay(2 * MU))
    assert found[-1] == pytest.approx(expected, abs=UNIT)


def test_stages_in_a_row_add_up_and_a_relapse_is_a_series():
    model = sir(
        ages=("0+",),
        compartments=compartments(S="default", I=0.01, J=None, R=None),
        transitions=[
            infection("S", "I", "I", "beta"),
            infection("S", "I", "J", "3*beta"),
            spontaneous("I", "J", 0.5),
            spontaneous("J", "I", 0.1),
            spontaneous("J", "R", 0.3),
        ],
        parameters={"beta": scalar(BETA)},
    )

    found = numbers(model, one_age(SIZE), {"S": SIZE})

    # After J one in four is back in I, so a course has 1 / (1 - 1/4) bouts.
    bouts = 4 / 3
    expected = BETA * CONTACTS * bouts * (stay(0.5) + 3 * stay(0.4))
    assert found[-1] == pytest.approx(expected, abs=UNIT)


def test_the_vaccinated_are_infected_less_and_infect_less():
    model = sir(
        ages=("0+",),
        compartments=compartments(S="default", V=None, I=0.01, J=None, R=None),
        transitions=[
            infection("S", "I", "I", "beta"),
            infection("S", "I", "J", "0.5*beta"),
            {"type": "vaccination", "source": "S", "target": "V"},
            infection("V", "J", "I", "0.4*beta"),
            infection("V", "J", "J", "0.4*0.5*beta"),
            spontaneous("I", "R", "mu"),
            spontaneous("J", "R", "mu"),
        ],
        parameters={"beta": scalar(BETA), "mu": scalar(MU)},
        vaccination={
            "preprocessed_vaccination_data_path": "doses.csv",
            "origin_compartment": "S",
            "eligible_compartments": ["S"],
        },
    )
    doses = DailyDoses(date(2024, 10, 1), np.full((20, 1), 500.0))

    found = numbers(model, one_age(SIZE), {"S": 0.5 * SIZE, "V": 0.3 * SIZE}, doses)

    expected = BETA * CONTACTS * stay(MU) * (0.5 + 0.3 * 0.4 * 0.5)
    assert found[-1] == pytest.approx(expected, abs=UNIT)


def test_people_of_many_ages_have_the_eigenvalue_of_their_next_generation_matrix():
    sizes = np.array([20_000, 60_000, 20_001])
    susceptible = np.array([18_000, 30_000, 5_000])
    by_age = [1.0, 0.7, 0.4]
    model = sir(
        parameters={
            "beta": scalar(0.02),
            "protection": {"type": "age_varying", "values": by_age},
            "mu": {"type": "age_varying", "values": [0.3, 0.5, 0.2]},
        },
        transitions=[infection("S", "I", "I", "beta*protection"), spontaneous("I", "R", "mu")],
    )

    found = numbers(model, people(), {"S": susceptible})

    contacts = sum(layers().values())
    # Infections in a by one infectious person of b.
    next_generation = np.array(
        [
            [0.02 * by_age[a] * susceptible[a] * contacts[a, b] / sizes[b] * stay(rate)
             for b, rate in enumerate([0.3, 0.5, 0.2])]
            for a in range(3)
        ]
    )  # fmt: skip
    assert found[-1] == pytest.approx(np.abs(np.linalg.eigvals(next_generation)).max(), abs=UNIT)


def test_mediators_that_infect_in_different_proportions_are_told_apart():
    # I and J infect the young and the old in other proportions: no number weighs one against the
    # other, and the matrix by compartment and age is larger than that by age.
    ages, sizes = ("0-17", "18+"), np.array([300_000, 700_000])
    model = sir(
        ages=ages,
        compartments=compartments(S="default", I=0.01, J=0.01, R=None),
        transitions=[
            infection("S", "I", "I", "a"),
            infection("S", "J", "J", "b"),
            infection("S", "J", "I", 0.01),
            spontaneous("I", "R", 0.4),
            spontaneous("J", "R", 0.25),
        ],
        parameters={
            "a": {"type": "age_varying", "values": [0.05, 0.02]},
            "b": {"type": "age_varying", "values": [0.01, 0.04]},
        },
    )
    persons = np.array([200_000, 600_000])

    found = numbers(model, people(sizes, layers(2), ages), {"S": persons})

    contacts = sum(layers(2).values())
    matrix = np.zeros((4, 4))  # (I, J) by age
    for a in range(2):
        for b in range(2):
            met = persons[a] * contacts[a, b] / sizes[b]
            matrix[a, b] = [0.05, 0.02][a] * met * stay(0.4)
            matrix[2 + a, b] = 0.01 * met * stay(0.4)
            matrix[2 + a, 2 + b] = [0.01, 0.04][a] * met * stay(0.25)
    assert found[-1] == pytest.approx(np.abs(np.linalg.eigvals(matrix)).max(), abs=UNIT)


def test_halved_contacts_halve_it_on_their_days_and_a_week_has_the_mean():
    closed = [date(2024, 10, 10), date(2024, 10, 11)]
    changes = {
        "end": "2024-10-26",
        "interventions": [{"type": "school_closure", "scaling_factor": 0.5}],
    }
    population = people((SIZE,), {"school": np.array([[CONTACTS]])}, ("0+",))
    persons = {"S": SIZE}

    daily = numbers(one_age_sir(**changes), population, persons, closure_days=closed)
    weekly = numbers(
        one_age_sir(resample_frequency="W-SAT", **changes), population, persons,
        closure_days=closed,
    )  # fmt: skip

    open_days = BETA * CONTACTS * stay(MU)
    halved = np.isin([date(2024, 10, 1) + timedelta(days=n) for n in range(26)], closed)
    assert daily[1:] == pytest.approx(np.where(halved, open_days / 2, open_days)[1:], abs=UNIT)
    # Whole weeks end on 12, 19 and 26 October.
    expected = open_days * np.array([(5 + 2 * 0.5) / 7, 1, 1])
    assert weekly == pytest.approx(expected, abs=UNIT)


def test_seasons_and_overrides_act_as_they_do_on_the_rates():
    model = one_age_sir(
        end="2024-12-31",
        seasonality={
            "target_parameter": "beta", "method": "balcan",
            "seasonality_max_date": "2024-10-20", "seasonality_min_date": "2024-12-20",
            "max_value": 1.0, "min_value": 0.4,
        },
        interventions=[
            {"type": "parameter", "target_parameter": "mu", "override_value": 0.8,
             "start_date": "2024-12-01", "end_date": "2024-12-31"},
        ],
    )  # fmt: skip

    found = numbers(model, one_age(SIZE), {"S": SIZE})

    day = {n: found[(n - date(2024, 10, 1)).days] for n in
           (date(2024, 10, 20), date(2024, 12, 20))}  # fmt: skip
    assert day[date(2024, 10, 20)] == pytest.approx(BETA * CONTACTS * stay(MU), abs=UNIT)
    assert day[date(2024, 12, 20)] == pytest.approx(0.4 * BETA * CONTACTS * stay(0.8), abs=UNIT)


@pytest.mark.parametrize("delta_t", [1.0, 0.5])
def test_it_crosses_one_where_the_infectious_are_most(delta_t):
    model = one_age_sir(
        end="2025-12-31", delta_t=delta_t, parameters={"beta": scalar(0.042), "mu": scalar(MU)},
        compartments=compartments(S="default", I=20_000, R=None),
    )  # fmt: skip
    built = Assembler(model, one_age(200_000_000), None, ()).build(member())
    course = engine.simulate(built, np.random.default_rng(1))
    gathered = Reproductions()
    gathered.add(built, resampled(model)(built.dates), course)
    found = gathered.numbers()[0].ravel()

    peak = int(np.argmax(course.compartments[:, 1, 0]) * delta_t)
    # What the rates give, without regard to steps, is 18 % lower (10 % with half days).
    assert found[peak] * UNIT == pytest.approx(1, abs=0.015)
    assert (found[: peak - 14] * UNIT > 1).all()
    assert (found[peak + 14 :] * UNIT < 1).all()


def test_before_anybody_leaves_there_is_no_number():
    model = one_age_sir(
        interventions=[
            {"type": "parameter", "target_parameter": "mu", "override_value": 0,
             "start_date": "2024-10-05", "end_date": "2024-10-06"},
        ]
    )  # fmt: skip

    found = numbers(model, one_age(SIZE)) / UNIT

    assert np.flatnonzero(found == NOT_STARTED).tolist() == [4, 5]
    assert (found[[3, 6]] > 0).all()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 16])
def test_the_largest_eigenvalue_is_that_of_lapack(size):
    rng = np.random.default_rng(size)
    matrices = rng.uniform(0, 1, (40, size, size)) ** 6 * rng.uniform(0.01, 3, (40, 1, 1))
    matrices[3] = 0

    found = spectral_radii(matrices)

    expected = np.abs(np.linalg.eigvals(matrices)).max(axis=1)
    assert found == pytest.approx(expected, rel=1e-7)


def test_vectors_and_hosts_that_infect_each_other_in_turn_have_a_number_too():
    # Powers of this matrix never settle on one direction, and its blocks are apart.
    turn = np.zeros((6, 6))
    turn[0, 1], turn[1, 0] = 4.0, 0.25
    turn[2, 3], turn[3, 2] = 9.0, 1.0
    turn[4, 4], turn[5, 4] = 2.0, 7.0

    assert spectral_radii(turn[np.newaxis]) == pytest.approx(3.0)


def test_many_trajectories_are_worked_off_in_parts(monkeypatch):
    model = one_age_sir(n_sims=3)
    whole = strategies.run(task(model, one_age(SIZE))).members[0].reproduction
    monkeypatch.setattr(reproduction_number, "_TOGETHER", 32)

    parts = strategies.run(task(model, one_age(SIZE))).members[0].reproduction

    assert whole.shape == (3, 31, 1, 1)
    assert parts == whole


def test_a_simulation_has_it_for_each_trajectory_and_date():
    (found,) = strategies.run(task(sir(n_sims=4, resample_frequency="W-SAT"))).members

    numbers = found.reproduction.unpack()
    assert numbers.shape == (4, len(found.dates), 1, 1)
    assert numbers.dtype.kind == "i"
    assert (np.diff(numbers[:, [0, -1]], axis=1) < 0).all()  # as the susceptible grow fewer


def test_a_model_whose_infections_cannot_be_counted_has_none():
    model = sir(transitions=[infection("S", "I", "I", "beta"), spontaneous("I", "R", "mu"),
                             infection("I", "R", "R", "beta")])  # fmt: skip

    (found,) = strategies.run(task(model)).members

    assert found.reproduction is None


def test_a_projection_has_it_from_the_start_of_each_trajectory():
    options = {"num_particles": 10, "num_generations": 2}
    given = section("smc", options, projection={"n_trajectories": 6})

    (found,) = strategies.run(calibration_task(given)).members

    assert found.reproduction.shape == (6, len(found.dates), 1, 1)
    before = (found.compartments.unpack() == NOT_STARTED).all(axis=(2, 3))
    assert before.any()
    assert ((found.reproduction.unpack()[..., 0, 0] == NOT_STARTED) == before).all()

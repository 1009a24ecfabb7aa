"""A task's results are those of epydemix called by hand with the same generator, to the bit.

That holds for either engine.

By hand: scalar parameters, transitions with parameter names and expressions, contact layers,
``add_intervention``, ``override_parameter``, initial conditions, ``run_simulations``.
"""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from epydemix import EpiModel
from epydemix import population as epydemix_population

from epyflow import engine, strategies
from epyflow.artifacts import pickling
from epyflow.artifacts.task import DailyDoses
from epyflow.randomness import generator
from epyflow.run.input_build import prepare_build
from epyflow.run.settings import read_settings
from tests.building import (
    AGES,
    SEED,
    SIZES,
    calculated,
    compartments,
    infection,
    layers,
    member,
    scalar,
    sir,
    spontaneous,
    task,
    transition,
)

# epydemix 1.5 calls a function of pandas 3 that announces a change; it reads the result as before.
pytestmark = pytest.mark.filterwarnings("ignore:A future version of pandas will return a BaseOff")


def by_hand(names, sizes=SIZES, ages=AGES):
    written = EpiModel(compartments=list(names))
    population = epydemix_population.Population()
    population.add_population(np.array(sizes), list(ages))
    for layer, matrix in layers(len(sizes)).items():
        population.add_contact_matrix(matrix, layer)
    written.set_population(population)
    return written


def end_of(day):
    """epydemix stops at the given moment: without a time, in the first step of the last day."""
    return pd.Timestamp(day) + pd.Timedelta(hours=23, minutes=59)


def assert_equal(done, written, initial, index=0, **options):
    """Compare the member of a task with ``run_simulations`` of the model written by hand."""
    rng = generator(SEED, "simulate", "United_States_Massachusetts", index)
    options = {"start_date": "2024-10-01", "end_date": "2024-10-31", "Nsim": 2, **options}
    expected = written.run_simulations(initial_conditions_dict=initial, rng=rng, **options)
    for name in engine.ENGINES:
        assert_member_equals(expected, strategies.run(replace(done, engine=name)))


def assert_member_equals(expected, result):
    (found,) = result.members
    theirs = [pd.Timestamp(day).date() for day in expected.dates]
    # A week that is cut has no row here. With steps below a day, epydemix cuts the last day.
    dates = [day for day in found.dates if result.delta_t >= 1 or day < found.end_date]
    assert len(theirs) - 2 <= len(dates)
    rows = [theirs.index(day) for day in dates]
    for names, packed, stacked in (
        (result.compartments, found.compartments, expected.get_stacked_compartments()),
        (result.transitions, found.transitions, expected.get_stacked_transitions()),
    ):
        array = packed.unpack()[:, : len(dates)]
        for row, name in enumerate(names):
            for column, age in enumerate(result.age_groups):
                assert (array[:, :, row, column] == stacked[f"{name}_{age}"][:, rows]).all(), name
    assert found.transitions.unpack().sum() > 0


SIR_INITIAL = {
    "S": np.array(SIZES) - [200, 600, 200],
    "I": np.array([200, 600, 200]),  # 1%; of 20,001 persons, 200.01 are 200
    "R": np.zeros(3, dtype=int),
}


def sir_by_hand():
    written = by_hand("SIR")
    written.add_parameter(parameters_dict={"beta": 0.03, "mu": 0.4})
    written.add_transition("S", "I", "mediated", ("beta", "I"))
    written.add_transition("I", "R", "spontaneous", "mu")
    return written


@pytest.mark.parametrize(
    ("delta_t", "frequency", "epydemix_frequency"),
    [
        (1.0, None, None),
        (1.0, "D", "D"),
        (1.0, "W-SAT", "W-SAT"),
        (0.5, None, "D"),
        (0.5, "D", "D"),
        (0.2, "W-SAT", "W-SAT"),
        (7.0, None, None),
        (7.0, "W-MON", "W-MON"),  # 1 October 2024 is a Tuesday
    ],
)
def test_sir(delta_t, frequency, epydemix_frequency):
    done = task(sir(delta_t=delta_t, resample_frequency=frequency))

    assert_equal(
        done,
        sir_by_hand(),
        SIR_INITIAL,
        dt=delta_t,
        resample_frequency=epydemix_frequency,
    )


def test_initial_conditions_that_are_left_to_epydemix():
    done = task(sir(compartments=compartments(S=None, I=None, R=None)))

    assert_equal(done, sir_by_hand(), None)


def test_two_simulations_of_a_later_member():
    drawn = {"beta": {"type": "sampled"}, "mu": scalar(0.4)}
    members = [member(5, {"beta": 0.031})]

    written = sir_by_hand()
    written.add_parameter("beta", 0.031)
    assert_equal(task(sir(parameters=drawn), members=members), written, SIR_INITIAL, index=5)


@pytest.mark.parametrize("delta_t", [1.0, 0.5])
def test_rates_by_age_expressions_and_interventions(delta_t):
    model = sir(
        delta_t=delta_t,
        resample_frequency="W-SAT",
        compartments=compartments(S="default", E=100, I=[3, 2, 1], R=[0.1, 0.2, 0.25]),
        transitions=[
            infection("S", "E", "I", "beta*(1-protection)"),
            spontaneous("E", "I", "sigma"),
            spontaneous("I", "R", "gamma"),
        ],
        parameters={
            "beta": scalar(0.04),
            "sigma": scalar("1/1.5"),
            "gamma": {"type": "age_varying", "values": [0.3, 0.4, "1/3"]},
            "protection": {"type": "age_varying", "values": [0.0, 0.05, 0.2]},
        },
        interventions=[
            contact("school", 0.3, "2024-10-05", "2024-10-12"),
            contact("work", 0.7, "2024-10-10", "2024-10-20"),
            contact("school", 0.5, "2024-10-11", "2024-10-14"),
            parameter("beta", "2024-10-08", "2024-10-19", scaling_factor=0.9),
            parameter("sigma", "2024-10-15", "2024-10-15", override_value=0.0),
        ],
    )

    written = by_hand("SEIR")
    written.add_parameter(parameters_dict={"beta": 0.04, "sigma": 1 / 1.5})
    written.add_parameter("gamma", np.array([[0.3, 0.4, 1 / 3]]))
    written.add_parameter("protection", np.array([[0.0, 0.05, 0.2]]))
    written.add_transition("S", "E", "mediated", ("beta * (1 - protection)", "I"))
    written.add_transition("E", "I", "spontaneous", "sigma")
    written.add_transition("I", "R", "spontaneous", "gamma")
    for layer, first, last, factor in (
        ("school", "2024-10-05", "2024-10-12", 0.3),
        ("work", "2024-10-10", "2024-10-20", 0.7),
        ("school", "2024-10-11", "2024-10-14", 0.5),
    ):
        written.add_intervention(layer, first, end_of(last), reduction_factor=factor)
    written.override_parameter("2024-10-08", end_of("2024-10-19"), "beta", 0.04 * 0.9)
    written.override_parameter("2024-10-15", end_of("2024-10-15"), "sigma", 0.0)
    # 100 among 20,000, 60,000 and 20,001 of 100,001: 19.99..., 59.99... and 20.00...
    exposed, infectious = np.array([20, 60, 20]), np.array([3, 2, 1])
    recovered = np.array([2_000, 12_000, 5_000])
    initial = {
        "S": np.array(SIZES) - exposed - infectious - recovered,
        "E": exposed,
        "I": infectious,
        "R": recovered,
    }

    assert_equal(task(model), written, initial, dt=delta_t, resample_frequency="W-SAT")


def contact(layer, factor, first, last):
    return {
        "type": "contact_matrix",
        "contact_matrix_layer": layer,
        "scaling_factor": factor,
        "start_date": first,
        "end_date": last,
    }


def parameter(name, first, last, **action):
    window = {"start_date": first, "end_date": last}
    return {"type": "parameter", "target_parameter": name, **window, **action}


def test_a_rate_from_the_eigenvalue():
    model = sir(
        parameters={
            "R0": scalar(1.7),
            "mu": scalar(0.4),
            "beta": calculated("R0*mu/eigenvalue"),
        }
    )

    largest = max(abs(np.linalg.eigvals(sum(layers().values()))))
    written = sir_by_hand()
    # Models use the first 13 digits of the eigenvalue.
    written.add_parameter("beta", 1.7 * 0.4 / float(f"{largest:.12e}"))
    assert_equal(task(model), written, SIR_INITIAL)


def test_infection_by_several_compartments():
    terms = [
        {"rate": "beta", "source": ["I", "J"]},
        {"rate": "beta*r", "source": ["A"]},
    ]
    model = sir(
        compartments=compartments(S="default", I=[10, 20, 30], J=[9, 8, 7], A=[5, 0, 5], R=None),
        transitions=[
            transition("multi_mediated", "S", "I", mediators=terms),
            infection("S", "A", "I", "beta*r"),
            spontaneous("I", "J", 0.5),
            spontaneous("J", "R", "mu"),
            spontaneous("A", "R", "mu"),
        ],
        parameters={"beta": scalar(0.03), "mu": scalar(0.4), "r": scalar(0.5)},
    )

    written = by_hand("SIJAR")
    written.add_parameter(parameters_dict={"beta": 0.03, "mu": 0.4, "r": 0.5})
    written.add_transition("S", "I", "mediated", ("beta", "I"))
    written.add_transition("S", "I", "mediated", ("beta", "J"))
    written.add_transition("S", "I", "mediated", ("beta * r", "A"))
    written.add_transition("S", "A", "mediated", ("beta * r", "I"))
    written.add_transition("I", "J", "spontaneous", 0.5)
    written.add_transition("J", "R", "spontaneous", "mu")
    written.add_transition("A", "R", "spontaneous", "mu")
    started = {"I": [10, 20, 30], "J": [9, 8, 7], "A": [5, 0, 5], "R": [0, 0, 0]}
    initial = {name: np.array(counts) for name, counts in started.items()}
    initial["S"] = np.array(SIZES) - sum(initial.values())

    assert_equal(task(model), written, initial)


def test_vaccination():
    given = np.array([[100.0, 200.5, 300.0]] * 10 + [[0.0, 50.0, 25.0]] * 10)
    model = sir(
        compartments=compartments(S="default", I=[10, 20, 30], V=None, R=[0.1, 0.2, 0.25]),
        transitions=[
            infection("S", "I", "I", "beta"),
            transition("vaccination", "S", "V"),
            spontaneous("I", "R", "mu"),
        ],
        vaccination={
            "origin_compartment": "S",
            "eligible_compartments": ["S", "R"],
            "preprocessed_vaccination_data_path": "doses.csv",
        },
    )
    done = task(model, doses=DailyDoses(date(2024, 10, 4), given))

    schedule = np.zeros((31, 3))
    schedule[3:23] = given  # from 4 October
    written = by_hand("SIVR")
    written.add_parameter(parameters_dict={"beta": 0.03, "mu": 0.4})
    written.add_transition("S", "I", "mediated", ("beta", "I"))
    written.add_transition("S", "V", "scheduled", (schedule, ["S", "R"]))
    written.add_transition("I", "R", "spontaneous", "mu")
    started = {"I": [10, 20, 30], "V": [0, 0, 0], "R": [2_000, 12_000, 5_000]}
    initial = {name: np.array(counts) for name, counts in started.items()}
    initial["S"] = np.array(SIZES) - sum(initial.values())

    assert_equal(done, written, initial)


@pytest.mark.shared
def test_an_experiment_as_users_write_it_on_real_people(shared, tmp_path):
    settings = {
        "experiment": "sir_standalone",
        "experiments_root": str(shared),
        "population_data": str(shared / "data/populations"),
    }
    prepare_build(read_settings(settings), seed=7).write({0: tmp_path / "input.pkl"})
    result = strategies.run(pickling.read_input(tmp_path / "input.pkl"))
    (found,) = result.members

    bounds = ((0, 5), (5, 18), (18, 50), (50, 65), (65, 84))
    groups = [[str(age) for age in range(*each)] for each in bounds]
    groups[-1].append("84+")
    population = epydemix_population.load_epydemix_population(
        "United_States_Massachusetts",
        path_to_data=str(shared / "data/populations"),
        age_group_mapping=dict(zip(result.age_groups, groups, strict=True)),
    )
    largest = max(abs(np.linalg.eigvals(sum(population.contact_matrices.values()))))
    written = EpiModel(compartments=["S", "I", "R"])
    written.set_population(population)
    written.add_parameter("mu", 1 / 2.5)
    written.add_parameter("beta", 1.8 * (1 / 2.5) / float(f"{largest:.12e}"))
    written.add_transition("S", "I", "mediated", ("beta", "I"))
    written.add_transition("I", "R", "spontaneous", "mu")
    expected = written.run_simulations(
        start_date="2024-10-01",
        end_date="2025-03-31",
        initial_conditions_dict=found.initial,
        Nsim=50,
        resample_frequency="W-SAT",
        rng=generator(7, "simulate", "United_States_Massachusetts", 0),
    )

    assert np.sum(found.initial["I"]) == 200
    moved = found.transitions.unpack()
    for column, age in enumerate(result.age_groups):
        stacked = expected.get_stacked_transitions([f"S_to_I_{age}", f"I_to_R_{age}"])
        # The first week has five days, the last one two.
        assert (moved[:, :, 0, column] == stacked[f"S_to_I_{age}"][:, 1:-1]).all()
        assert (moved[:, :, 1, column] == stacked[f"I_to_R_{age}"][:, 1:-1]).all()
    assert moved.sum() > 0

"""Test people, days and size of doses, closures, seasons and interventions.

They are seen through the assembled model.
"""

from datetime import date, timedelta

import numpy as np
import pytest

from epyflow import engine
from epyflow.artifacts.task import DailyDoses
from epyflow.model.assembler import Assembler
from tests.building import (
    calculated,
    compartments,
    layers,
    member,
    one_age,
    people,
    scalar,
    sir,
    spontaneous,
    transition,
)

START = date(2024, 10, 1)


# --- doses ---------------------------------------------------------------------------------------


def vaccinating(eligible, inits, **changes):
    return sir(
        ages=("0+",),
        end="2024-10-20",
        compartments=compartments(**inits),
        transitions=[transition("vaccination", "S", "V"), spontaneous("V", "R", 0.0)],
        parameters={},
        vaccination={
            "origin_compartment": "S",
            "eligible_compartments": eligible,
            "preprocessed_vaccination_data_path": "doses.csv",
        },
        **changes,
    )


def vaccinated(model, population, doses, count=200):
    """Return the people vaccinated in each of ``count`` simulations."""
    run = engine.simulator(Assembler(model, population, doses, ()).build(member()))
    rng = np.random.default_rng(3)
    return np.array([run(rng).transitions[:, 0].sum() for _ in range(count)])


@pytest.mark.parametrize("delta_t", [1.0, 0.5, 0.2])
def test_doses_to_the_origin_alone_move_as_many_people(delta_t):
    size, given = 100_000, DailyDoses(START, np.full((10, 1), 500.0))
    model = vaccinating(["S"], {"S": "default", "V": None, "R": None}, delta_t=delta_t)

    moved = vaccinated(model, one_age(size), given)

    # d doses among n people are a rate of d/n: they reach n(1 - exp(-d/n)), some twice, which is
    # less than d by at most d²/2n. With 500 among 95,000 or more that is 1.4 doses a day.
    twice = 10 * 500**2 / (2 * 95_000)
    error = moved.std(ddof=1) / np.sqrt(len(moved))
    assert 5_000 - twice - 4 * error < moved.mean() < 5_000 + 4 * error


def test_doses_to_other_eligible_compartments_move_nobody():
    size, given = 100_000, DailyDoses(START, np.full((10, 1), 500.0))
    model = vaccinating(["S", "R"], {"S": "default", "V": None, "R": 0.4})

    moved = vaccinated(model, one_age(size), given)

    # 60% of those eligible are in S at first. Vaccination takes them out, so the share falls: to
    # 57,000 of 97,000 or so at the end.
    error = moved.std(ddof=1) / np.sqrt(len(moved))
    assert 5_000 * 57_000 / 97_000 - 4 * error < moved.mean() < 5_000 * 0.6 + 4 * error


def test_more_doses_than_people_move_no_more_than_there_are():
    given = DailyDoses(START, np.full((10, 1), 5_000.0))
    model = vaccinating(["S"], {"S": "default", "V": None, "R": None})

    assert vaccinated(model, one_age(700), given, count=20).max() <= 700


@pytest.mark.parametrize("delta_t", [1.0, 0.5, 0.2])
@pytest.mark.parametrize("start", [date(2024, 9, 28), date(2024, 10, 1), date(2024, 10, 16)])
def test_a_drawn_start_loses_no_dose(delta_t, start):
    doses = DailyDoses(date(2024, 10, 1), np.arange(1.0, 22.0).reshape(7, 3))
    model = sir(
        start="sampled",
        end="2024-11-30",
        delta_t=delta_t,
        compartments=compartments(S="default", I=0.01, V=None, R=None),
        transitions=[transition("vaccination", "S", "V"), spontaneous("I", "R", 0.4)],
        parameters={},
        vaccination={
            "origin_compartment": "S",
            "eligible_compartments": ["S", "R"],
            "preprocessed_vaccination_data_path": "doses.csv",
        },
    )

    built = Assembler(model, people(), doses, ()).build(member(start_date=start))

    # 1 + 4 + ... + 19, 2 + 5 + ... + 20, 3 + 6 + ... + 21
    laid_out = built.flows[0].values.sum(axis=0) * delta_t
    assert laid_out.tolist() == pytest.approx([70.0, 77.0, 84.0], rel=1e-12)


@pytest.mark.parametrize("delta_t", [1.0, 0.5, 0.2])
def test_the_last_day_has_all_of_its_doses(delta_t):
    # 500 a day on 20 days; the last of them is the last day of the simulation.
    doses = DailyDoses(START, np.full((20, 1), 500.0))
    model = vaccinating(["S"], {"S": "default", "V": None, "R": None}, delta_t=delta_t)

    built = Assembler(model, one_age(100_000), doses, ()).build(member())

    laid_out = built.flows[0].values[:, 0] * delta_t
    assert laid_out.sum() == pytest.approx(10_000, rel=1e-12)
    assert laid_out[-round(1 / delta_t) :].sum() == pytest.approx(500, rel=1e-12)


# --- contacts ------------------------------------------------------------------------------------


def matrix_by_day(built):
    """Return the contact matrices of each day; a day has one or several steps."""
    days = [step.astype("datetime64[D]").item() for step in built.dates]
    found = {day: [] for day in days}
    for day, which in zip(days, built.matrix_index, strict=True):
        found[day].append(built.matrices[which])
    return found


@pytest.mark.parametrize("delta_t", [1.0, 0.5])
@pytest.mark.parametrize("factor", [0.35, 0.0])
def test_closures_change_contacts_on_exactly_the_closure_days(delta_t, factor):
    closed = [date(2024, 10, 5), date(2024, 10, 6), date(2024, 10, 31), date(2025, 1, 1)]
    model = sir(
        delta_t=delta_t, interventions=[{"type": "school_closure", "scaling_factor": factor}]
    )

    built = Assembler(model, people(), None, closed).build(member())

    contacts = layers()
    open_schools = sum(contacts.values())
    closed_schools = open_schools - (1 - factor) * contacts["school"]
    by_day = matrix_by_day(built)
    assert len(by_day) == 31
    for day, matrices in by_day.items():
        expected = closed_schools if day in closed else open_schools
        assert all(np.allclose(matrix, expected, rtol=1e-14) for matrix in matrices), day
    assert len(built.matrices) == 2


def test_closures_without_the_intervention_change_nothing():
    built = Assembler(sir(), people(), None, [date(2024, 10, 5)]).build(member())

    assert len(built.matrices) == 1


def test_closure_days_follow_a_drawn_start():
    model = sir(start="sampled", interventions=[{"type": "school_closure", "scaling_factor": 0.35}])
    assembler = Assembler(model, people(), None, [date(2024, 10, 5)])

    for start in (date(2024, 10, 1), date(2024, 10, 4), date(2024, 10, 1)):
        built = assembler.build(member(start_date=start))
        closed = np.flatnonzero(built.matrix_index != built.matrix_index[0])
        assert closed.tolist() == [(date(2024, 10, 5) - start).days]


# --- order ---------------------------------------------------------------------------------------

# ½(1 - r)·sin(2π·t/365 + π/2) + ½(1 + r) is 1 on the day of the maximum.
SEASON = {
    "target_parameter": "beta",
    "method": "balcan",
    "seasonality_max_date": "2024-10-11",
    "seasonality_min_date": "2024-10-31",
    "max_value": 1.0,
    "min_value": 0.5,
}


def action(first, last, target="beta", **what):
    days = {"start_date": f"2024-10-{first:02}", "end_date": f"2024-10-{last:02}"}
    return {"type": "parameter", "target_parameter": target, **days, **what}


def rates(model, flow=0, **drawn):
    """Return the rate of a flow on each step, for the first age group."""
    built = Assembler(model, people(), None, ()).build(member(parameters=drawn))
    return built.flows[flow].values[:, 0]


def test_seasons_come_first_then_scalings_then_overrides():
    beta = rates(
        sir(
            seasonality=SEASON,
            interventions=[
                action(12, 14, override_value=0.07),
                action(11, 13, scaling_factor=0.5),
                action(31, 31, scaling_factor=3.0),
            ],
        )
    )

    assert beta[10] == 0.03 * 0.5  # 11 October: maximum, scaled
    assert beta[11:14].tolist() == [0.07] * 3  # overridden, scaled or not
    # A quarter of the period of 40 days before the maximum the sine is zero: ½(1 + 0.5).
    assert beta[0] == pytest.approx(0.03 * 0.75, rel=1e-15)
    assert beta[30] == pytest.approx(0.03 * 0.5 * 3.0, rel=1e-15)  # minimum, scaled


def test_scalings_multiply_and_the_last_override_wins():
    beta = rates(
        sir(
            interventions=[
                action(5, 10, scaling_factor=0.5),
                action(8, 12, scaling_factor=0.5),
                action(20, 22, override_value=0.2),
                action(22, 24, override_value=0.1),
            ]
        )
    )

    expected = np.full(31, 0.03)
    expected[4:12] = 0.015
    expected[7:10] = 0.0075
    expected[19:21] = 0.2
    expected[21:24] = 0.1
    assert beta.tolist() == expected.tolist()


@pytest.mark.parametrize("what", [{"scaling_factor": 0}, {"override_value": 0}])
def test_zero_stops_infection(what):
    model = sir(interventions=[action(10, 12, **what)])
    built = Assembler(model, people(), None, ()).build(member())

    infections = engine.simulate(built, np.random.default_rng(1)).transitions[:, 0].sum(axis=1)

    assert infections[9:12].tolist() == [0.0, 0.0, 0.0]
    assert (infections[:9] > 0).all()
    assert (infections[12:] > 0).all()


@pytest.mark.parametrize("what", [{"scaling_factor": 0.5}, {"override_value": 0.015}])
def test_both_dates_are_inside_with_several_steps_a_day(what):
    beta = rates(sir(delta_t=0.5, interventions=[action(10, 11, **what)]))

    assert np.flatnonzero(beta == 0.015).tolist() == [18, 19, 20, 21]


def test_contact_interventions_include_both_dates_with_several_steps_a_day():
    reduced = {
        "type": "contact_matrix",
        "contact_matrix_layer": "work",
        "scaling_factor": 0.0,
        "start_date": "2024-10-10",
        "end_date": "2024-10-11",
    }
    built = Assembler(sir(delta_t=0.5, interventions=[reduced]), people(), None, ()).build(member())

    contacts = layers()
    everything = sum(contacts.values())
    without_work = everything - contacts["work"]
    for day, matrices in matrix_by_day(built).items():
        inside = date(2024, 10, 10) <= day <= date(2024, 10, 11)
        for matrix in matrices:
            assert np.allclose(matrix, without_work if inside else everything, rtol=1e-14)


def test_what_acts_on_a_parameter_acts_on_those_calculated_from_it():
    model = sir(
        parameters={
            "R0": scalar(2.0),
            "mu": scalar(0.5),
            "beta": calculated("R0*mu/10"),
            "half": calculated("beta/2"),
        },
        transitions=[
            spontaneous("S", "I", "half"),
            spontaneous("I", "R", "mu"),
        ],
        interventions=[
            action(5, 6, "mu", scaling_factor=0.5),
            action(6, 7, "beta", override_value=0.04),
            action(9, 9, "half", scaling_factor=2),
        ],
    )

    half = rates(model)

    # As is; mu halved; beta set, twice; as is; half doubled.
    assert half[3:9] == pytest.approx([0.05, 0.025, 0.02, 0.02, 0.05, 0.1], rel=1e-15)
    assert rates(model, flow=1)[3:9].tolist() == [0.5, 0.25, 0.25, 0.5, 0.5, 0.5]


def test_a_drawn_seasonality_min_takes_the_place_of_min_value():
    parameters = {
        "beta": scalar(0.03),
        "mu": scalar(0.4),
        "seasonality_min": {"type": "sampled"},
    }

    beta = rates(sir(seasonality=SEASON, parameters=parameters), seasonality_min=0.2)

    assert beta[30] == pytest.approx(0.03 * 0.2, rel=1e-14)


def test_a_start_in_the_middle_of_a_window_changes_nothing_after_it():
    model = sir(
        start="sampled",
        seasonality=SEASON,
        interventions=[action(5, 15, scaling_factor=0.5)],
    )
    assembler = Assembler(model, people(), None, ())

    early = assembler.build(member(start_date=START)).flows[0].values
    late = assembler.build(member(start_date=START + timedelta(9))).flows[0].values

    assert (early[9:] == late).all()

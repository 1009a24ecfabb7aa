"""Projections under scenarios: paired, and different only where they differ."""

import logging
from dataclasses import replace
from datetime import date

import numpy as np

from epyflow import strategies
from epyflow.artifacts.task import DailyDoses
from tests.building import compartments, infection, spontaneous
from tests.calibrating import calibration_task, model, section

SMC = {"num_particles": 10, "num_generations": 2}
LATE = date(2024, 11, 2)

DISTANCING = {
    "type": "parameter",
    "target_parameter": "beta",
    "scaling_factor": 0.2,
    "start_date": "2024-11-03",
    "end_date": "2024-11-16",
}


def projected(*scenarios, **changes):
    projection = {"n_trajectories": 6, "scenarios": list(scenarios)}
    task = calibration_task(section("smc", SMC, projection=projection), **changes)
    return strategies.run(task).members


def test_each_scenario_is_projected_in_the_order_of_the_experiment():
    found = projected({"id": "as_now"}, {"id": "distancing", "interventions": [DISTANCING]})

    assert [member.scenario for member in found] == ["as_now", "distancing"]
    assert {member.primary_id for member in found} == {0}


def test_a_scenario_that_changes_nothing_is_the_projection_without_scenarios():
    (plain,) = projected()
    (named,) = projected({"id": "as_now"})

    assert plain.scenario is None
    assert replace(named, scenario=None) == plain


def test_the_trajectories_of_all_scenarios_are_counted_in_the_log(caplog):
    caplog.set_level(logging.INFO)

    projected()
    projected({"id": "as_now"}, {"id": "again"})

    said = [each.partition(",")[0] for each in caplog.messages if each.startswith("trajectory")]
    assert {"trajectory 6 of 6", "trajectory 12 of 12"} <= set(said)


def test_scenarios_are_paired_until_they_differ():
    as_now, distancing = projected(
        {"id": "as_now"}, {"id": "distancing", "interventions": [DISTANCING]}
    )
    before = np.array([day <= LATE for day in as_now.dates])
    ours, theirs = as_now.transitions.unpack(), distancing.transitions.unpack()

    assert (ours[:, before] == theirs[:, before]).all()
    infected = [each[:, ~before, 0].sum(axis=(1, 2)) for each in (ours, theirs)]
    assert (infected[1] < infected[0]).all()


def test_a_scenario_has_the_doses_that_are_its_own():
    vaccinated = model(
        compartments=compartments(S="default", I="calibrated", R=None, V=None),
        transitions=[
            infection("S", "I", "I", "beta"),
            spontaneous("I", "R", "mu"),
            {"type": "vaccination", "source": "S", "target": "V"},
        ],
        vaccination={
            "preprocessed_vaccination_data_path": "doses.csv",
            "origin_compartment": "S",
            "eligible_compartments": ["S"],
        },
    )
    none, some = (DailyDoses(LATE, np.full((14, 2), doses)) for doses in (0.0, 50.0))

    as_now, more = projected(
        {"id": "as_now"},
        {"id": "more"},
        written=vaccinated,
        doses=none,
        scenario_doses={"more": some},
    )

    protected = [each.compartments.unpack()[:, -1, 3].sum(axis=1) for each in (as_now, more)]
    assert (protected[0] == 0).all()
    assert (protected[1] > 0).all()

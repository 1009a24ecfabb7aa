import tracemalloc
from datetime import date
from itertools import pairwise

import pytest

from epyflow.errors import EpyflowError
from epyflow.experiment.format.model import Model
from epyflow.inputs.fan_out import (
    SECONDS_PER_TASK,
    PlannedTask,
    first_day,
    plan,
    seconds_per_simulation,
    strategy_of,
)
from epyflow.population.locations import find
from tests.building import compartments, experiment, scalar, sir

UNIFORM = {"type": "scipy", "name": "uniform", "args": [0, 1]}
SAMPLED = {"type": "sampled"}

# 3 grid points × 4 draws in each population.
TWELVE = {
    "samplers": [
        {"strategy": "grid", "parameters": ["mu"]},
        {"strategy": "LHS", "n_samples": 4, "parameters": ["beta"]},
    ],
    "parameters": {"mu": {"values": [0.2, 0.3, 0.4]}, "beta": {"distribution": UNIFORM}},
}
SAMPLED_SIR = {"parameters": {"beta": SAMPLED, "mu": SAMPLED}}


def twelve(populations=("US-MA", "US-NY"), **changes):
    return experiment(sir(**{**SAMPLED_SIR, **changes}), TWELVE, populations)


def draws(count, **changes):
    sampling = {
        "samplers": [{"strategy": "montecarlo", "n_samples": count, "parameters": ["beta"]}],
        "parameters": {"beta": {"distribution": UNIFORM}},
    }
    model = sir(parameters={"beta": SAMPLED, "mu": scalar(0.4)}, **changes)
    return experiment(model, sampling)


# --- counts --------------------------------------------------------------------------------------


def test_a_basemodel_alone_is_one_task_of_one_member():
    planned = plan(experiment(sir(n_sims=50)))

    massachusetts = find("US-MA")
    assert list(planned.tasks()) == [PlannedTask(0, massachusetts, 0, 1, 0)]
    assert planned.strategy == "simulate"
    assert (planned.task_count, planned.member_count, planned.simulation_count) == (1, 1, 50)


def test_members_are_grid_points_times_draws_in_every_population():
    planned = plan(twelve(n_sims=5))

    assert planned.members_per_population == 12
    assert planned.member_count == 24
    assert planned.simulation_count == 120


def test_a_grid_of_several_parameters_has_every_combination():
    sampling = {
        "samplers": [{"strategy": "grid", "parameters": ["mu", "beta"]}],
        "parameters": {"mu": {"values": [0.2, 0.3]}, "beta": {"values": [1, 2, 3]}},
    }

    assert plan(experiment(sir(**SAMPLED_SIR), sampling)).members_per_population == 6


# --- packing -------------------------------------------------------------------------------------


def test_members_are_packed_in_order_and_no_task_crosses_populations():
    planned = plan(twelve(), members_per_task=5)

    massachusetts, new_york = find("US-MA"), find("US-NY")
    assert list(planned.tasks()) == [
        PlannedTask(0, massachusetts, 0, 5, 0),
        PlannedTask(1, massachusetts, 5, 5, 5),
        PlannedTask(2, massachusetts, 10, 2, 10),
        PlannedTask(3, new_york, 0, 5, 12),
        PlannedTask(4, new_york, 5, 5, 17),
        PlannedTask(5, new_york, 10, 2, 22),
    ]


@pytest.mark.parametrize("size", [1, 2, 5, 6, 11, 12, 13, 1000])
def test_every_member_is_in_exactly_one_task(size):
    tasks = list(plan(twelve(), members_per_task=size).tasks())

    held = [task.primary_id + k for task in tasks for k in range(task.members)]
    assert held == list(range(24))
    assert [task.index for task in tasks] == list(range(len(tasks)))
    assert max(task.members for task in tasks) == min(size, 12)


def test_a_member_keeps_its_number_in_its_population_however_it_is_packed():
    for size in (1, 5, 12):
        for task in plan(twelve(), members_per_task=size).tasks():
            first_of_population = 0 if task.population == find("US-MA") else 12
            assert task.primary_id - task.first == first_of_population


def test_a_population_added_at_the_end_leaves_earlier_tasks_as_they_were():
    before = list(plan(twelve(), members_per_task=5).tasks())
    after = list(plan(twelve(("US-MA", "US-NY", "US-VT")), members_per_task=5).tasks())

    assert after[:6] == before
    assert [task.population.iso for task in after[6:]] == ["US-VT"] * 3


def test_tasks_are_as_long_as_they_are_meant_to_be():
    planned = plan(draws(100_000, n_sims=10))

    member = planned.simulations_per_member * planned.seconds_per_simulation
    assert planned.members_per_task * member <= SECONDS_PER_TASK
    assert (planned.members_per_task + 1) * member > SECONDS_PER_TASK


def test_a_member_longer_than_a_task_is_a_task_of_its_own():
    assert plan(draws(3, n_sims=1_000_000)).members_per_task == 1


@pytest.mark.parametrize("size", [0, -3])
def test_a_task_without_members_is_refused(size):
    with pytest.raises(EpyflowError, match=f"members_per_task is {size}; expected 1 or more"):
        plan(twelve(), members_per_task=size)


def test_an_hundred_thousand_members_are_planned_without_listing_them():
    large = draws(100_000)

    tracemalloc.start()
    planned = plan(large, members_per_task=7)
    last = None
    for before, after in pairwise(planned.tasks()):
        assert after.primary_id == before.primary_id + 7
        last = after
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    # 14,285 tasks of 7, and 100,000 - 99,995.
    assert planned.task_count == 14_286
    assert last == PlannedTask(14_285, find("US-MA"), 99_995, 5, 99_995)
    assert peak < 50e6


# --- what decides the estimate -------------------------------------------------------------------


def test_the_estimate_grows_with_steps_and_compartments_that_people_leave():
    start = date(2024, 10, 1)
    # 31 days; S and I are left; 3 age groups: 2 · 10 µs + 6 · 4 µs a step.
    assert seconds_per_simulation(sir(), start) == pytest.approx(31 * 44e-6)
    assert seconds_per_simulation(sir(delta_t=0.5), start) == pytest.approx(62 * 44e-6)
    assert seconds_per_simulation(sir(end="2024-10-01"), start) == pytest.approx(44e-6)


def test_cpu_seconds_are_those_of_all_simulations():
    planned = plan(twelve(n_sims=5))

    assert planned.cpu_seconds == pytest.approx(120 * 31 * 44e-6)


def test_a_drawn_start_counts_from_its_reference_date():
    start = {"reference_date": "2024-09-15", "distribution": UNIFORM}
    sampling = {
        "samplers": [{"strategy": "LHS", "n_samples": 2, "parameters": ["start_date"]}],
        "start_date": start,
    }
    sampled = experiment(sir(start="sampled"), sampling)

    assert first_day(sampled) == date(2024, 9, 15)
    assert first_day(experiment()) == date(2024, 10, 1)


def test_a_drawn_start_that_nothing_draws_is_refused():
    with pytest.raises(EpyflowError, match="start_date is sampled, but the modelset does not"):
        first_day(experiment(sir(start="sampled")))


# --- calibration ---------------------------------------------------------------------------------


def calibrating(name, options, **projection):
    calibration = {
        "strategy": {"name": name, "options": options},
        "observed_data_path": "observed.csv",
        "comparison": [
            {
                "observed_value_column": "value",
                "observed_date_column": "date",
                "simulation": ["S_to_I_total"],
            }
        ],
        "fitting_window": {"start_date": "2024-10-05", "end_date": "2024-10-26"},
        "parameters": {"beta": {"prior": UNIFORM}},
        **({"projection": projection} if projection else {}),
    }
    model: Model = sir(parameters={"beta": {"type": "calibrated"}, "mu": scalar(0.4)})
    return experiment(model, populations=("US-MA", "US-NY"), calibration=calibration)


@pytest.mark.parametrize(
    ("name", "strategy", "options", "simulations"),
    [
        ("SMC", "smc", {"num_particles": 20, "num_generations": 3}, 60),
        ("rejection", "rejection", {"num_particles": 20, "epsilon": 1.0}, 20),
        ("top_fraction", "top_fraction", {"Nsim": 200, "top_fraction": 0.1}, 200),
    ],
)
def test_a_calibration_is_one_task_per_population(name, strategy, options, simulations):
    calibration = calibrating(name, options)
    planned = plan(calibration, members_per_task=50)

    assert planned.strategy == strategy == strategy_of(calibration.modelset)
    assert [task.members for task in planned.tasks()] == [1, 1]
    assert planned.simulations_per_member == simulations
    with_projection = calibrating(name, options, n_trajectories=100)
    assert plan(with_projection).simulations_per_member == simulations + 100


def test_nothing_of_the_model_but_time_people_and_transitions_matters():
    other = sir(compartments=compartments(S="default", I=7, R=[1, 2, 3]))

    assert plan(experiment(other)) == plan(experiment(sir()))

import numpy as np
import pandas as pd
import pytest
from epydemix.model.simulation_output import Trajectory
from epydemix.model.simulation_results import SimulationResults

from epyflow.artifacts.task import NOT_STARTED
from epyflow.tables import quantiles, series
from tests.unit import factories
from tests.unit.tables.reading import spec, table

# Three simulations, two Saturdays, compartments S and I, two age groups.
PERSONS = [
    [[[10, 20], [1, 2]], [[9, 18], [2, 4]]],
    [[[12, 24], [3, 2]], [[11, 16], [4, 8]]],
    [[[20, 40], [5, 5]], [[19, 10], [6, 0]]],
]


def one_result(**changes):
    return factories.result([factories.member_result(compartments=PERSONS)], **changes)


def test_the_columns_are_keys_then_series_then_location(tmp_path):
    lines = table("quantiles_compartments", tmp_path, [one_result()], spec())

    assert lines[0] == (
        "primary_id,seed,population,date,quantile,"
        "S_0-17,S_18+,S_total,I_0-17,I_18+,I_total,location"
    )


def test_the_median_is_the_middle_simulation(tmp_path):
    lines = table("quantiles_compartments", tmp_path, [one_result()], spec())

    # I_total by simulation: 3, 5, 10 and 6, 12, 6.
    assert lines[1:] == [
        "0,7,United_States_Massachusetts,2025-01-04,0.5,12.0,24.0,36.0,3.0,2.0,5.0,US-MA",
        "0,7,United_States_Massachusetts,2025-01-11,0.5,11.0,16.0,27.0,4.0,4.0,6.0,US-MA",
    ]


def test_between_simulations_a_quantile_is_interpolated_linearly(tmp_path):
    lines = table(
        "quantiles_compartments", tmp_path, [one_result()], spec((0.025, 0.75), ("S_0-17",))
    )

    # 10, 12, 20 and 9, 11, 19: a twentieth of the way from the first to the second, and half of
    # the way from the second to the third.
    assert [line.split(",")[3:6] for line in lines[1:]] == [
        ["2025-01-04", "0.025", "10.1"],
        ["2025-01-11", "0.025", "9.1"],
        ["2025-01-04", "0.75", "16.0"],
        ["2025-01-11", "0.75", "15.0"],
    ]


def test_a_total_is_the_quantile_of_the_sum_not_the_sum_of_quantiles(tmp_path):
    persons = [[[[0, 4], [0, 0]]], [[[2, 2], [0, 0]]], [[[4, 0], [0, 0]]]]
    result = factories.result([factories.member_result(compartments=persons)])

    lines = table(
        "quantiles_compartments", tmp_path, [result], spec((1.0,), ("S_0-17", "S_18+", "S_total"))
    )

    assert lines[1].endswith("1.0,4.0,4.0,4.0,US-MA")


def test_series_come_in_the_order_asked_for(tmp_path):
    wanted = spec(series=("I_total", "S_18+"))

    lines = table("quantiles_compartments", tmp_path, [one_result()], wanted)

    assert lines[0] == "primary_id,seed,population,date,quantile,I_total,S_18+,location"
    assert lines[1].endswith(",5.0,24.0,US-MA")


def test_transitions_have_their_own_table(tmp_path):
    moves = [[[[1, 2]]], [[[3, 4]]], [[[5, 0]]]]
    member = factories.member_result(compartments=np.zeros((3, 1, 2, 2)), transitions=moves)

    lines = table("quantiles_transitions", tmp_path, [factories.result([member])], spec())

    assert lines[0].endswith("quantile,S_to_I_0-17,S_to_I_18+,S_to_I_total,location")
    assert lines[1].endswith("2025-01-04,0.5,3.0,2.0,5.0,US-MA")


def test_members_come_in_the_order_of_the_results(tmp_path):
    def result(*numbers):
        return factories.result(
            [factories.member_result(number, compartments=PERSONS) for number in numbers]
        )

    lines = table("quantiles_compartments", tmp_path, [result(4, 2), result(3)], spec())

    assert [line.split(",")[0] for line in lines[1:]] == ["4", "4", "2", "2", "3", "3"]


def test_failed_tasks_have_no_rows(tmp_path):
    results = [factories.failure(), one_result(), factories.failure()]

    assert len(table("quantiles_compartments", tmp_path, results, spec())) == 3


def test_a_place_without_a_code_has_an_empty_location(tmp_path):
    lines = table("quantiles_compartments", tmp_path, [one_result(location=None)], spec())

    assert lines[1].endswith(",5.0,")


def test_quantiles_are_bit_for_bit_those_of_epydemix(tmp_path):
    levels = (0.01, 0.025, 0.3, 0.5, 0.7, 0.975)
    persons = np.random.default_rng(1).poisson(1000, (37, 5, 2, 2))
    result = factories.result([factories.member_result(compartments=persons)])
    names = [f"{name}_{group}" for name in ("S", "I") for group in ("0-17", "18+")]
    trajectories = [
        Trajectory(
            dict(zip(names, one.reshape(5, 4).T.astype(float), strict=True)),
            {},
            list(factories.weeks(5)),
            {},
            {},
            {},
        )
        for one in persons
    ]
    expected = SimulationResults(trajectories, {}).get_quantiles_compartments(list(levels))

    (found,) = quantiles.chunks("compartments", result, spec(levels, tuple(names)))

    pd.testing.assert_frame_equal(
        found[["quantile", *names]], expected[["quantile", *names]], check_exact=True
    )
    assert found["date"].tolist() == [day.isoformat() for day in expected["date"]]


def test_working_in_blocks_changes_nothing(monkeypatch):
    persons = np.random.default_rng(1).poisson(1000, (7, 9, 2, 2))
    member = factories.member_result(compartments=persons)
    selection = series.select("compartments", factories.result([member]), None)
    whole, _ = quantiles.member_quantiles(selection, member, (0.1, 0.5))

    monkeypatch.setattr(quantiles, "BLOCK", 100)

    assert np.array_equal(quantiles.member_quantiles(selection, member, (0.1, 0.5))[0], whole)


def test_sums_over_ages_do_not_overflow_the_small_integers_they_are_stored_in(tmp_path):
    persons = [[[[30_000, 30_000], [0, 0]]]]
    member = factories.member_result(compartments=persons)
    assert member.compartments.dtype == "<i2"

    lines = table(
        "quantiles_compartments", tmp_path, [factories.result([member])], spec(series=("S_total",))
    )

    assert lines[1].endswith(",60000.0,US-MA")


def test_a_simulation_counts_from_its_start(tmp_path):
    none = [[NOT_STARTED, NOT_STARTED], [NOT_STARTED, NOT_STARTED]]
    persons = [
        [none, none, [[9, 18], [2, 4]]],
        [none, [[12, 24], [3, 2]], [[11, 16], [4, 8]]],
    ]
    result = factories.result([factories.member_result(compartments=persons)])

    lines = table("quantiles_compartments", tmp_path, [result], spec((0.25, 0.5), ("S_total",)))

    # The first date has no simulation, the second one (36), the third both (27 and 27).
    assert [line.split(",")[3:6] for line in lines[1:]] == [
        ["2025-01-11", "0.25", "36.0"],
        ["2025-01-18", "0.25", "27.0"],
        ["2025-01-11", "0.5", "36.0"],
        ["2025-01-18", "0.5", "27.0"],
    ]


@pytest.mark.parametrize("level", [0.1 + 0.2, 1 / 3])
def test_floats_read_back_as_they_were(tmp_path, level):
    lines = table("quantiles_compartments", tmp_path, [one_result()], spec((level,), ("S_total",)))

    assert float(lines[1].split(",")[4]) == level


def test_a_projection_under_scenarios_has_rows_for_each_and_says_which(tmp_path):
    members = [
        factories.member_result(compartments=PERSONS, scenario=name) for name in ("few", "many")
    ]
    lines = table(
        "quantiles_compartments", tmp_path, [factories.result(members)], spec((0.5,), ("S_0-17",))
    )

    assert lines == [
        "primary_id,scenario,seed,population,date,quantile,S_0-17,location",
        "0,few,7,United_States_Massachusetts,2025-01-04,0.5,12.0,US-MA",
        "0,few,7,United_States_Massachusetts,2025-01-11,0.5,11.0,US-MA",
        "0,many,7,United_States_Massachusetts,2025-01-04,0.5,12.0,US-MA",
        "0,many,7,United_States_Massachusetts,2025-01-11,0.5,11.0,US-MA",
    ]

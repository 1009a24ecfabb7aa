from dataclasses import replace

import numpy as np
import pytest

from epyflow.artifacts.task import NOT_STARTED, PackedArray
from epyflow.errors import EpyflowError
from tests.unit import factories
from tests.unit.tables.reading import spec, table

PLACE = "0,7,United_States_Massachusetts"
# Three trajectories, one Saturday, S -> I and I -> R, two age groups.
MOVES = [[[[0, 4], [9, 1]]], [[[2, 2], [0, 2]]], [[[4, 0], [0, 3]]]]
COLUMNS = "primary_id,seed,population,date,quantile"


def projected(comparisons, moves=MOVES):
    persons = np.zeros((len(moves), len(moves[0]), 2, 2))
    member = factories.member_result(compartments=persons, transitions=moves)
    fit = factories.fit(comparisons=comparisons, projected_generation=1)
    return factories.calibration([member], fit=fit, transitions=("S_to_I", "I_to_R"))


def quantiles(folder, *results, levels=(0.5,)):
    return table("quantiles_projection_comparison", folder, results, spec(levels))


def test_a_comparison_is_summed_in_each_trajectory(tmp_path):
    lines = quantiles(tmp_path, projected(("S_to_I_0-17+I_to_R_18+",)), levels=(0.5, 1.0))

    # 0 + 1, 2 + 2 and 4 + 3; the sum of the medians would be 2 + 2, of the maxima 4 + 3.
    assert lines == [
        f"{COLUMNS},S_to_I_0-17+I_to_R_18+,location",
        f"{PLACE},2025-01-04,0.5,4.0,US-MA",
        f"{PLACE},2025-01-04,1.0,7.0,US-MA",
    ]


def test_a_quantile_of_the_sum_is_not_the_sum_of_quantiles(tmp_path):
    lines = quantiles(tmp_path, projected(("S_to_I_0-17+S_to_I_18+",)), levels=(1.0,))

    # Always 4 in all, though either age group reaches 4.
    assert lines[1].split(",")[5] == "4.0"


def test_the_plus_of_an_open_age_group_is_not_that_of_a_sum(tmp_path):
    lines = quantiles(tmp_path, projected(("S_to_I_18++I_to_R_18+", "S_to_I_total")))

    # 5, 4, 3 and 4, 4, 4.
    assert lines[0] == f"{COLUMNS},S_to_I_18++I_to_R_18+,S_to_I_total,location"
    assert lines[1].split(",")[5:7] == ["4.0", "4.0"]


def test_comparisons_with_units_are_what_would_be_reported_of_each(tmp_path):
    result = projected(("S_to_I_total", "I_to_R_total"))
    reported = np.array([[[[0.5], [10.0]]], [[[1.5], [30.0]]], [[[2.5], [20.0]]]])
    member = replace(result.members[0], reported=PackedArray.pack(reported))
    fit = replace(result.fit, units=("percent of visits", "count"))

    lines = quantiles(tmp_path, replace(result, members=(member,), fit=fit))

    assert lines[1].split(",")[5:7] == ["1.5", "20.0"]


def test_before_its_start_a_trajectory_is_missing(tmp_path):
    none = [[NOT_STARTED, NOT_STARTED], [NOT_STARTED, NOT_STARTED]]
    moves = [[none, none, [[1, 1], [0, 0]]], [none, [[3, 3], [0, 0]], [[2, 2], [0, 0]]]]

    lines = quantiles(tmp_path, projected(("S_to_I_total",), moves))

    assert [line.split(",")[3:6] for line in lines[1:]] == [
        ["2025-01-11", "0.5", "6.0"],
        ["2025-01-18", "0.5", "3.0"],
    ]


def test_without_a_projection_there_are_the_columns_alone(tmp_path):
    lines = quantiles(tmp_path, factories.calibration())

    assert lines == [f"{COLUMNS},S_to_I_total,location"]


def test_a_comparison_of_what_the_model_does_not_have_is_refused(tmp_path):
    with pytest.raises(EpyflowError, match="'S_to_R_total' is not among the transitions"):
        quantiles(tmp_path, projected(("S_to_R_total",)))

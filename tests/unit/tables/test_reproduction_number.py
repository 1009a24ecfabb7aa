import pytest

from epyflow.artifacts.task import NOT_STARTED
from epyflow.errors import EpyflowError
from tests.unit import factories
from tests.unit.tables.reading import spec, table

NAME = "effective_reproduction_number"
PERSONS = [[[[10, 20], [1, 2]]] * 2] * 3
PLACE = "7,United_States_Massachusetts"


def member(numbers, **changes):
    return factories.member_result(compartments=PERSONS, reproduction=numbers, **changes)


def quantiles(folder, *members, levels=(0.5,)):
    return table(NAME, folder, [factories.result(members)], spec(levels))


def test_quantiles_are_over_the_trajectories(tmp_path):
    lines = quantiles(
        tmp_path, member([[10_000, 9_000], [12_345, 9_001], [20_000, 9_500]]), levels=(0.25, 0.5)
    )

    assert lines == [
        f"primary_id,seed,population,date,quantile,{NAME},location",
        f"0,{PLACE},2025-01-04,0.25,1.11725,US-MA",
        f"0,{PLACE},2025-01-11,0.25,0.90005,US-MA",
        f"0,{PLACE},2025-01-04,0.5,1.2345,US-MA",
        f"0,{PLACE},2025-01-11,0.5,0.9001,US-MA",
    ]


def test_a_trajectory_without_a_number_is_left_out_and_a_date_without_any_has_no_row(tmp_path):
    none = NOT_STARTED
    lines = quantiles(tmp_path, member([[none, 9_000], [none, none], [none, 11_000]]))

    assert lines[1:] == [f"0,{PLACE},2025-01-11,0.5,1.0,US-MA"]


def test_scenarios_are_told_apart(tmp_path):
    lines = quantiles(tmp_path, *(member([[9_000, 9_000]] * 3, scenario=name) for name in "ab"))

    assert lines[0].startswith("primary_id,scenario,seed")
    assert [line.split(",")[1] for line in lines[1:]] == ["a", "a", "b", "b"]


@pytest.mark.parametrize(
    "result", [factories.calibration(), factories.result([member(None)])], ids=["fit", "model"]
)
def test_results_without_numbers_give_no_table_but_the_reason(tmp_path, result):
    with pytest.raises(EpyflowError, match=f"{NAME}: the results hold no reproduction numbers"):
        table(NAME, tmp_path, [result], spec())

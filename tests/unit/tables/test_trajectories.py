import numpy as np

from epyflow.artifacts.task import NOT_STARTED
from epyflow.tables import frames, trajectories
from tests.unit import factories
from tests.unit.tables.reading import spec, table

# Two simulations, two Saturdays, compartments S and I, two age groups.
PERSONS = [
    [[[10, 20], [1, 2]], [[9, 18], [2, 4]]],
    [[[12, 24], [3, 2]], [[11, 16], [4, 8]]],
]


def test_every_simulation_has_a_row_per_date(tmp_path):
    result = factories.result([factories.member_result(5, compartments=PERSONS)])

    lines = table(
        "trajectories_compartments", tmp_path, [result], spec(series=("S_18+", "I_total"))
    )

    assert lines == [
        "primary_id,sim_id,seed,population,date,S_18+,I_total,location",
        "5,0,7,United_States_Massachusetts,2025-01-04,20,3,US-MA",
        "5,0,7,United_States_Massachusetts,2025-01-11,18,6,US-MA",
        "5,1,7,United_States_Massachusetts,2025-01-04,24,5,US-MA",
        "5,1,7,United_States_Massachusetts,2025-01-11,16,12,US-MA",
    ]


def test_all_series_are_age_groups_then_the_total_of_each(tmp_path):
    result = factories.result([factories.member_result(compartments=PERSONS)])

    lines = table("trajectories_compartments", tmp_path, [result], spec())

    assert lines[0].split(",")[5:-1] == ["S_0-17", "S_18+", "S_total", "I_0-17", "I_18+", "I_total"]
    assert lines[1].split(",")[5:-1] == ["10", "20", "30", "1", "2", "3"]


def test_transitions_have_their_own_table(tmp_path):
    member = factories.member_result(compartments=[[[[0, 0], [0, 0]]]], transitions=[[[[4, 5]]]])

    lines = table("trajectories_transitions", tmp_path, [factories.result([member])], spec())

    assert lines[0].endswith(",date,S_to_I_0-17,S_to_I_18+,S_to_I_total,location")
    assert lines[1].endswith(",2025-01-04,4,5,9,US-MA")


def test_simulations_are_counted_anew_for_each_member(tmp_path):
    members = [factories.member_result(number, compartments=PERSONS) for number in (0, 1)]

    lines = table("trajectories_compartments", tmp_path, [factories.result(members)], spec())

    ids = [line.split(",")[:2] for line in lines[1::2]]
    assert ids == [["0", "0"], ["0", "1"], ["1", "0"], ["1", "1"]]


def test_failed_tasks_have_no_rows(tmp_path):
    result = factories.result([factories.member_result(compartments=PERSONS)])

    lines = table("trajectories_compartments", tmp_path, [factories.failure(), result], spec())

    assert len(lines) == 5


def test_working_in_blocks_changes_nothing(tmp_path, monkeypatch):
    persons = np.arange(5 * 2 * 2 * 2).reshape(5, 2, 2, 2)
    members = [factories.member_result(number, compartments=persons) for number in (0, 1)]
    result = factories.result(members)
    whole = table("trajectories_compartments", tmp_path, [result], spec())

    # Two simulations of two dates and six series at a time.
    monkeypatch.setattr(trajectories, "BLOCK", 24)
    monkeypatch.setattr(frames, "BLOCK", 24)
    pieces = list(trajectories.chunks("compartments", result, spec()))

    # The last simulation of the first member is joined by the first two of the second.
    assert [len(piece) for piece in pieces] == [4, 4, 2 + 4, 4, 2]
    assert table("trajectories_compartments", tmp_path, [result], spec()) == whole


def test_fractions_of_persons_are_kept(tmp_path):
    result = factories.result([factories.member_result(compartments=[[[[0.1, 0.25], [0, 0]]]])])

    lines = table("trajectories_compartments", tmp_path, [result], spec(series=("S_total",)))

    assert lines[1].endswith(",0.35,US-MA")


def test_a_simulation_has_no_rows_before_its_start(tmp_path):
    none = [[NOT_STARTED, NOT_STARTED], [NOT_STARTED, NOT_STARTED]]
    persons = [[none, [[9, 18], [2, 4]]], [[[12, 24], [3, 2]], [[11, 16], [4, 8]]]]
    result = factories.result([factories.member_result(compartments=persons)])

    lines = table("trajectories_compartments", tmp_path, [result], spec(series=("S_total",)))

    assert [line.split(",")[1:2] + line.split(",")[4:6] for line in lines[1:]] == [
        ["0", "2025-01-11", "27"],
        ["1", "2025-01-04", "36"],
        ["1", "2025-01-11", "27"],
    ]


def test_a_projection_under_scenarios_has_rows_for_each_and_says_which(tmp_path):
    members = [
        factories.member_result(compartments=[[[[1, 2], [3, 4]]]], scenario=name)
        for name in ("few", "many")
    ]
    lines = table(
        "trajectories_compartments",
        tmp_path,
        [factories.result(members)],
        spec(series=("S_0-17",)),
    )

    assert lines == [
        "primary_id,scenario,sim_id,seed,population,date,S_0-17,location",
        "0,few,0,7,United_States_Massachusetts,2025-01-04,1,US-MA",
        "0,many,0,7,United_States_Massachusetts,2025-01-04,1,US-MA",
    ]

import json
import os

import pytest
from tests.unit.operations.runs.made_up import FAILED_LOG, RUNNING_LOG, MadeUp

from epyflow.errors import EpyflowError
from epyflow.operations.runs.run_list import Run, find_runs, open_storage
from epyflow.storage.disk import Disk


def found(made_up: MadeUp, *arguments: str, **options: bool) -> list[Run]:
    return find_runs(Disk(made_up.root), *arguments, **options)


def folders(runs: list[Run]) -> list[str]:
    return [run.folder for run in runs]


def counts(run: Run) -> tuple[int, int, int, int]:
    return run.tasks, run.done, run.failed, run.missing


def test_runs_are_listed_newest_first_nested_experiments_too(made_up):
    for folder in ("flu/main", "us/flu/week-1", "us/flu/week-2", "covid/main"):
        made_up.finished(folder)
    made_up.write("results/flu/main/figures/fan_chart/compartments/a.svg")

    assert folders(found(made_up)) == ["flu/main", "covid/main", "us/flu/week-2", "us/flu/week-1"]
    assert [run.exp_id for run in found(made_up, latest=True)] == ["flu", "covid", "us/flu"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("flu", ["flu/main"]),
        ("us/*", ["us/flu/main", "us/covid/main"]),
        ("*flu", ["us/flu/main", "flu/main"]),
        ("us/flu", ["us/flu/main"]),
        ("us", []),
        ("fl[aeiou]", ["flu/main"]),
    ],
)
def test_a_glob_is_for_the_whole_id_of_the_experiment(made_up, pattern, expected):
    for folder in ("flu/main", "us/covid/main", "us/flu/main"):
        made_up.finished(folder)

    assert folders(found(made_up, pattern)) == expected


def test_a_run_under_way_is_told_from_its_inputs_results_and_logs(made_up):
    made_up.tasks("flu/main", count=5, done=(0, 3))
    made_up.write("logs/flu/main/run_task/00001.log", FAILED_LOG)
    made_up.write("logs/flu/main/run_task/00002.log", RUNNING_LOG)
    made_up.write("logs/flu/main/run_task/00003.log", FAILED_LOG)  # and then worked

    (run,) = found(made_up)

    assert counts(run) == (5, 2, 1, 2)
    assert not run.complete


def test_a_finished_run_is_what_its_record_says(made_up):
    made_up.tasks("flu/main", count=4, done=(1, 2, 3))
    made_up.tables("flu/main", tasks=4, failed=1)
    made_up.finished("covid/main")

    complete, partial = found(made_up)

    assert (counts(complete), complete.complete) == ((2, 2, 0, 0), True)
    assert (counts(partial), partial.complete) == ((4, 3, 1, 0), False)


def test_a_record_older_than_a_task_no_longer_counts(made_up):
    made_up.finished("flu/main", tasks=2)
    made_up.tasks("flu/main", count=3, done=())

    (run,) = found(made_up)

    assert (counts(run), run.complete) == ((3, 2, 0, 1), False)


def test_tables_without_artifacts_are_a_complete_run(made_up):
    made_up.tables("flu/main", tasks=7)

    assert counts(found(made_up)[0]) == (7, 7, 0, 0)


def test_a_damaged_record_hides_neither_its_run_nor_the_others(made_up):
    made_up.finished("covid/main")
    made_up.finished("flu/main")
    made_up.write("results/flu/main/outputs/run_metadata.json", '{"exp_id": "fl')

    assert [(run.exp_id, run.complete) for run in found(made_up)] == [
        ("flu", False),
        ("covid", True),
    ]


@pytest.mark.parametrize(
    ("exp_id", "run_id"), [("us", "flu/main"), ("us/flu/main", ""), ("", "us/flu/main")]
)
def test_a_record_cannot_move_its_run_to_another_experiment(made_up, exp_id, run_id):
    made_up.finished("us/flu/main", tasks=2)
    record = {"exp_id": exp_id, "run_id": run_id, "counts": {"tasks": 2, "failed": 0}}
    made_up.write("results/us/flu/main/outputs/run_metadata.json", json.dumps(record))

    assert [(run.exp_id, run.run_id) for run in found(made_up)] == [("us/flu", "main")]


@pytest.mark.parametrize("recorded", ["us/flu/2030-01-05", "us/flu", None])
def test_a_run_named_by_a_date_is_one_before_it_has_a_record_too(made_up, recorded):
    made_up.tasks("us/flu/2030-01-05", count=2, done=(0,))
    if recorded is not None:
        made_up.planned(recorded, {})

    (run,) = found(made_up)

    is_run = recorded == "us/flu/2030-01-05"
    expected = ("us/flu", "2030-01-05") if is_run else ("us", "flu")
    assert (run.exp_id, run.run_id) == expected
    assert counts(run) == (2, 1, 0, 1)


@pytest.mark.parametrize(
    ("run_id", "expected"),
    [("2030-01-05", ("us/flu", "2030-01-05")), ("flu/2030-01-05", ("us", "flu"))],
)
def test_a_run_that_was_moved_to_another_experiment_is_no_replay(made_up, run_id, expected):
    made_up.tasks("us/flu/2030-01-05", count=2, done=(0, 1))
    record = {"exp_id": "eu/flu", "run_id": run_id, "counts": {"tasks": 2, "failed": 0}}
    made_up.write("results/us/flu/2030-01-05/outputs/run_metadata.json", json.dumps(record))

    assert [(run.exp_id, run.run_id) for run in found(made_up)] == [expected]


def test_of_a_log_of_any_size_the_end_says_whether_its_task_failed(made_up):
    made_up.tasks("flu/main", count=2, done=(0,))
    with made_up.write("logs/flu/main/run_task/00001.log").open("wb") as file:
        file.truncate(2**26)  # a sparse file: it takes no space
        file.seek(0, os.SEEK_END)
        file.write(f"\n{FAILED_LOG}".encode())

    assert [counts(run) for run in found(made_up)] == [(2, 1, 1, 0)]


@pytest.mark.parametrize("written", [True, False])
def test_a_replay_is_one_run_of_all_its_dates(made_up, written):
    made_up.tasks("us/flu/season/2030-01-05", count=2, done=(0, 1))
    made_up.tasks("us/flu/season/2030-01-12", count=2, done=(0,))
    if written:
        made_up.tables("us/flu/season/2030-01-05", tasks=2)
    made_up.write("results/us/flu/season/scores/scores.csv")

    (run,) = found(made_up)

    assert (run.exp_id, run.run_id) == ("us/flu", "season")
    assert (counts(run), run.complete) == ((4, 3, 0, 1), False)


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [((), None), ((True,), "accepted"), ((False, True), "accepted"), ((True, False), "refused")],
)
def test_the_newest_submission_is_accepted_or_refused(made_up, verdicts, expected):
    made_up.finished("flu/main")
    for week, accepted in enumerate(verdicts):
        made_up.judged("flu/main", accepted, f"2030-01-{5 + 7 * week:02d}-a-b.csv")

    assert found(made_up)[0].submission == expected


def test_no_results_are_no_runs(made_up):
    assert found(made_up) == []


@pytest.mark.parametrize("pattern", ["..", "flu/../../etc", "/etc", "flu//main"])
def test_a_pattern_that_leads_elsewhere_is_refused(made_up, pattern):
    with pytest.raises(EpyflowError, match="not the id of an experiment"):
        found(made_up, pattern)


def test_a_folder_that_is_not_there_is_refused(made_up):
    with pytest.raises(EpyflowError, match="no such folder"):
        open_storage("elsewhere")


def test_reference_dates_that_a_replay_no_longer_has_are_not_counted(made_up):
    made_up.finished("us/flu/season/2030-01-05")
    made_up.judged("us/flu/season/2030-01-05", accepted=True)
    made_up.tasks("us/flu/season/2030-01-12", count=3, done=(0,))
    made_up.judged("us/flu/season/2030-01-12", accepted=False)
    made_up.write("logs/us/flu/season/2030-01-12/run_task/00001.log", FAILED_LOG)
    (before,) = found(made_up)
    made_up.planned("us/flu/season", {"season/2030-01-05": 2})

    (run,) = found(made_up)

    assert (counts(before), before.complete, before.submission) == ((5, 3, 1, 1), False, "refused")
    assert (counts(run), run.complete, run.submission) == ((2, 2, 0, 0), True, "accepted")
    assert run.modified == before.modified


@pytest.mark.parametrize(
    ("tasks", "expected", "complete"),
    [
        ({"main": 2}, (2, 2, 0, 0), True),
        ({"main/2030-01-05": 1}, (1, 1, 0, 0), True),
        ({"main/2030-01-05": 1, "main/2030-01-12": 2}, (3, 1, 0, 2), False),
        ({"main/2030-01-12": 2}, (2, 0, 0, 2), False),
    ],
)
def test_a_run_is_complete_if_all_that_its_plan_has_is(made_up, tasks, expected, complete):
    made_up.finished("flu/main", tasks=2)
    made_up.finished("flu/main/2030-01-05", tasks=1)
    made_up.planned("flu/main", tasks)

    (run,) = found(made_up)

    assert (counts(run), run.complete) == (expected, complete)


def test_tasks_that_a_run_no_longer_has_are_not_counted(made_up):
    made_up.tables("flu/main", tasks=2)
    made_up.tasks("flu/main", count=5, done=(0, 4))
    for task in (1, 2):
        made_up.write(f"logs/flu/main/run_task/{task:05d}.log", FAILED_LOG)
    made_up.planned("flu/main", {"main": 2})

    (run,) = found(made_up)

    assert (counts(run), run.complete) == ((2, 1, 1, 0), False)


@pytest.mark.parametrize("planned", [2, 4])
def test_the_record_of_another_number_of_tasks_does_not_make_a_run_complete(made_up, planned):
    made_up.finished("flu/main", tasks=3)
    made_up.planned("flu/main", {"main": planned})

    (run,) = found(made_up)

    assert (counts(run), run.complete) == ((planned, min(planned, 3), 0, planned // 4), False)


@pytest.mark.parametrize("accepted", [True, False])
def test_the_submission_of_an_earlier_plan_is_not_that_of_the_run(made_up, accepted):
    made_up.finished("flu/main")
    old = [f"hub/2030-01-05-a-old.csv{end}" for end in ("", ".findings.json")]
    made_up.planned("flu/main", {"main": 2}, *old)
    made_up.judged("flu/main", accepted=accepted)
    made_up.judged("flu/main", accepted=not accepted, name="2030-01-05-a-old.csv")

    (run,) = find_runs(Disk(made_up.root))

    assert run.submission == ("accepted" if accepted else "refused")
    assert run.unplanned == tuple(old)


def test_a_run_that_has_not_made_its_submission_yet_has_none(made_up):
    made_up.finished("flu/main/2030-01-05")
    made_up.judged("flu/main/2030-01-05", accepted=True)
    files = [f"2030-01-05/hub/2030-01-05-a-b.csv{end}" for end in ("", ".findings.json")]
    made_up.planned("flu/main", {"main/2030-01-05": 2}, *files)

    (run,) = find_runs(Disk(made_up.root))

    assert (run.submission, run.unplanned) == (None, tuple(files))


def test_a_record_that_others_have_made_up_hides_no_record_of_the_run(made_up):
    made_up.finished("flu/main")
    made_up.planned(
        "flu/main", {}, "outputs/run_metadata.json", "builder-artifacts/input_00000.pkl"
    )

    (run,) = find_runs(Disk(made_up.root))

    assert (run.tasks, run.complete, run.unplanned) == (2, True, ("outputs/run_metadata.json",))

from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.operations.runs.made_up import FAILED_LOG, NOON, MadeUp

from epyflow.operations.runs.coordinator_record import this_coordinator, write_record
from epyflow.operations.runs.run_list import Run, find_runs
from epyflow.operations.runs.run_logs import Choice, read_logs
from epyflow.operations.runs.run_request import Wanted
from epyflow.operations.runs.runs_without_inputs import find_new_runs
from epyflow.operations.runs.status import Status, status
from epyflow.run.layout import RunLayout
from epyflow.storage.disk import Disk


def test_errors_that_a_coordinator_in_the_cloud_repeated_are_not_told_twice(tmp_path):
    MadeUp(tmp_path).finished("us/flu/main")
    path = tmp_path / RunLayout("us/flu", "main").coordinator_log
    path.parent.mkdir(parents=True)
    path.write_text(FAILED_LOG)
    storage = Disk(tmp_path)
    (run,) = find_runs(storage)

    assert status(storage, run).failures == {}
    assert not status(storage, run).failed


@pytest.mark.parametrize(
    ("since", "failures", "failed"),
    [
        (None, 2, 2),
        (timedelta(seconds=3), 2, 2),  # the first error, and whatever came later
        (timedelta(seconds=4), 1, 1),
        (timedelta(seconds=5), 0, 0),
    ],
)
def test_errors_before_a_command_started_are_not_of_its_tasks(tmp_path, since, failures, failed):
    made = MadeUp(tmp_path)
    made.tasks("us/flu/main", 2, ())  # inputs at NOON + 1 and + 2
    for task in range(2):  # errors at + 3 and + 4
        made.write(f"logs/us/flu/main/run_task/{task:05d}.log", FAILED_LOG)
    storage = Disk(tmp_path)
    (run,) = find_runs(storage)
    start = None if since is None else datetime.fromtimestamp(NOON, UTC) + since

    found = status(storage, run, since=start)

    assert len(found.failures) == failures
    assert found.run.failed == failed


@pytest.mark.parametrize(
    ("complete", "failures", "done", "is_over"),
    [
        (True, {}, 2, True),
        (False, {}, 1, False),
        (False, {"log": "message"}, 1, False),  # a task may still be running
        (False, {"log": "message"}, 2, True),
        (False, {}, 2, False),  # its tables are still missing
    ],
)
def test_a_run_is_over_if_it_is_complete_or_only_failures_are_left(
    complete, failures, done, is_over
):
    run = Run("us/flu", "main", datetime.fromtimestamp(NOON, UTC), 2, done, 0, complete, None)

    assert Status(run, (), failures).over is is_over


def test_in_a_replay_the_result_of_one_date_excuses_no_error_of_another(tmp_path):
    made, wrong = MadeUp(tmp_path), "logs/us/flu/season/2030-01-12/run_task/00000.log"
    made.tasks("us/flu/season/2030-01-05", 1, (0,))
    made.tasks("us/flu/season/2030-01-12", 1, ())
    made.write("logs/us/flu/season/2030-01-05/run_task/00000.log", FAILED_LOG)
    made.write(wrong, FAILED_LOG)
    storage = Disk(tmp_path)
    (run,) = find_runs(storage)

    assert status(storage, run).failures == {wrong: "doses.csv: no row"}


def test_the_middle_of_a_long_message_is_left_out_here_and_so_in_notifications(tmp_path):
    made = MadeUp(tmp_path)
    made.tasks("us/flu/main", 1, ())
    error = f"2030-01-02 03:04:05,678 ERROR {'x' * 50_000}!\n"
    made.write("logs/us/flu/main/run_task/00000.log", error)
    (run,) = find_runs(Disk(tmp_path))

    (message,) = status(Disk(tmp_path), run).failures.values()

    assert "x [... 48,201 characters left out: the whole is in the log ...] x" in message
    assert len(message) < 2_000
    assert message.endswith("x!")


def test_the_message_of_an_error_is_of_the_last_one_and_shows_control_characters(tmp_path):
    made, head = MadeUp(tmp_path), "2030-01-02 03:04:06,789 ERROR "
    made.tasks("us/flu/main", 2, ())
    folder = "logs/us/flu/main/run_task"
    made.write(f"{folder}/00000.log", f"{head}first\n{head}\x1b[31msecond\n")
    made.write(
        f"{folder}/00001.log",
        f"{head}Traceback (most recent call last):\n  File x, line 1\nKeyError: 'beta'\n",
    )
    storage = Disk(tmp_path)
    (run,) = find_runs(storage)

    assert status(storage, run).failures == {
        f"{folder}/00000.log": r"\x1b[31msecond",
        f"{folder}/00001.log": "KeyError: 'beta'",
    }


FAILED = "2030-01-02 03:04:06,789 ERROR "
LATER = "2030-01-02 03:04:07,789 INFO removed the\n  checkpoints\n"


@pytest.mark.parametrize(
    ("log", "message"),
    [
        (
            f"{FAILED}2 of 3 tasks failed; again tries these again:\n  NY, task 1: a\n  MA: b\n",
            "2 of 3 tasks failed; again tries these again: NY, task 1: a; MA: b",
        ),
        (f"{FAILED}old\n  told\n{FAILED}rows.csv:\n\n  line 2\n{LATER}", "rows.csv: line 2"),
        (f"{FAILED}fit\nTraceback (most recent):\n  File x\nKeyError: 1\n", "fit; KeyError: 1"),
        (f"{FAILED}Traceback (most recent):\n  File x\nKeyError: 1\n{LATER}", "KeyError: 1"),
        (
            '{"time": "2030-01-02T03:04:06Z", "level": "ERROR", "message": "two:\\n  a\\n  b"}\n',
            "two: a; b",
        ),
    ],
)
def test_an_error_of_several_lines_is_told_as_a_whole_on_one(tmp_path, log, message):
    made = MadeUp(tmp_path)
    made.tasks("us/flu/main", 1, ())
    made.write("logs/us/flu/main/run_task/00000.log", log)
    (run,) = find_runs(Disk(tmp_path))

    assert list(status(Disk(tmp_path), run).failures.values()) == [message]


@pytest.mark.parametrize(
    "log",
    [
        "2030-01-02 03:04:06,789 ERROR\n",
        '{"time": "0001-01-01T00:00:00+14:00", "level": "ERROR", "message": "x"}\n',
        '{"time": "2030-01-02T03:04:06", "level": "ERROR", "message": ["x"]}\n',
        '{"time": "x", "level": "ERROR"' + "[" * 100_000,
    ],
)
def test_an_error_whose_message_cannot_be_read_is_counted(tmp_path, log):
    made = MadeUp(tmp_path)
    made.tasks("us/flu/main", 1, ())
    made.write("logs/us/flu/main/run_task/00000.log", log)
    (run,) = find_runs(Disk(tmp_path))

    (message,) = status(Disk(tmp_path), run).failures.values()

    assert message == "an error whose message cannot be read"


def test_what_an_earlier_plan_left_is_no_progress_and_no_failure(tmp_path):
    made, log = MadeUp(tmp_path), "logs/us/flu/season/{}/run_task/{:05d}.log"
    for date in ("2030-01-05", "2030-01-12"):
        made.finished(f"us/flu/season/{date}", tasks=2)
        made.write(f"results/us/flu/season/{date}/builder-artifacts/input_00002.pkl")
        made.write(log.format(date, 2), FAILED_LOG)
    made.write(log.format("2030-01-12", 1), FAILED_LOG)
    made.write("logs/us/flu/season/2030-01-12/make_tables.log", FAILED_LOG)
    made.write("results/us/flu/season/scores/scores.csv")
    made.write("logs/us/flu/season/score_forecasts.log", FAILED_LOG)
    made.planned("us/flu/season", {"season/2030-01-05": 2})
    storage = Disk(tmp_path)
    (run,) = find_runs(storage)

    now = status(storage, run)

    assert now.failures.keys() == {"logs/us/flu/season/score_forecasts.log"}
    made_files = {stage.name: stage.files for stage in now.stages if stage.files}
    assert made_files == {"build": 2, "run": 2, "tables": 1, "scores": 1}
    assert now.run.complete


def test_a_run_without_results_has_no_failure_of_an_earlier_plan(tmp_path):
    made = MadeUp(tmp_path)
    made.write("logs/us/flu/season/2030-01-12/run_task/00000.log", FAILED_LOG)
    made.planned("us/flu/season", {"season/2030-01-05": 2})
    (run,) = find_new_runs(Disk(tmp_path), "us/flu")

    assert status(Disk(tmp_path), run).failures == {}
    assert (run.tasks, run.missing) == (2, 2)


@pytest.mark.parametrize(
    ("outcome", "tasks", "whole", "ended", "failures"),
    [
        ("complete", 1, True, timedelta(seconds=9), 0),
        ("complete", 1, True, timedelta(seconds=0), 1),  # the error is of a later start
        ("complete", 2, True, timedelta(seconds=9), 1),  # a task has no result
        ("complete", 1, False, timedelta(seconds=9), 1),  # it was asked for a part of the run
        ("failed", 1, True, timedelta(seconds=9), 1),
    ],
)
def test_an_error_of_a_job_that_a_completed_run_did_not_need_is_no_failure(
    tmp_path, outcome, tasks, whole, ended, failures
):
    made, storage = MadeUp(tmp_path), Disk(tmp_path)
    made.write("logs/us/flu/main/build_inputs.log", FAILED_LOG)
    made.finished("us/flu/main", tasks=1)
    wanted = Wanted(tasks={"main": tasks}, whole=whole)
    record = this_coordinator("us/flu", "main", {}, wanted).after(outcome)
    end = datetime.fromtimestamp(NOON, UTC) + ended
    write_record(record.model_copy(update={"ended": end}), storage)
    (run,) = find_runs(storage)

    assert len(status(storage, run).failures) == failures
    assert len(list(read_logs(storage, run, Choice(failed=True)))) == failures

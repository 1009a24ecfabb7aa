import json

import pytest
from typer.testing import CliRunner

from epyflow import cli, cli_status
from tests.unit.runs.made_up import FAILED_LOG, RUNNING_LOG, MadeUp

TRACEBACK = """2030-01-02 03:04:06,789 ERROR Traceback (most recent call last):
  File "a.py", line 1, in <module>
ValueError: two rows for one date
"""


@pytest.fixture
def made_up(tmp_path, monkeypatch) -> MadeUp:
    monkeypatch.chdir(tmp_path)
    return MadeUp(tmp_path)


def status(*arguments: object):
    done = CliRunner().invoke(cli.app, ["status", *map(str, arguments)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def test_a_run_under_way_is_shown_by_stage_and_ends_with_3(made_up):
    made_up.tasks("us/flu/main", count=4, done=(0,))
    made_up.write("logs/us/flu/main/run_task/00000.log", FAILED_LOG)  # and then worked
    made_up.write("logs/us/flu/main/run_task/00001.log", RUNNING_LOG)

    done = status("us/flu")

    assert done.exit_code == 3
    assert done.stdout == (
        "us/flu/main: incomplete, 2030-03-17 17:46:45 UTC\n"
        "tasks    4: 1 done, 0 failed, 3 missing\n"
        "build    4 files\n"
        "run      1 file\n"
    )


def test_a_complete_run_ends_with_0(made_up):
    made_up.finished("us/flu/main")
    made_up.write("results/us/flu/main/figures/fan_chart/a.svg")
    made_up.judged("us/flu/main", accepted=True)

    done = status("us/flu/main", "--format", "json")

    document = json.loads(done.stdout)
    assert (done.exit_code, document["complete"], document["failures"]) == (0, True, [])
    assert {each["stage"]: each["files"] for each in document["stages"]} == {
        "build": 2,
        "run": 2,
        "tables": 1,
        "figures": 1,
        "hub": 1,
        "scores": 0,
    }


def test_what_failed_is_told_with_its_log_and_ends_with_1(made_up):
    made_up.tasks("flu/main", count=2, done=(0,))
    made_up.write("logs/flu/main/run_task/00001.log", FAILED_LOG)
    made_up.write("logs/flu/main/make_table/quantiles.log", TRACEBACK)

    done = status("flu")

    assert done.exit_code == 1
    assert "tasks    2: 1 done, 1 failed, 0 missing\n" in done.stdout
    assert "run      1 file, 1 failed\n" in done.stdout
    assert "tables   0 files, 1 failed\n" in done.stdout
    assert "logs/flu/main/run_task/00001.log: doses.csv: no row\n" in done.stdout
    assert (
        "logs/flu/main/make_table/quantiles.log: ValueError: two rows for one date\n" in done.stdout
    )


def test_a_refused_submission_ends_with_1(made_up):
    made_up.finished("flu/main")
    made_up.judged("flu/main", accepted=False)

    done = status("flu")

    assert done.exit_code == 1
    assert done.stdout.startswith("flu/main: complete; submission refused, ")


def test_the_dates_of_a_replay_are_counted_together(made_up):
    for date in ("2030-01-05", "2030-01-12"):
        made_up.tasks(f"us/flu/season/{date}", count=2, done=(0,))
        made_up.write(f"logs/us/flu/season/{date}/run_task/00000.log", FAILED_LOG)
        made_up.write(f"logs/us/flu/season/{date}/run_task/00001.log", FAILED_LOG)

    document = json.loads(status("us/flu", "--format", "json").stdout)

    stages = {each["stage"]: (each["files"], each["failed"]) for each in document["stages"]}
    assert (stages["build"], stages["run"]) == ((4, 0), (2, 2))
    assert [each["log"].split("/")[4] for each in document["failures"]] == [
        "2030-01-05",
        "2030-01-12",
    ]


def test_a_run_is_watched_until_it_is_complete_and_printed_when_it_changed(made_up, monkeypatch):
    made_up.tasks("flu/main", count=2, done=(0,))
    steps = iter(
        [
            lambda: None,
            lambda: made_up.write("results/flu/main/runner-artifacts/result_00001.pkl"),
            lambda: made_up.tables("flu/main", tasks=2),
        ]
    )
    waited = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        next(steps)()

    monkeypatch.setattr(cli_status.time, "sleep", sleep)

    done = status("flu", "--watch", "--every", 7)

    assert (done.exit_code, waited) == (0, [7, 7, 7])
    states = [line for line in done.stdout.splitlines() if line.startswith("tasks")]
    assert states == [
        "tasks    2: 1 done, 0 failed, 1 missing",
        "tasks    2: 2 done, 0 failed, 0 missing",
        "tasks    2: 2 done, 0 failed, 0 missing",
    ]


def test_a_run_that_failed_is_not_watched_for_ever(made_up):
    made_up.tasks("flu/main", count=1, done=())
    made_up.write("logs/flu/main/run_task/00000.log", FAILED_LOG)

    assert status("flu", "--watch").exit_code == 1


def test_no_such_run_ends_with_2(made_up):
    done = status("flu")

    assert (done.exit_code, done.stdout) == (2, "")
    assert "no run flu under ./results; `epyflow runs` lists those there are" in done.stderr

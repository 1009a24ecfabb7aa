import json

import pytest
from typer.testing import CliRunner

from epyflow import cli
from tests.unit.runs.made_up import FAILED_LOG, RUNNING_LOG, MadeUp

BEGUN, WRONG = FAILED_LOG.splitlines()


@pytest.fixture
def made_up(tmp_path, monkeypatch) -> MadeUp:
    """A run of two tasks, of which the second failed; the log of the tables came first."""
    monkeypatch.chdir(tmp_path)
    made_up = MadeUp(tmp_path)
    made_up.tasks("us/flu/main", count=2, done=(0,))
    made_up.write("logs/us/flu/main/make_table/quantiles.log", "a table\n")
    made_up.write("logs/us/flu/main/build_inputs.log", "built\n")
    made_up.write("logs/us/flu/main/run_task/00001.log", FAILED_LOG)
    made_up.write("logs/us/flu/main/run_task/00000.log", RUNNING_LOG)
    made_up.write("logs/us/flu/other/run_task/00000.log", "of another run\n")
    return made_up


def logs(*arguments: object):
    done = CliRunner().invoke(cli.app, ["logs", *map(str, arguments)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def test_all_logs_are_shown_with_their_names_in_the_order_of_their_times(made_up):
    done = logs("us/flu")

    assert done.exit_code == 0
    assert done.stdout == (
        "==> logs/us/flu/main/make_table/quantiles.log <==\n"
        "a table\n"
        "\n==> logs/us/flu/main/build_inputs.log <==\n"
        "built\n"
        f"\n==> logs/us/flu/main/run_task/00001.log <==\n{FAILED_LOG}"
        f"\n==> logs/us/flu/main/run_task/00000.log <==\n{RUNNING_LOG}"
    )


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--rule", "build_inputs"), "built\n"),
        (("--rule", "make_table"), "a table\n"),
        (("--task", 0), RUNNING_LOG),
        (("--failed",), FAILED_LOG),
        (("--failed", "--lines", 1), f"{WRONG}\n"),
        (("--task", 1, "--lines", 7), FAILED_LOG),
    ],
)
def test_a_single_log_is_its_text_alone(made_up, options, expected):
    done = logs("results/us/flu/main", *options)

    assert (done.exit_code, done.stdout) == (0, expected)


def test_the_logs_of_each_date_of_a_replay_are_shown(made_up):
    for date in ("2030-01-05", "2030-01-12"):
        made_up.tasks(f"us/flu/season/{date}", count=1, done=(0,))
        made_up.write(f"logs/us/flu/season/{date}/run_task/00000.log", f"{date}\n")
    made_up.write("logs/us/flu/season/score_forecasts.log", "scored\n")

    found = json.loads(logs("us/flu", "--format", "json").stdout)

    assert [(log["rule"], log["job"], log["lines"]) for log in found] == [
        ("run_task", "00000", ["2030-01-05"]),
        ("run_task", "00000", ["2030-01-12"]),
        ("score_forecasts", "", ["scored"]),
    ]


def test_a_document_says_of_each_log_what_it_is_of_and_whether_it_failed(made_up):
    (log,) = json.loads(logs("us/flu", "--task", 1, "--lines", 1, "--format", "json").stdout)

    assert log == {
        "file": "logs/us/flu/main/run_task/00001.log",
        "rule": "run_task",
        "job": "00001",
        # Three artifacts and two logs before it, a second apart.
        "modified": "2030-03-17T17:46:46+00:00",
        "failed": True,
        "lines": [WRONG],
    }


def test_what_a_terminal_would_obey_is_not_shown(made_up):
    made_up.write("logs/us/flu/main/run_task/00000.log", "\x1b]0;title\x07\x1b[2Jone\ttwo\n")

    assert logs("us/flu", "--task", 0).stdout == "]0;title[2Jone\ttwo\n"


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (("us/flu", "--task", 7), 1, "us/flu/main: no such log"),
        (("us/flu", "--rule", "build_inputs", "--failed"), 1, "no such log with an error"),
        (
            ("us/flu", "--rule", "plot_fits"),
            2,
            "no log of the rule plot_fits; it has those of build_inputs, make_table, run_task",
        ),
        (("covid",), 2, "no run covid under ./results"),
    ],
)
def test_what_is_not_there_is_said(made_up, options, code, message):
    done = logs(*options)

    assert (done.exit_code, done.stdout) == (code, "")
    assert message in done.stderr

import json
import os
import threading
from datetime import UTC, datetime
from typing import get_args

import pytest
from typer.testing import CliRunner

from epyflow.cli import app, logs_follow
from epyflow.cli import logs as cli_logs
from epyflow.errors import EpyflowError
from epyflow.operations.runs import stored_records
from epyflow.operations.runs.coordinator_record import this_coordinator, write_record
from epyflow.operations.runs.log_lines import parse_since
from epyflow.operations.runs.run_request import Wanted
from epyflow.stages import STAGES
from epyflow.storage.disk import Disk
from tests.unit.operations.runs.made_up import FAILED_LOG, RUNNING_LOG, MadeUp

BEGUN, WRONG = FAILED_LOG.splitlines()


@pytest.fixture
def made_up(tmp_path, monkeypatch) -> MadeUp:
    """A run of two tasks, of which the second failed; the log of the tables came first."""
    monkeypatch.chdir(tmp_path)
    made_up = MadeUp(tmp_path)
    made_up.tasks("us/flu/main", count=2, done=(0,))
    made_up.write("logs/us/flu/main/make_tables/quantiles.log", "a table\n")
    made_up.write("logs/us/flu/main/build_inputs.log", "built\n")
    made_up.write("logs/us/flu/main/run_task/00001.log", FAILED_LOG)
    made_up.write("logs/us/flu/main/run_task/00000.log", RUNNING_LOG)
    made_up.write("logs/us/flu/other/run_task/00000.log", "of another run\n")
    made_up.write("coordinator/us/flu/main/coordinator.log", "of the coordinator\n")
    return made_up


def logs(*arguments: object):
    done = CliRunner().invoke(app.app, ["logs", *map(str, arguments)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def test_all_logs_are_shown_with_their_names_in_the_order_of_their_times(made_up):
    done = logs("us/flu")

    assert done.exit_code == 0
    assert done.stdout == (
        "==> logs/us/flu/main/make_tables/quantiles.log <==\n"
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
        (("--rule", "make_tables"), "a table\n"),
        (("--task", 0), RUNNING_LOG),
        (("--failed",), FAILED_LOG),
        (("--failed", "--lines", 1), f"{WRONG}\n"),
        (("--task", 1, "--lines", 7), FAILED_LOG),
        (("--stage", "tables"), "a table\n"),
        (("--stage", "build", "--level", "INFO"), "built\n"),
        (("--level", "WARNING"), f"{WRONG}\n"),
        (("--task", 1, "--since", "2030-01-02T03:04:06"), f"{WRONG}\n"),
        (("--task", 1, "--since", "2030-01-02T04:04:06.7+01:00"), f"{WRONG}\n"),
        (("--rule", "coordinator"), "of the coordinator\n"),
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
        "bytes_left_out": 0,
        "lines": [WRONG],
    }


def test_an_empty_log_is_said_to_be_empty(made_up):
    made_up.write("logs/us/flu/main/draw_figures.log", "")

    one, all_logs = logs("us/flu", "--rule", "draw_figures"), logs("us/flu")

    assert one.stdout == ""
    assert one.stderr.startswith("logs/us/flu/main/draw_figures.log is empty: ")
    assert "==> logs/us/flu/main/draw_figures.log (empty) <==\n" in all_logs.stdout


@pytest.mark.parametrize("options", [(), ("--lines", 9)])
def test_what_is_left_out_of_a_long_log_is_said_with_the_way_to_it(made_up, monkeypatch, options):
    monkeypatch.setattr(stored_records, "PIECE", len(RUNNING_LOG) + 1)
    path = made_up.write("logs/us/flu/main/run_task/00000.log", f"first\n{RUNNING_LOG}")
    where = f"{path.relative_to(made_up.root)}; --follow prints it"

    done = logs("us/flu", "--task", 0, *options)

    left = f"[... the first 6 bytes left out: the whole is in {where} ...]\n"
    assert done.stdout == left + RUNNING_LOG
    assert logs("us/flu", "--task", 0, "--lines", 1).stdout == RUNNING_LOG


def test_logs_are_printed_while_others_are_not_read(made_up, monkeypatch):
    monkeypatch.setattr(stored_records, "_AT_ONCE", 1)

    def fail(self: Disk, path: str, *_: int) -> bytes:
        if path.endswith("00000.log"):
            raise EpyflowError("the network is gone")
        return b"read\n"

    monkeypatch.setattr(Disk, "read_part", fail)

    done = logs("us/flu", "--rule", "run_task")
    documents = logs("us/flu", "--format", "json")

    assert (done.exit_code, done.stderr) == (2, "the network is gone\n")
    assert '"read"' in documents.stdout


def test_every_stage_can_be_asked_for():
    assert get_args(cli_logs.Stage) == tuple(STAGES)


def test_what_a_terminal_would_obey_is_escaped(made_up):
    made_up.write("logs/us/flu/main/run_task/00000.log", "\x1b]0;title\x07\x1b[2Jone\ttwo\n")

    assert logs("us/flu", "--task", 0).stdout == "\\x1b]0;title\\x07\\x1b[2Jone\ttwo\n"


LONG = f"2030-01-02 03:04:06,789 ERROR {'x' * 50_000}!"


def is_cut(text: str, where: str) -> bool:
    """Whether the long line is printed with what is left out of it."""
    left = f"x [... {len(LONG) - 1_800:,} characters left out: the whole is in {where} ...] x"
    return len(text) < 5_000 and left in text and text.rstrip().endswith("x!")


def test_the_middle_of_a_long_line_is_left_out_but_in_json(made_up, monkeypatch):
    made_up.write("logs/us/flu/main/run_task/00001.log", f"{LONG}\n")
    path = "logs/us/flu/main/run_task/00001.log; --format json prints it"

    document = logs("us/flu", "--task", 1, "--format", "json").stdout
    followed = follow(made_up, monkeypatch, "--task", 1, "--format", "json").stdout

    assert json.loads(document)[0]["lines"] == [LONG]
    assert json.loads(followed)["line"] == LONG
    assert is_cut(logs("us/flu", "--task", 1).stdout, path)
    assert is_cut(follow(made_up, monkeypatch, "--task", 1).stdout, path)


@pytest.mark.parametrize("command", ["logs", "status"])
def test_a_lone_surrogate_in_a_message_is_shown(made_up, command):
    text = '{"time": "2030-01-02T03:04:05.000Z", "level": "ERROR", "message": "x\\ud800y"}\n'
    made_up.write("logs/us/flu/main/run_task/00001.log", text)

    assert r"x\ud800y" in CliRunner().invoke(app.app, [command, "us/flu"]).stdout


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (("us/flu", "--task", 7), 1, "us/flu/main: there is no log for --task 7"),
        (
            ("us/flu", "--rule", "build_inputs", "--failed"),
            1,
            "there is no log with an error for --rule build_",
        ),
        (
            ("us/flu", "--rule", "draw_figures"),
            2,
            "has no log of the rule draw_figures; it has logs of build_inputs, coordinator, "
            "make_tables, run_task",
        ),
        (("covid",), 2, "no run covid under ./results"),
        (("us/flu", "--since", "yesterday"), 2, "since 'yesterday': expected an age, such"),
        (("us/flu", "--since", "2030-03-18"), 1, "there is no log for --since 2030-03-18"),
        (("us/flu", "--level", "CRITICAL"), 1, "there is no log for --level CRITICAL"),
        (("us/flu", "--machine"), 2, "us/flu/main is on disk"),
    ],
)
def test_what_is_not_there_is_said(made_up, options, code, message):
    done = logs(*options)

    assert (done.exit_code, done.stdout) == (code, "")
    assert message in done.stderr


def test_a_traceback_goes_with_its_message_and_a_line_without_level_is_information(made_up):
    traceback = f"{WRONG}\nTraceback:\n  File x\n2030-01-02 03:04:07,000 INFO after\n"
    made_up.write("logs/us/flu/main/run_task/00000.log", f"head\n{traceback}")

    def lines(level: str) -> str:
        return logs("us/flu", "--task", 0, "--level", level).stdout

    assert lines("ERROR") == f"{WRONG}\nTraceback:\n  File x\n"
    assert lines("INFO") == f"head\n{traceback}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", "2030-03-17T11:58:30+00:00"),
        ("10m", "2030-03-17T11:50:00+00:00"),
        ("1.5h", "2030-03-17T10:30:00+00:00"),
        ("7d", "2030-03-10T12:00:00+00:00"),
        ("2030-03-17", "2030-03-17T00:00:00+00:00"),
        ("2030-03-17 09:00+02:00", "2030-03-17T09:00:00+02:00"),
    ],
)
def test_since_is_how_long_ago_or_a_time(text, expected):
    now = datetime(2030, 3, 17, 12, tzinfo=UTC)

    assert parse_since(text, now).isoformat() == expected


def noted(made_up: MadeUp, **changed: object) -> None:
    """Note this process as the run's coordinator, which is at work unless changed."""
    log = made_up.root / ".snakemake" / "log" / "today.snakemake.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("3 of 9 jobs done\n")
    record = this_coordinator("us/flu", "main", {}, Wanted(log=str(log)))
    write_record(record.model_copy(update=changed), Disk(made_up.root))


def test_the_log_of_a_coordinator_on_this_machine_is_snakemakes(made_up):
    (made_up.root / "coordinator/us/flu/main/coordinator.log").unlink()
    assert logs("us/flu", "--rule", "coordinator").exit_code == 1

    noted(made_up)
    assert logs("us/flu", "--rule", "coordinator").stdout == "3 of 9 jobs done\n"

    noted(made_up, host="elsewhere")
    assert logs("us/flu", "--rule", "coordinator").exit_code == 1


def test_a_record_cannot_name_another_file_of_this_machine_as_the_log(made_up):
    (made_up.root / "coordinator/us/flu/main/coordinator.log").unlink()
    secret = made_up.root / "secret.log"
    secret.write_text("of no concern to anybody\n")
    linked = made_up.root / ".snakemake" / "log" / "linked.log"
    linked.parent.mkdir(parents=True)
    linked.symlink_to(secret)
    os.mkfifo(pipe := linked.with_name("pipe.log"))
    threading.Thread(target=pipe.write_text, args=("no log\n",), daemon=True).start()

    for path in (pipe, secret, linked, linked.parent / ".." / ".." / "secret.log"):
        noted(made_up, wanted=Wanted(log=str(path)))
        assert logs("us/flu", "--rule", "coordinator").exit_code == 1
    assert pipe.read_text() == "no log\n"  # nobody has read it; the thread ends


def follow(made_up: MadeUp, monkeypatch, *options: object, steps=()):
    """Follow a run whose coordinator ends after these steps, each taken between two looks."""
    noted(made_up)
    left = [*steps, lambda: noted(made_up, outcome="complete")]
    monkeypatch.setattr(logs_follow.time, "sleep", lambda seconds: left.pop(0)())
    done = logs("us/flu", "--follow", *options)
    assert left == []
    return done


LOG = "logs/us/flu/main/run_task/00000.log"
TASK = f"==> {LOG} <==\n"


def test_new_lines_are_shown_as_they_come_when_they_are_whole_until_the_run_is_over(
    made_up, monkeypatch
):
    done = follow(
        made_up,
        monkeypatch,
        *("--task", 0),
        steps=[
            lambda: made_up.write(LOG, f"{RUNNING_LOG}sec"),
            lambda: made_up.write(LOG, f"{RUNNING_LOG}second\nthird"),
        ],
    )

    assert (done.exit_code, done.stdout) == (0, f"{TASK}{RUNNING_LOG}second\nthird\n")
    assert done.stderr.startswith("us/flu/main: none: process ")


def test_a_log_that_is_written_anew_is_shown_from_its_beginning(made_up, monkeypatch):
    done = follow(
        made_up,
        monkeypatch,
        *("--rule", "run_task", "--stage", "run", "--task", 0),
        steps=[lambda: made_up.write(LOG, f"another attempt, which has written more\n{WRONG}\n")],
    )

    assert done.stdout == (
        f"{TASK}{RUNNING_LOG}(the job was started again: its log follows from the beginning)\n"
        f"another attempt, which has written more\n{WRONG}\n"
    )


def test_all_logs_are_followed_with_their_names_and_those_that_come_later_too(made_up, monkeypatch):
    new = "logs/us/flu/main/make_tables/new.log"
    done = follow(
        made_up,
        monkeypatch,
        *("--lines", 1),
        steps=[
            lambda: made_up.write(new, "one\ntwo\n"),
            lambda: made_up.write(LOG, f"{RUNNING_LOG}more\n"),
        ],
    )

    assert done.stdout == (
        "==> logs/us/flu/main/make_tables/quantiles.log <==\na table\n"
        "\n==> logs/us/flu/main/build_inputs.log <==\nbuilt\n"
        f"\n==> logs/us/flu/main/run_task/00001.log <==\n{WRONG}\n"
        f"\n{TASK}{RUNNING_LOG}"
        f"\n==> {new} <==\none\ntwo\n"
        f"\n{TASK}more\n"
    )


def test_snakemakes_own_log_is_followed_where_it_is_on_this_machine(made_up, monkeypatch):
    (made_up.root / "coordinator/us/flu/main/coordinator.log").unlink()
    log = made_up.root / ".snakemake" / "log" / "today.snakemake.log"

    def go_on() -> None:
        with log.open("a") as file:
            file.write("4 of 9 jobs done\n")

    done = follow(made_up, monkeypatch, "--rule", "coordinator", steps=[go_on, lambda: None])

    assert done.stdout.startswith(f"==> {log} <==\n3 of 9 jobs done\n4 of 9 jobs done\n")


def test_errors_alone_are_followed_as_documents(made_up, monkeypatch):
    done = follow(
        made_up,
        monkeypatch,
        *("--failed", "--level", "ERROR", "--format", "json", "--rule", "make_tables"),
        steps=[
            lambda: made_up.write("logs/us/flu/main/make_tables/quantiles.log", "a table\nmore\n"),
            lambda: made_up.write("logs/us/flu/main/make_tables/new.log", f"x\n{WRONG}\n"),
        ],
    )

    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {
            "file": "logs/us/flu/main/make_tables/new.log",
            "rule": "make_tables",
            "job": "new",
            "line": WRONG,
        }
    ]

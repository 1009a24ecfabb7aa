"""Logs of jobs and of machines, without a command or a cloud."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.operations.runs.made_up import FAILED_LOG, NOON, RUNNING_LOG, MadeUp

from epyflow.errors import EpyflowError
from epyflow.operations.runs import stored_records
from epyflow.operations.runs.batch_jobs import RunJob
from epyflow.operations.runs.coordinator_presence import Presence
from epyflow.operations.runs.log_follower import Follower
from epyflow.operations.runs.machine_logs import machine_logs
from epyflow.operations.runs.run_list import Run, find_runs
from epyflow.operations.runs.run_logs import Choice, read_logs
from epyflow.operations.runs.snakemake_targets import parse_target
from epyflow.operations.runs.status import status
from epyflow.storage.disk import Disk

BEGUN = datetime.fromtimestamp(NOON, UTC)
RUN = Run("us/flu", "main", BEGUN, 2, 0, 1, False, None)


@pytest.fixture
def storage(made_up: MadeUp) -> Disk:
    made_up.write("logs/us/flu/main/run_task/00000.log", RUNNING_LOG)
    made_up.write("logs/us/flu/main/run_task/00001.log", FAILED_LOG)
    made_up.write("logs/us/flu/main/make_tables.log", "2030-01-02 03:04:05,678 INFO made\n")
    return Disk(made_up.root)


def found(logs) -> list[tuple[str, str, bool]]:
    return [(log.rule, log.job, log.failed) for log in logs]


FIRST = ("run_task", "00000", False)
FAILED = ("run_task", "00001", True)
TABLES = ("make_tables", "", False)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (Choice(), [FIRST, FAILED, TABLES]),
        (Choice(rule="run_task"), [FIRST, FAILED]),
        (Choice(task=1), [FAILED]),
        (Choice(failed=True), [FAILED]),
        (Choice(since=BEGUN + timedelta(seconds=3)), []),  # written then, but with older lines
        (Choice(rule="coordinator"), []),
    ],
)
def test_logs_are_chosen_by_rule_task_and_error(storage, choice, expected):
    assert found(read_logs(storage, RUN, choice)) == expected


def test_errors_of_an_earlier_plan_are_not_among_the_failed(made_up, storage):
    made_up.write("logs/us/flu/main/2030-01-05/make_tables.log", FAILED_LOG)
    made_up.write("logs/us/flu/main/run_task/00002.log", FAILED_LOG)
    made_up.planned("us/flu/main", {"main": 2})

    assert found(read_logs(storage, RUN, Choice(failed=True))) == [FAILED]
    assert len(found(read_logs(storage, RUN, Choice()))) == 5


def test_messages_of_json_are_shown_chosen_and_judged_as_text(made_up, storage):
    head = '{"time": "2030-01-02T03:04:06.789Z", "level": '
    made_up.write(
        "logs/us/flu/main/run_task/00001.log",
        f"""{head}"INFO", "message": "begun", "task": 1}}
{head}"ERROR", "message": "Traceback:\\nKeyError: 'x'", "task": 1}}
""",
    )

    (log,) = read_logs(storage, RUN, Choice(failed=True, level="ERROR"))

    assert log.lines == ("2030-01-02 03:04:06,789 ERROR Traceback:", "KeyError: 'x'")
    made_up.tasks("us/flu/main", 2, {0})
    assert status(storage, find_runs(storage, "us/flu")[0]).failures == {log.path: "KeyError: 'x'"}
    assert "KeyError: 'x'" in [each.text for each in Follower(storage, RUN, Choice()).poll()]


def test_only_logs_written_since_are_read(storage, monkeypatch):
    read = []
    monkeypatch.setattr(Disk, "read_part", lambda self, path, *_: read.append(path))

    assert list(read_logs(storage, RUN, Choice(since=BEGUN + timedelta(seconds=2)))) == []

    assert [path.rpartition("/")[2] for path in read] == ["00001.log", "make_tables.log"]


def test_a_rule_without_a_log_is_refused_with_those_that_have_one(storage):
    with pytest.raises(EpyflowError, match=r"rule plot; it has logs of make_tables, run_task$"):
        list(read_logs(storage, RUN, Choice(rule="plot")))


class Bucket(Disk):
    """A folder that passes for a bucket."""

    uri = "gs://bucket"


def command(target: str) -> str:
    return f"snakemake --target-jobs {target} --cores 1\n"


OURS = "run_task:exp_id=us/flu,run_id=main,i=00000"
OURS_TOO = "run_task:exp_id=us/flu,run_id=main,i=00001"
THEIRS = "run_task:exp_id=us/flu,run_id=other,i=00000"
ENDED = "[googlebatch-array] exit status {}\n"


def batch_job(name: str, whose: str, *targets: str) -> RunJob:
    made = tuple(map(parse_target, targets))
    return RunJob(f"p/jobs/{name}", name, "run", "FAILED", BEGUN, BEGUN, {}, 0, whose, made)


@pytest.fixture
def bucket(made_up: MadeUp) -> Bucket:
    made_up.write("googlebatch-logs/old/0.log", command(OURS) + ENDED.format(0))
    made_up.write("googlebatch-logs/old/1.log", command(OURS_TOO) + ENDED.format(1))
    made_up.write("googlebatch-logs/old/2.log", command(THEIRS) + ENDED.format(1))
    made_up.write("googlebatch-logs/known/0.log", "no command\n")
    made_up.write("googlebatch-logs/known/9.log", "no such task\n")
    made_up.write("googlebatch-logs/strange/0.log", command(OURS))
    made_up.write("googlebatch-logs/lost/0.log", "log of logs/us/flu/main/run_task/00001.log\n")
    made_up.write("googlebatch-logs/lost/1.log", "nothing that tells\n")
    return Bucket(made_up.root)


PRESENCE = Presence(
    *("us/flu", "main", None),
    (batch_job("known", "run", OURS_TOO), batch_job("strange", "other", OURS)),
)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (Choice(), ["old/0 00000", "old/1 00001", "known/0 00001", "lost/0 00001"]),
        (Choice(failed=True), ["old/1 00001"]),
        (Choice(task=0), ["old/0 00000"]),
        (Choice(since=BEGUN + timedelta(seconds=4)), ["known/0 00001", "lost/0 00001"]),
    ],
)
def test_what_machines_printed_is_of_the_run_that_the_job_or_the_text_names(
    bucket, choice, expected
):
    logs = list(machine_logs(bucket, RUN, choice, PRESENCE))

    shown = [f"{log.path.removeprefix('googlebatch-logs/')[:-4]} {log.job}" for log in logs]
    assert shown == expected
    assert {log.path: log.failed for log in logs if log.failed} == (
        {"googlebatch-logs/old/1.log": True} if "old/1 00001" in expected else {}
    )


def test_a_run_on_disk_has_no_machines(storage):
    with pytest.raises(EpyflowError, match="us/flu/main is on disk"):
        list(machine_logs(storage, RUN, Choice(), PRESENCE))


def test_of_a_long_log_the_end_is_shown_and_judged_without_reading_the_rest(
    made_up, storage, monkeypatch
):
    monkeypatch.setattr(stored_records, "PIECE", len(FAILED_LOG) + 1)
    monkeypatch.setattr(Disk, "read", None)
    monkeypatch.setattr(Disk, "read_all", None)
    made_up.write("logs/us/flu/main/run_task/00001.log", f"first\n{FAILED_LOG}")

    (log,) = read_logs(storage, RUN, Choice(failed=True))

    assert (log.lines, log.left_out) == (tuple(FAILED_LOG.splitlines()), len("first\n"))


def test_of_a_long_log_of_a_machine_the_job_is_read_from_the_beginning(
    made_up, bucket, monkeypatch
):
    monkeypatch.setattr(stored_records, "PIECE", 40)
    monkeypatch.setattr(Disk, "read_all", None)
    made_up.write("googlebatch-logs/lost/2.log", f"{command(OURS)}{'x' * 40}\n{ENDED.format(1)}")

    *_, log = machine_logs(bucket, RUN, Choice(task=0, failed=True), PRESENCE)

    assert (log.path, log.lines) == ("googlebatch-logs/lost/2.log", (ENDED.format(1).strip(),))


def test_what_jobs_printed_to_slurm_is_of_the_task_that_the_text_names_last(
    made_up: MadeUp, storage
):
    asked = "Command: snakemake --target-jobs run_task:exp_id=us/flu,run_id=main,i={} --cores all\n"
    stopped = "slurmstepd: error: Detected 1 oom_kill event in StepId=7.batch\n"
    folder = ".snakemake/slurm_logs"
    # A task of an array prints the command of the array's first task before its own.
    made_up.write(f"{folder}/rule_run_task/7_1.log", asked.format("00000"))
    printed = asked.format("00000") + asked.format("00001") + stopped
    made_up.write(f"{folder}/rule_run_task/7_2.log", printed)
    other = asked.format("00001").replace("run_id=main", "run_id=other")
    made_up.write(f"{folder}/rule_run_task/8.log", other)

    logs = machine_logs(storage, RUN, Choice(), PRESENCE)

    assert found(logs) == [FIRST, FAILED]
    (failed,) = machine_logs(storage, RUN, Choice(failed=True), PRESENCE)
    assert failed.path == ".snakemake/slurm_logs/rule_run_task/7_2.log"
    assert failed.lines[-1] == stopped.strip()

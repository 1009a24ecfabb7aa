import json
import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace

import psutil
import pytest
from typer.testing import CliRunner

from epyflow.cli import app, output
from epyflow.operations.runs.coordinator_record import (
    Coordinator,
    read_record,
    this_coordinator,
    write_record,
)
from epyflow.operations.runs.run_request import Wanted
from epyflow.storage.disk import Disk
from tests.unit.operations.runs.made_up import MadeUp

# A coordinator with a child, each of which says that it is there; an interruption ends it.
POLITE = """
import subprocess, sys
job = "import time; print('up', flush=True); time.sleep(60)"
child = subprocess.Popen([sys.executable, "-c", job])
try:
    child.wait()
except KeyboardInterrupt:
    child.wait()
"""
IGNORING = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"
SCRIPTED = IGNORING + POLITE  # as by & in a script
STUBBORN = IGNORING + "; signal.signal(signal.SIGTERM, signal.SIG_IGN)" + POLITE


@pytest.fixture
def storage(made_up: MadeUp) -> Disk:
    """A run of two tasks, one of them done."""
    made_up.tasks("us/flu/main", count=2, done=(0,))
    return Disk(made_up.root)


@pytest.fixture
def made_up(tmp_path, monkeypatch) -> MadeUp:
    monkeypatch.chdir(tmp_path)
    return MadeUp(tmp_path)


@pytest.fixture
def coordinator(request, storage) -> Iterator[Coordinator]:
    """The record of a process that is at work on the run."""
    process = subprocess.Popen(
        [sys.executable, "-c", request.param, "snakemake"], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    began = psutil.Process(process.pid).create_time()
    wanted = Wanted(command=("snakemake", "--cores", "2"))
    record = this_coordinator("us/flu", "main", {}, wanted).model_copy(
        update={"pid": process.pid, "process_started": began}
    )
    jobs = psutil.Process(process.pid).children()
    write_record(record, storage)
    yield record
    for each in (job for job in jobs if job.is_running()):
        each.kill()
    process.kill()
    process.communicate()


def cancel(*arguments: object, typed: str | None = None):
    done = CliRunner().invoke(app.app, ["cancel", *map(str, arguments)], input=typed)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def at_work(process: psutil.Process) -> bool:
    """Whether it goes on; one whose end nobody has asked after does not."""
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def outcome(storage: Disk) -> str | None:
    record = read_record("us/flu", "main", storage)
    assert record is not None
    return record.outcome


@pytest.mark.parametrize("coordinator", [POLITE, SCRIPTED], ids=["asked", "deaf"], indirect=True)
def test_a_process_of_this_machine_is_interrupted_with_its_jobs_and_noted(coordinator, storage):
    jobs = psutil.Process(coordinator.pid).children()

    done = cancel("us/flu", "--yes")

    assert done.exit_code == 0, done.stderr
    assert done.stdout == (
        f"us/flu/main: ended process {coordinator.pid} on {coordinator.host}\n"
        f"to resume it: in {coordinator.folder} on {coordinator.host}: snakemake --cores 2\n"
    )
    assert len(jobs) == 1
    assert not any(at_work(job) for job in jobs)
    assert outcome(storage) == "cancelled"

    again = cancel("us/flu", "--yes")
    assert (again.exit_code, again.stdout) == (0, "us/flu/main: nothing of it is running\n")


def test_a_record_cannot_have_another_program_ended(storage):
    with subprocess.Popen(["sleep", "60"]) as process:
        began = psutil.Process(process.pid).create_time()
        record = this_coordinator("us/flu", "main", {}).model_copy(
            update={"pid": process.pid, "process_started": began}
        )
        write_record(record, storage)

        done = cancel("us/flu", "--yes", "--now")

        assert process.poll() is None
        process.kill()
    assert done.exit_code == 1
    assert "does not run Snakemake: it is left alone" in done.stderr


@pytest.mark.parametrize("coordinator", [STUBBORN], ids=["stubborn"], indirect=True)
def test_one_that_does_not_end_is_told_and_then_killed(coordinator, storage):
    kept = cancel("us/flu", "--yes", "--patience", 1)

    assert kept.exit_code == 1
    assert "has not ended in 1 s: wait, or kill it" in kept.stderr
    assert outcome(storage) is None

    killed = cancel("us/flu", "--yes", "--now", "--format", "json")

    document = json.loads(killed.stdout)
    assert (killed.exit_code, document["left"]) == (0, [])
    assert document["ended"] == [f"process {coordinator.pid} on {coordinator.host}"]
    assert coordinator.process() is None
    assert outcome(storage) == "cancelled"


@pytest.mark.parametrize("coordinator", [POLITE], ids=["polite"], indirect=True)
def test_nobody_can_be_asked_without_a_terminal(coordinator, storage):
    done = cancel("us/flu", typed="y\n")

    assert done.exit_code == 3
    assert f"process {coordinator.pid} on {coordinator.host} in " in done.stderr
    assert "expected --yes" in done.stderr
    assert coordinator.lives
    assert outcome(storage) is None


@pytest.mark.parametrize(("typed", "code", "after"), [("n\n", 3, None), ("y\n", 0, "cancelled")])
@pytest.mark.parametrize("coordinator", [POLITE], ids=["polite"], indirect=True)
def test_on_a_terminal_it_is_asked_first(coordinator, storage, monkeypatch, typed, code, after):
    terminal = SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr(output, "sys", terminal)

    done = cancel("us/flu", typed=typed)

    assert done.exit_code == code
    assert "End this run? [y/N]" in done.stderr
    assert outcome(storage) == after


def test_a_process_of_another_machine_is_told_and_not_noted(storage):
    record = this_coordinator("us/flu", "main", {})
    write_record(record.model_copy(update={"host": "elsewhere", "pid": 12}), storage)

    done = cancel("us/flu", "--yes")

    assert done.exit_code == 1
    assert "process 12 on elsewhere may be running" in done.stderr
    assert "kill -INT 12" in done.stderr
    assert outcome(storage) is None


@pytest.mark.parametrize(
    ("before", "after"), [(None, "cancelled"), ("complete", "complete"), ("failed", "failed")]
)
def test_what_has_ended_keeps_how_it_ended(storage, before, after):
    record = this_coordinator("us/flu", "main", {})
    write_record(record.model_copy(update={"process_started": 1.0, "outcome": before}), storage)

    done = cancel("us/flu")

    assert (done.exit_code, outcome(storage)) == (0, after)


def test_no_such_run_ends_with_2(made_up):
    assert cancel("us/flu", "--yes").exit_code == 2

"""Test Snakemake after Ctrl-C."""

import asyncio
import signal
import subprocess
import sys
import threading
import warnings
from types import SimpleNamespace

import pytest
from snakemake.api import SnakemakeApi  # noqa: F401 - imported first, as by Snakemake itself
from snakemake.workflow import Workflow

from epyflow.run import interruption
from epyflow.run.interruption import (
    finish_ended_jobs,
    ignore_repeated_interruptions,
    leave_at_once,
    leave_interrupted_loops,
    read_failure,
)


@pytest.fixture
def running_loop():
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    while not loop.is_running():
        pass
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_a_loop_that_was_stopped_within_a_step_is_not_closed(running_loop, monkeypatch):
    monkeypatch.setattr(Workflow, "tear_down", Workflow.tear_down)  # and back afterwards
    executor = SimpleNamespace(shutdown=lambda: ended.append("executor"))
    interrupted, idle = asyncio.Runner(), asyncio.Runner()
    for runner in (interrupted, idle):
        runner.run(asyncio.sleep(0))
    interrupted.get_loop().close()
    interrupted._loop = running_loop
    closed = idle.get_loop()
    ended: list[str] = []
    workflow = SimpleNamespace(
        injected_conda_envs=[],
        _workdir_handler=None,
        _snakemake_tmp_dir=SimpleNamespace(cleanup=lambda: ended.append("folder")),
        _async_lock=threading.Lock(),
        _async_runners={1: interrupted, 2: idle},
        _async_executor=executor,
    )

    leave_interrupted_loops()
    Workflow.tear_down(workflow)

    assert ended == ["folder", "executor"]
    assert closed.is_closed()
    assert not running_loop.is_closed()


def test_jobs_that_ended_before_the_interruption_are_recorded_once():
    dealt: list[list[str]] = []
    scheduler = SimpleNamespace(
        _lock=threading.Lock(),
        _tofinish=["ended", "recorded before"],
        running={"ended", "goes on"},
        _local_executor=SimpleNamespace(cancel=lambda: None),
    )
    scheduler._finish_jobs = lambda: dealt.append(scheduler._tofinish)

    finish_ended_jobs(scheduler)
    finish_ended_jobs(SimpleNamespace())  # of another Snakemake

    assert dealt == [["ended"]]


@pytest.fixture
def reports(monkeypatch):
    """Return what Python reports of objects that cannot be deleted; restore how, afterwards.

    Later children of this process are those of other tests, and are not interrupted.
    """
    found: list[object] = []
    monkeypatch.setattr(interruption, "_interrupt_late", lambda *_: None)
    monkeypatch.setattr(sys, "unraisablehook", found.append)
    with warnings.catch_warnings():
        yield found


class HalfBuilt:
    def __del__(self):
        raise AttributeError("what its constructor had not yet set")


def test_what_an_interruption_leaves_half_built_is_not_reported(reports):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        ignore_repeated_interruptions()
        HalfBuilt()
        assert len(reports) == 1

        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        HalfBuilt()
        assert len(reports) == 1
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("reports")
def test_an_interruption_is_one_of_the_run_as_soon_as_the_workflow_is_read():
    before = signal.signal(signal.SIGINT, leave_at_once)
    try:
        ignore_repeated_interruptions()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("reports")
def test_only_the_first_of_some_interruptions_in_a_row_interrupts(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(interruption, "time", SimpleNamespace(monotonic=lambda: now[0]))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        ignore_repeated_interruptions()

        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        now[0] = 4.9
        signal.raise_signal(signal.SIGINT)
        now[0] = 5.1
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)

        signal.signal(signal.SIGINT, signal.SIG_IGN)  # as for a command of a script with "&"
        ignore_repeated_interruptions()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


STARTS_A_JOB = """
import signal, subprocess, sys
from epyflow.run.interruption import ignore_repeated_interruptions

# A command of a script with "&" ignores it.
signal.signal(signal.SIGINT, signal.default_int_handler)
ignore_repeated_interruptions()
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    other = subprocess.Popen(["sleep", "1"])
    job = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", "snakemake"])
    print(job.wait(), other.wait())
"""


def test_a_job_that_snakemake_was_about_to_start_is_interrupted_and_another_command_is_not():
    command = [sys.executable, "-c", STARTS_A_JOB]

    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)

    assert done.stdout == f"{-signal.SIGINT} 0\n"


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("Error in rule a:\n", "failed"),
        ("Error\nTerminating processes on user request, this might take some time.\n", "stopped"),
        ("a job said: Terminating processes on user request\n", "failed"),
    ],
)
def test_a_workflow_that_was_interrupted_is_told_from_one_that_failed(tmp_path, text, outcome):
    log = tmp_path / "snakemake.log"
    log.write_text(text)

    assert read_failure([str(tmp_path / "none.log"), str(log)]) == outcome

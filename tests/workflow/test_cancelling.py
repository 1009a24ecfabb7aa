"""A run is ended from another process, and is gone on with."""

import os
import signal
import subprocess
import time
from contextlib import closing

import psutil
import pytest
from typer.testing import CliRunner

from epyflow.cli import app
from epyflow.operations.runs.coordinator_record import read_record
from epyflow.storage.disk import Disk
from tests.forking import ForkedRun
from tests.workflow.workspace import SNAKEMAKE, Workspace


@pytest.fixture
def running(workspace: Workspace):
    """A run whose tasks are at work, for minutes."""
    workspace.change("basemodel", lambda y: y["model"]["simulation"].update(n_sims=400_000))
    process = subprocess.Popen(
        workspace.command("--until", "run_task"),
        cwd=workspace.folder,
        env=workspace.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 300
    while not list(workspace.folder.glob("logs/small/main/run_task/*.log")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    yield process
    process.kill()
    process.wait()


def test_a_run_that_is_cancelled_has_ended_its_jobs_and_left_no_lock_and_no_half_of_a_file(
    running: subprocess.Popen[bytes], workspace: Workspace, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(workspace.folder)

    under_way = CliRunner().invoke(app.app, ["status", "small"])
    done = CliRunner().invoke(app.app, ["cancel", "small", "--yes"])

    assert (under_way.exit_code, done.exit_code) == (3, 0), done.output
    assert "run      0 of 8\n" in under_way.stdout
    assert running.wait(timeout=60) == 1
    assert workers_of(workspace) == []
    record = read_record("small", "main", Disk())
    assert record is not None
    assert (record.outcome, record.pid) == ("cancelled", running.pid)
    assert list(workspace.folder.glob(".snakemake/locks/*")) == []
    assert list(workspace.folder.glob("results/small/main/runner-artifacts/*")) == []
    assert CliRunner().invoke(app.app, ["status", "small"]).exit_code == 4


def test_tasks_that_ended_when_snakemake_was_interrupted_are_not_done_again(workspace: Workspace):
    workspace.change("basemodel", lambda y: y["model"]["simulation"].update(n_sims=3000))
    arguments = workspace.command("--until", "run_task", cores=2)[len(SNAKEMAKE) :]
    with closing(ForkedRun(arguments, workspace.folder, workspace.environment())) as run:
        deadline = time.monotonic() + 300
        while not list(workspace.folder.glob("logs/small/main/run_task/*.log")):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        # Snakemake alone gets it, and waits for its tasks.
        run.send_signal(signal.SIGINT)
        text, code = run.read(300), run.wait()

    ended = list(workspace.folder.glob("results/small/main/runner-artifacts/result_*.pkl"))
    planned = workspace.plan().jobs
    assert code == 1
    assert "Terminating processes on user request" in text
    assert ended
    assert planned.get("run_task", 0) == 2 - len(ended)


def workers_of(workspace: Workspace) -> list[list[str]]:
    """Processes of Snakemake that are at work in the workspace's folder."""
    there = [each for each in psutil.process_iter(["cwd", "cmdline"]) if each.pid != os.getpid()]
    commands = [each.info["cmdline"] for each in there if each.info["cwd"] == str(workspace.folder)]
    return [command for command in commands if "snakemake" in " ".join(command or [])]

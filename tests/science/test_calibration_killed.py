"""A calibration killed after a generation continues from it, to the same bytes."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from epyflow.artifacts import pickling
from epyflow.calibration import sampler
from epyflow.errors import EpyflowError
from epyflow.provenance import code as provenance
from epyflow.run import task_execution
from epyflow.run.checkpoint_backup import Backup
from epyflow.storage.disk import Disk
from epyflow.strategies import run
from tests.calibrating import StoppedError, calibration_task, section, stopped_after

HERE = "abcdefabcdef"
SETTINGS = section("smc", {"num_particles": 12, "num_generations": 5})
REPOSITORY = Path(__file__).resolve().parents[2]

# Generations come so fast that the process must be held back to be caught after one.
RUN_SLOWLY = """
import sys, time
from pathlib import Path

from epyflow.run import task_execution
from epyflow.provenance import code
from epyflow.strategies import checkpoints

save = checkpoints.save

def slowly(*arguments):
    save(*arguments)
    time.sleep(60)

checkpoints.save = slowly
code.code_version = lambda stage: "abcdefabcdef"
task_execution.run_task(Path(sys.argv[1]), Path(sys.argv[2]), partial=False)
"""


@pytest.fixture(autouse=True)
def code(monkeypatch):
    monkeypatch.setattr(provenance, "code_version", lambda stage: HERE)


@pytest.fixture
def task():
    return calibration_task(SETTINGS, code=HERE)


@pytest.fixture
def path(task, tmp_path):
    pickling.write(task, tmp_path / "input_00000.pkl")
    return tmp_path / "input_00000.pkl"


@pytest.fixture
def counted(monkeypatch):
    """Count the simulations of particles from the prior: those of generation 0."""
    drawn = []
    draw = sampler.Priors.draw
    monkeypatch.setattr(
        sampler.Priors, "draw", lambda self, rng: drawn.append(1) or draw(self, rng)
    )
    return drawn


def result_of(path, folder):
    folder.mkdir()
    task_execution.run_task(path, folder / "result_00000.pkl", partial=False)
    assert [each.name for each in folder.iterdir()] == ["result_00000.pkl"]
    return (folder / "result_00000.pkl").read_bytes()


def kill_after_a_generation(path, result, checkpoint):
    """Run a task in another process and kill it once its checkpoint is there."""
    process = subprocess.Popen(
        [sys.executable, "-c", RUN_SLOWLY, str(path), str(result)], cwd=REPOSITORY
    )
    deadline = time.monotonic() + 120
    while not checkpoint.is_file() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait(timeout=30) == -signal.SIGKILL


def test_a_killed_calibration_continues_to_the_bytes_of_an_uninterrupted_one(
    path, tmp_path, counted, caplog
):
    whole = result_of(path, tmp_path / "whole")
    assert len(counted) == 12
    result = tmp_path / "result_00000.pkl"
    checkpoint = tmp_path / "checkpoint_00000.pkl"
    kill_after_a_generation(path, result, checkpoint)
    assert not result.exists()
    assert len(pickling.read_checkpoint(checkpoint).generations) == 1
    counted.clear()

    with caplog.at_level("INFO", "epyflow"):
        task_execution.run_task(path, result, partial=False)

    assert result.read_bytes() == whole
    assert counted == []
    assert f"continuing after generation 1, from {checkpoint}" in caplog.messages
    logged = [message[:17] for message in caplog.messages if message.startswith("generation")]
    assert logged == [f"generation {number} of 5" for number in (2, 3, 4, 5)]
    assert not checkpoint.exists()


@pytest.mark.parametrize("kept", [1, 3, 5])
def test_a_calibration_continues_from_any_generation(task, path, tmp_path, kept):
    whole = result_of(path, tmp_path / "whole")
    stop_after(task, tmp_path / "checkpoint_00000.pkl", kept)

    task_execution.run_task(path, tmp_path / "result_00000.pkl", partial=False)

    assert (tmp_path / "result_00000.pkl").read_bytes() == whole


def test_a_calibration_on_a_lost_disk_continues_from_its_backup(path, tmp_path, counted):
    whole = result_of(path, tmp_path / "whole")
    backup = Backup(Disk(tmp_path / "bucket"), "runner-artifacts/checkpoint_00000.pkl")
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    with stopped_after(3), pytest.raises(StoppedError):
        task_execution.run_task(path, first / "result_00000.pkl", partial=False, backup=backup)
    counted.clear()

    task_execution.run_task(path, second / "result_00000.pkl", partial=False, backup=backup)

    assert (second / "result_00000.pkl").read_bytes() == whole
    assert counted == []


def stop_after(task, checkpoint, generations):
    """Run a task up to the checkpoint of a generation."""
    with stopped_after(generations), pytest.raises(StoppedError):
        run(task, checkpoint)


def of_another_task(task, checkpoint):
    stop_after(replace(task, seed=task.seed + 1), checkpoint, 2)


def truncated(task, checkpoint):
    stop_after(task, checkpoint, 2)
    checkpoint.write_bytes(checkpoint.read_bytes()[:-10])


def foreign(task, checkpoint):
    checkpoint.write_bytes(b"no checkpoint at all")


def another_artifact(task, checkpoint):
    pickling.write(task, checkpoint)


@pytest.mark.parametrize("spoil", [of_another_task, truncated, foreign, another_artifact])
def test_a_checkpoint_that_is_not_of_the_task_is_ignored_with_a_line_in_the_log(
    task, path, tmp_path, caplog, spoil
):
    whole = result_of(path, tmp_path / "whole")
    checkpoint = tmp_path / "checkpoint_00000.pkl"
    spoil(task, checkpoint)
    caplog.clear()

    with caplog.at_level("INFO", "epyflow"):
        task_execution.run_task(path, tmp_path / "result_00000.pkl", partial=False)

    assert (tmp_path / "result_00000.pkl").read_bytes() == whole
    assert any("starts from the beginning" in message for message in caplog.messages)
    assert not checkpoint.exists()


def test_a_calibration_whose_projection_fails_leaves_its_generations(path, tmp_path, monkeypatch):
    def fail(*_):
        raise ValueError("no projection")

    # The package has a function of the module's name.
    monkeypatch.setattr(sys.modules["epyflow.strategies.calibrate"], "project", fail)
    short = section("smc", {"num_particles": 12, "num_generations": 2})
    pickling.write(calibration_task(short, code=HERE), path)

    with pytest.raises(EpyflowError, match="no projection"):
        task_execution.run_task(path, tmp_path / "result_00000.pkl", partial=False)

    assert len(pickling.read_checkpoint(tmp_path / "checkpoint_00000.pkl").generations) == 2


def test_time_taken_before_the_interruption_counts_towards_max_time(task, tmp_path):
    checkpoint = tmp_path / "checkpoint.pkl"
    timed = replace(
        task, calibration=task.calibration.replace('"max_time": null', '"max_time": "1h"')
    )
    assert timed.calibration != task.calibration
    stop_after(timed, checkpoint, 2)
    pickling.write(replace(pickling.read_checkpoint(checkpoint), seconds=3601.0), checkpoint)

    fit = run(timed, checkpoint).fit

    assert fit.ended == "max_time"
    assert len(fit.generations) == 2

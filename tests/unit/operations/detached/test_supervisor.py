"""Snakemake is watched, its output copied, and ended without a chance to delete its tasks."""

import os
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from epyflow.errors import EpyflowError, RunningError
from epyflow.operations.detached.supervisor import (
    TAKEN_AWAY,
    TIME_UP,
    Chore,
    HeldFile,
    Journal,
    Stop,
    bounded,
    supervise,
)
from epyflow.storage.disk import Disk, SharedFolder

# Stands for Snakemake: it has a child, and would tidy up at a signal that lets it.
LONG = """
import pathlib, signal, subprocess, sys, time
def tidy(number, frame):
    pathlib.Path("tidied").touch()
for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(each, tidy)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
pathlib.Path("child.tmp").write_text(str(child.pid))
pathlib.Path("child.tmp").rename("child")
print("begun", flush=True)
while True:
    time.sleep(1)
"""


@pytest.fixture
def journal(tmp_path) -> Journal:
    journal = Journal(tmp_path / "coordinator.log", "logs/x/coordinator.log", Disk(tmp_path))
    journal.begin("heading")
    return journal


def run(journal, tmp_path, code, *, stop=None, chores=(), seconds=600.0) -> int:
    command = [sys.executable, "-c", code]
    stop = stop or Stop()
    return supervise(command, tmp_path, os.environ, journal, chores, stop, seconds)


def copied(tmp_path: Path) -> str:
    return (tmp_path / "logs" / "x" / "coordinator.log").read_text()


def is_gone(pid: int) -> bool:
    """Whether a process that was killed is gone: the system takes a moment to end it."""
    try:
        process = psutil.Process(pid)
        for _ in range(100):
            if process.status() == psutil.STATUS_ZOMBIE:
                return True
            time.sleep(0.1)
    except psutil.NoSuchProcess:
        return True
    return False


def test_its_exit_code_and_all_that_it_prints_come_through(journal, tmp_path, capfdbinary):
    code = run(journal, tmp_path, "import sys; print('out'); sys.exit(3)")
    journal.copy()

    assert code == 3
    assert copied(tmp_path) == "[coordinator] heading\nout\n"
    # The heading was printed before this test began.
    assert capfdbinary.readouterr().out == b"out\n"


def test_one_that_was_killed_is_no_success(journal, tmp_path):
    assert run(journal, tmp_path, "import os; os.kill(os.getpid(), 9)") == 137


def test_when_the_machine_is_taken_away_it_is_ended_with_no_chance_to_tidy_up(journal, tmp_path):
    stop = Stop()

    def take_away() -> None:
        while not (tmp_path / "child").exists():
            time.sleep(0.02)
        stop.ask()

    thread = threading.Thread(target=take_away)
    thread.start()
    assert run(journal, tmp_path, LONG, stop=stop) == TAKEN_AWAY
    thread.join()

    assert not (tmp_path / "tidied").exists()
    assert is_gone(int((tmp_path / "child").read_text()))


def test_so_it_is_when_its_hours_are_over(journal, tmp_path):
    assert run(journal, tmp_path, LONG, seconds=2.0) == TIME_UP
    assert not (tmp_path / "tidied").exists()


def test_a_coordinator_continues_the_log_of_an_earlier_one_and_its_start_is_in_the_bucket_at_once(
    tmp_path,
):
    storage = Disk(tmp_path)
    storage.write("there", b"before\n")
    journal = Journal(tmp_path / "log", "there", storage)

    journal.begin("again")

    assert storage.read("there") == b"before\n[coordinator] again\n"


def test_an_earlier_log_that_is_too_large_is_replaced_and_stops_no_coordinator(tmp_path):
    with (tmp_path / "there").open("wb") as file:
        file.truncate(2**26 + 1)  # a sparse file: it takes no space

    Journal(tmp_path / "log", "there", Disk(tmp_path)).begin("again")

    assert (tmp_path / "there").read_text() == (
        f"[coordinator] The earlier log is replaced: {tmp_path}/there has more than 67,108,864 "
        "bytes, as no such file of a run has; nothing of it was read. Find out who may write it; "
        "delete it, or make it again\n[coordinator] again\n"
    )


def test_a_log_that_has_not_grown_is_not_copied_again(journal, tmp_path):
    journal.copy()
    (tmp_path / "logs" / "x" / "coordinator.log").unlink()

    journal.copy()

    assert not (tmp_path / "logs" / "x" / "coordinator.log").exists()


def test_of_a_very_long_log_the_beginning_and_the_end_are_copied():
    data = b"a" * 100 + b"b" * 100

    assert bounded(data, most=150, last=50) == data
    cut = bounded(data, most=20, last=10)
    assert cut.startswith(b"a" * 20 + b"\n[...]")
    assert cut.endswith(b"\n" + b"b" * 10)
    # It grows at its end only, for those who follow it.
    assert bounded(data + b"c", most=20, last=10).startswith(b"a" * 20 + b"\n[...]")
    assert len(bounded(bytes(20 * 1024**2))) < 10 * 1024**2


def test_a_chore_that_fails_is_told_and_done_again():
    done, said = [], []

    def fail_once() -> None:
        done.append(1)
        if len(done) == 1:
            raise EpyflowError("no answer")

    chore = Chore(fail_once, every=0.0)
    chore.do_if_due(said.append)
    chore.do(said.append)

    assert len(done) == 2
    assert said == ["Not copied to the bucket, will be tried again: no answer"]


def test_a_coordinator_that_has_lost_the_run_replaces_nothing_that_the_other_has_written(tmp_path):
    storage, lost = SharedFolder(tmp_path), list[str]()

    def confirm() -> None:
        if lost:
            raise RunningError(lost[0])

    first, second = HeldFile("there", storage, confirm), HeldFile("there", storage)
    first.write(b"first")
    first.write(b"first, longer")
    lost.append("another one has the run")
    second.write(b"second")

    with pytest.raises(RunningError, match="another one has the run"):
        first.write(b"late")

    assert storage.read("there") == b"second"
    second.write(b"second, longer")
    assert storage.read("there") == b"second, longer"


def test_a_file_whose_answer_was_lost_is_written_once_more(tmp_path):
    class Forgetful(SharedFolder):
        answers = 0

        def write_version(self, path: str, data: bytes, replaced: str | None) -> str | None:
            self.answers += 1
            version = super().write_version(path, data, replaced)
            return None if self.answers == 1 else version

    storage = Forgetful(tmp_path)

    HeldFile("there", storage).write(b"data")

    assert (storage.read("there"), storage.answers) == (b"data", 2)

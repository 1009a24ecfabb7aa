"""Nothing outlives ``google-batch-emulator run``, whatever ends it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from emulator_support import processes_with, until

RUN = [sys.executable, "-m", "google_batch_emulator", "run", "--stub"]

# It heeds no signal, and neither does what it starts in a session of its own.
STUBBORN = """
trap '' INT TERM HUP
setsid sh -c 'while :; do sleep 0.1; done' %s &
echo "$STORAGE_EMULATOR_HOST" > %s/started.tmp; mv %s/started.tmp %s/started
while :; do sleep 0.1; done
"""


@dataclass
class Under:
    """A command under an emulator; its script and the emulator have a text in their arguments."""

    folder: Path
    started: list[subprocess.Popen[str]]

    @property
    def mark(self) -> str:
        return str(self.folder)

    def start(
        self, script: str, *options: str, before: tuple[str, ...] = ()
    ) -> subprocess.Popen[str]:
        own = ["--state-dir", str(self.folder / "state"), *options]
        process = subprocess.Popen(
            [*before, *RUN, *own, "--", "sh", "-c", script, self.mark],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            # Tests may run in the background of a shell, which lets them ignore it.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        self.started.append(process)
        return process

    def stubborn(self, *options: str, before: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        """Start what only SIGKILL ends, and wait until it runs."""
        process = self.start(STUBBORN.replace("%s", self.mark), *options, before=before)
        until((self.folder / "started").exists, "the command runs")
        return process

    def wait_until_nothing_is_left(self) -> None:
        storage = (self.folder / "started").read_text().strip()
        until(lambda: not processes_with(self.mark), "the command is gone")
        until(lambda: not processes_with(storage), "the storage server is gone")


@pytest.fixture
def under(tmp_path: Path) -> Iterator[Under]:
    made = Under(tmp_path, [])
    yield made
    for process in made.started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_command_that_heeds_no_signal_is_killed_when_its_time_is_up(under, number):
    process = under.stubborn("--grace", "0.3")

    process.send_signal(number)

    assert process.wait(60) == 128 + signal.SIGKILL
    under.wait_until_nothing_is_left()
    assert list((under.folder / "state").iterdir()) == []


def test_timeout_ends_it(under):
    # What it does when its time is up, it does at once when it is asked to end.
    process = under.stubborn("--grace", "0.3", before=("timeout", "3600"))

    process.terminate()

    under.wait_until_nothing_is_left()


def test_a_second_signal_does_not_wait(under):
    process = under.stubborn("--grace", "3600")

    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGINT)

    assert process.wait(60) == 128 + signal.SIGKILL
    under.wait_until_nothing_is_left()


def test_when_the_emulator_is_killed_nothing_is_left(under):
    process = under.stubborn()

    process.kill()

    under.wait_until_nothing_is_left()


def test_when_what_started_the_emulator_is_killed_nothing_is_left(under):
    # Without `wait`, the shell would become the emulator.
    shell = under.stubborn("--grace", "0.3", before=("sh", "-c", '"$@" & wait', "sh"))

    shell.kill()

    under.wait_until_nothing_is_left()


def test_under_nohup_it_outlives_what_started_it(under):
    script = (
        f"touch {under.folder}/started; until test -e {under.folder}/go; do sleep 0.1; done; "
        f"touch {under.folder}/done"
    )
    shell = under.start(script, before=("sh", "-c", 'nohup "$@" & wait', "sh"))
    until((under.folder / "started").exists, "the command runs")

    shell.kill()
    shell.wait()
    # The emulator looks for its parent once a second.
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run(["sleep", "600"], timeout=2.5, check=False)
    (under.folder / "go").touch()

    until((under.folder / "done").exists, "the command has come to its end")
    until(lambda: not processes_with(under.mark), "everything is gone")


def test_a_command_that_heeds_a_signal_ends_in_its_own_way(under):
    script = (
        f"trap 'echo cleared; exit 5' TERM; touch {under.folder}/started; "
        "while :; do sleep 0.1; done"
    )
    process = under.start(script, "--grace", "3600")
    until((under.folder / "started").exists, "the command runs")

    process.terminate()
    printed, _ = process.communicate(timeout=60)

    assert (process.returncode, printed) == (5, "cleared\n")


@pytest.mark.parametrize("by_hand", [True, False], ids=["ctrl_c", "sigterm"])
def test_at_a_terminal_a_signal_comes_to_the_command_once(under, by_hand):
    master, slave = os.openpty()
    script = (
        "trap 'echo x; sleep 0.5; exit 6' INT TERM; "
        f"touch {under.folder}/started; while :; do sleep 0.1; done"
    )
    # The first terminal that the leader of a session opens becomes the session's.
    terminal = ("sh", "-c", f'exec "$@" < {os.ttyname(slave)}', "sh")
    process = under.start(script, "--grace", "3600", before=terminal)
    until((under.folder / "started").exists, "the command runs")

    if by_hand:
        os.write(master, b"\x03")
    else:
        process.terminate()
    printed, _ = process.communicate(timeout=60)

    assert (process.returncode, printed) == (6, "x\n")
    os.close(master)
    os.close(slave)


def test_what_a_command_leaves_in_the_background_ends_with_it(under):
    process = under.start(f"setsid sleep 1000 & echo $! > {under.folder}/left; exit 3")

    assert process.wait(60) == 3
    left = int((under.folder / "left").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(left, 0)


def test_input_and_environment_are_those_of_the_emulator(under):
    finished = subprocess.run(
        [*RUN, "--", "sh", "-c", 'read line; echo "$line $OWN $GOOGLE_CLOUD_PROJECT"'],
        env={**os.environ, "OWN": "mine"},
        input="typed\n",
        capture_output=True,
        text=True,
        check=True,
    )

    assert finished.stdout == "typed mine rehearsal\n"

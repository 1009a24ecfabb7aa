"""Run the command of ``google-batch-emulator run``: pass on signals, kill what is left."""

import os
import select
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from google_batch_emulator.errors import EmulatorError
from google_batch_emulator.execution.process import PACKAGES

# The bare interpreter does not know where packages are.
_START = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from google_batch_launcher.foreground import main; sys.exit(main())"
)
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LOOK_SECONDS = 1.0


def find_program(name: str) -> None:
    """Look for a program before anything is started.

    Raises
    ------
    EmulatorError
        If there is none of that name, or it cannot be executed.
    """
    if shutil.which(name) is None:
        raise EmulatorError(f"{name}: no such program, or it cannot be executed")


class Foreground:
    """Runs one command and answers for it.

    SIGINT, SIGTERM and SIGHUP are passed on. A command that has not ended ``grace`` seconds after
    the first is killed with everything it has started, and so it is at the second signal. The
    death of the process that started the emulator counts as SIGHUP, unless that is ignored, as
    under ``nohup``.

    At a terminal, Ctrl-C reaches the command directly, and how long it takes to end is for the
    person there to judge.

    Parameters
    ----------
    grace
        Seconds.
    """

    def __init__(self, grace: float) -> None:
        self._grace = grace
        self._process: subprocess.Popen[bytes] | None = None
        self._shared = _has_terminal()
        self._timer: threading.Timer | None = None
        # Whoever starts a process with a signal ignored wants it to stay so.
        for number in _SIGNALS:
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._come)
        self._leaves_parent = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN

    def run(self, command: Sequence[str], environment: Mapping[str, str]) -> int:
        """Run a command to its end; return its exit code, 128 + N where signal N ended it."""
        self._process = process = subprocess.Popen(  # noqa: S603 - what the user wants to run
            [sys.executable, "-I", "-S", "-c", _START, PACKAGES, str(os.getpid()), *command],
            env={**os.environ, **environment},
            process_group=None if self._shared else 0,
        )
        self._watch(process)
        if self._timer is not None:
            self._timer.cancel()
        code = process.wait()
        return code if code >= 0 else 128 - code

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        """Wait for the end, and see to it that it comes once nobody waits for us."""
        parent = os.getppid()
        handle = os.pidfd_open(process.pid)
        try:
            while not select.select([handle], [], [], _LOOK_SECONDS)[0]:
                if os.getppid() != parent and not self._leaves_parent:
                    parent = os.getppid()
                    self._pass_on(signal.SIGHUP)
        finally:
            os.close(handle)

    def _come(self, number: int, frame: FrameType | None) -> None:
        """Take a signal."""
        if self._process is None:
            _end(number)
        if number == signal.SIGINT and self._shared:
            return
        self._pass_on(number)

    def _pass_on(self, number: int) -> None:
        """Send the command a signal; kill it at the second one, or when its time is up."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        if self._timer is not None:
            self._kill()
            return
        self._timer = threading.Timer(self._grace, self._kill)
        self._timer.daemon = True
        self._timer.start()
        if self._shared:
            process.send_signal(number)
        else:
            os.killpg(process.pid, number)

    def _kill(self) -> None:
        """Have everything killed that the command has started, and it."""
        if self._process is not None:
            self._process.send_signal(signal.SIGUSR1)


def _end(number: int) -> NoReturn:
    """End before the command has begun."""
    sys.exit(128 + number)


def _has_terminal() -> bool:
    """Whether this process is in the foreground of a terminal."""
    try:
        with Path("/dev/tty").open("rb") as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False

"""Runs of Snakemake as ordinary processes, where the repository of epyflow has no forks of them."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

ADDRESS = "FORK_SERVER"


class PlainRun:
    """A run of Snakemake in a process group of its own. What it prints is one text."""

    def __init__(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]
    ) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "snakemake", *arguments],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self.pid = self._process.pid

    def send_signal(self, number: int) -> None:
        """Send a signal to Snakemake alone."""
        self._process.send_signal(number)

    def wait(self) -> int:
        """Return the exit code."""
        return self._process.wait()

    def read(self, seconds: float) -> str:
        """Return what it prints, until it has ended."""
        return self._process.communicate(timeout=seconds)[0]

    def close(self) -> None:
        """Kill it with its process group, if it runs, and close what it prints to."""
        if self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


def plain_python(folder: Path) -> Path:
    """Write a command ``python`` for `PATH`, which is the Python that runs."""
    folder.mkdir(parents=True, exist_ok=True)
    command = folder / "python"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    command.chmod(0o755)
    return folder


def no_address() -> str:
    """Return the value of :data:`ADDRESS`: there is no server of forks."""
    return ""

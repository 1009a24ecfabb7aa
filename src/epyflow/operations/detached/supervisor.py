"""Watch over Snakemake: copy what it prints, do chores meanwhile, and end it without its tasks.

At SIGINT, Snakemake deletes its jobs; at SIGTERM it waits for them. Only SIGKILL leaves them.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from epyflow.errors import EpyflowError
from epyflow.storage.disk import Storage

TAKEN_AWAY, TIME_UP = 75, 76
"""Exit codes of a coordinator that is to be started again, and of one whose hours are over."""

_LOOK_SECONDS = 0.5
_MOST_BYTES = 8 * 1024**2
_LAST_BYTES = 1024**2
_CUT = b"\n[...] what is missing here is in Cloud Logging\n\n"


class Stop:
    """Whether the machine is being taken away; a signal may say so at any moment."""

    def __init__(self) -> None:
        self.asked = False

    def ask(self) -> None:
        """Say that it is."""
        self.asked = True


class Chore:
    """Something to do now and then; what takes long is done less often.

    Parameters
    ----------
    action
        What is done. That it fails does not end the run.
    every
        Seconds between two times.
    """

    def __init__(self, action: Callable[[], object], every: float) -> None:
        self._action, self._every = action, every
        self._due = time.monotonic() + every

    def do_if_due(self, say: Callable[[str], None]) -> None:
        """Do it, if it is time."""
        if time.monotonic() >= self._due:
            self.do(say)

    def do(self, say: Callable[[str], None]) -> None:
        """Do it now; what goes wrong is said."""
        began = time.monotonic()
        try:
            self._action()
        except (EpyflowError, OSError) as error:
            say(f"Not copied to the bucket, to be tried again: {error}")
        now = time.monotonic()
        self._due = now + max(self._every, 10 * (now - began))


class Journal:
    """What the coordinator prints: in a file, on standard output, and copied to the bucket.

    Parameters
    ----------
    path
        The file.
    there
        Where its copy lies in the storage.
    storage
        The files under the storage prefix.
    """

    def __init__(self, path: Path, there: str, storage: Storage) -> None:
        self.path = path
        self._there, self._storage = there, storage
        self._copied = self._printed = 0

    def begin(self, heading: str) -> None:
        """Go on with what earlier coordinators of the run have written."""
        before = self._storage.read(self._there) or b""
        self.path.write_bytes(before)
        self._printed = self._copied = len(before)
        self.say(heading)

    def say(self, text: str) -> None:
        """Add a line of the coordinator's own."""
        with self.path.open("ab") as file:
            file.write(f"[coordinator] {text}\n".encode())
        self.print_new()

    def print_new(self) -> None:
        """Print what has been written since the last time."""
        with self.path.open("rb") as file:
            file.seek(self._printed)
            data = file.read()
        self._printed += len(data)
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()

    def copy(self) -> None:
        """Copy the file to the bucket, if it has grown; of a very long one, beginning and end."""
        size = self.path.stat().st_size
        if size == self._copied:
            return
        self._storage.write(self._there, bounded(self.path.read_bytes()))
        self._copied = size


def bounded(data: bytes, most: int = _MOST_BYTES, last: int = _LAST_BYTES) -> bytes:
    """Return a log whole, or its beginning and its end: who follows it sees it grow."""
    if len(data) <= most + last:
        return data
    return data[:most] + _CUT + data[-last:]


def supervise(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    journal: Journal,
    chores: Sequence[Chore],
    stop: Stop,
    seconds: float,
) -> int:
    """Run a command until it ends or has to be ended.

    Parameters
    ----------
    command, folder, environment
        What is run, where, and with which variables.
    journal
        Gets what it prints.
    chores
        Done while it runs.
    stop
        Ends it when the machine is taken away.
    seconds
        After which it is ended.

    Returns
    -------
    code
        Its exit code, ``TAKEN_AWAY`` or ``TIME_UP``.
    """
    limit = time.monotonic() + seconds
    with journal.path.open("ab") as output:
        child = subprocess.Popen(  # noqa: S603 - Snakemake, with the submitter's arguments
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        while not stop.asked and time.monotonic() < limit:
            try:
                code = child.wait(_LOOK_SECONDS)
            except subprocess.TimeoutExpired:
                journal.print_new()
                for chore in chores:
                    chore.do_if_due(journal.say)
                continue
            return code if code >= 0 else 128 - code
        return TAKEN_AWAY if stop.asked else TIME_UP
    finally:
        _kill(child)
        journal.print_new()


def _kill(child: "subprocess.Popen[bytes]") -> None:
    """End a process and all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()

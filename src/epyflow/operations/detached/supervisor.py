"""Supervise Snakemake: copy its output, do periodic work, and end it without ending its tasks.

At SIGINT, Snakemake deletes its jobs; at SIGTERM it waits for them. SIGKILL leaves them running.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from epyflow.errors import EpyflowError, RunningError, UnreadableError
from epyflow.operations.runs.coordinator_process import REPLACED
from epyflow.storage.disk import Storage
from epyflow.storage.stored_file import LARGEST_TEXT, VersionedStorage

TAKEN_AWAY, TIME_UP = 75, 76
"""Exit codes of a coordinator on a preempted machine, and after its time limit."""

_LOOK_SECONDS = 0.5
_MOST_BYTES = 8 * 1024**2
_LAST_BYTES = 1024**2
_CUT = b"\n[...] what is missing here is in Cloud Logging\n\n"


class Stop:
    """Whether and why the coordinator has to end; set by a signal handler or another thread.

    Attributes
    ----------
    code
        ``TAKEN_AWAY`` if the machine is being preempted, ``REPLACED`` if another coordinator has
        taken the run over; None until then.
    """

    def __init__(self) -> None:
        self.code: int | None = None

    def ask(self, code: int = TAKEN_AWAY) -> None:
        """Ask the coordinator to end."""
        self.code = REPLACED if self.code == REPLACED else code

    @property
    def replaced(self) -> bool:
        """Whether the files of the run belong to another coordinator."""
        return self.code == REPLACED


class HeldFile:
    """A file of a run that only the coordinator with the lease replaces.

    A coordinator does not know at once that another one has taken the run over. What that one has
    written has another version, so the first has to confirm the lease before it replaces it.

    Parameters
    ----------
    path, storage
        The file and its storage. On disk, which has no leases, it is simply replaced.
    confirm
        Raises RunningError if another coordinator has the run; may be set later.
    """

    def __init__(
        self, path: str, storage: Storage, confirm: Callable[[], object] = lambda: None
    ) -> None:
        self.path, self.storage, self.confirm = path, storage, confirm
        self._version: str | None = None

    def write(self, data: bytes) -> None:
        """Write the file.

        Raises
        ------
        RunningError
            If another coordinator has the run.
        EpyflowError
            If the storage refuses, or somebody else writes it at this moment.
        """
        if not isinstance(self.storage, VersionedStorage):
            self.storage.write(self.path, data)
            return
        for _ in range(2):  # the answer to the first of two requests may have been lost
            if self._version is None:
                found = self.storage.read_version(self.path)
                self.confirm()
                self._version = None if found is None else found.name
            self._version = self.storage.write_version(self.path, data, self._version)
            if self._version is not None:
                return
        raise EpyflowError(f"{self.path}: somebody else writes it, too")


class Chore:
    """A periodic action. Slow actions are done less often.

    Parameters
    ----------
    action
        The action. An error is logged and does not end the run.
    every
        Seconds between two calls.
    """

    def __init__(self, action: Callable[[], object], every: float) -> None:
        self._action, self._every = action, every
        self._due = time.monotonic() + every

    def do_if_due(self, say: Callable[[str], None]) -> None:
        """Do the action if it is due."""
        if time.monotonic() >= self._due:
            self.do(say)

    def do(self, say: Callable[[str], None]) -> None:
        """Do the action now; log an error."""
        began = time.monotonic()
        try:
            self._action()
        except RunningError:
            pass  # the lease has told, and the coordinator ends
        except (EpyflowError, OSError) as error:
            say(f"Not copied to the bucket, will be tried again: {error}")
        now = time.monotonic()
        self._due = now + max(self._every, 10 * (now - began))


class Journal:
    """The output of the coordinator: a file, standard output, and a copy in the bucket.

    Parameters
    ----------
    path
        The file.
    there
        Path of the copy in the storage.
    storage
        The files under the storage prefix.

    Attributes
    ----------
    there
        The copy.
    """

    def __init__(self, path: Path, there: str, storage: Storage) -> None:
        self.path, self.there = path, HeldFile(there, storage)
        self._copied = self._printed = 0

    def begin(self, heading: str) -> None:
        """Continue the output of earlier coordinators; the heading is in the bucket at once."""
        try:
            before = self.there.storage.read(self.there.path, LARGEST_TEXT) or b""
        except UnreadableError as problem:  # no coordinator wrote it, and it must not stop this one
            before = f"[coordinator] The earlier log is replaced: {problem}\n".encode()
        self.path.write_bytes(before)
        self._printed = self._copied = len(before)
        self.say(heading)
        self.copy()

    def say(self, text: str) -> None:
        """Add a line of the coordinator itself."""
        with self.path.open("ab") as file:
            file.write(f"[coordinator] {text}\n".encode())
        self.print_new()

    def print_new(self) -> None:
        """Print the output since the last call."""
        with self.path.open("rb") as file:
            file.seek(self._printed)
            data = file.read()
        self._printed += len(data)
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()

    def copy(self) -> None:
        """Copy the file to the bucket if it has grown; of a very long file, beginning and end."""
        size = self.path.stat().st_size
        if size == self._copied:
            return
        self.there.write(bounded(self.path.read_bytes()))
        self._copied = size


def bounded(data: bytes, most: int = _MOST_BYTES, last: int = _LAST_BYTES) -> bytes:
    """Return a log, or the beginning and the end of a long one."""
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
    """Run a command until it ends, it has to stop, or the time limit is reached.

    Parameters
    ----------
    command, folder, environment
        Command line, working directory and environment.
    journal
        Receives its output.
    chores
        Periodic actions while it runs.
    stop
        Ends it when the machine is preempted, or another coordinator has taken over.
    seconds
        Time limit.

    Returns
    -------
    code
        Its exit code, that of ``stop``, or ``TIME_UP``.
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
        while stop.code is None and time.monotonic() < limit:
            try:
                code = child.wait(_LOOK_SECONDS)
            except subprocess.TimeoutExpired:
                journal.print_new()
                for chore in chores:
                    chore.do_if_due(journal.say)
                continue
            return code if code >= 0 else 128 - code
        return TIME_UP if stop.code is None else stop.code
    finally:
        _kill(child)
        journal.print_new()


def _kill(child: "subprocess.Popen[bytes]") -> None:
    """Kill a process and its process group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()

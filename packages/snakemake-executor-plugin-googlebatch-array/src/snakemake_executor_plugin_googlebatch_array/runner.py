"""Run one task on the worker: fetch the sources, run Snakemake, keep the log.

This file travels in the job definition and runs by itself in the task's container, with nothing
but Python's standard library. Only copying to and from Cloud Storage needs google-cloud-storage,
which is there because Snakemake's storage plugin needs it; where it is missing, Snakemake fetches
the sources and the log stays in Cloud Logging.

The exit status is that of the first command that fails. A failed copy of the log is reported and
does not change the exit status.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import FrameType

NOTE = "[googlebatch-array]"
"""Begins the lines that are ours, not the command's."""

OOM = "out of memory"
"""Is in the line that tells that the kernel killed a process of the task."""

_OURS = ("SMK_RUNNER", "SMK_COMMAND", "SMK_TASK_ARGS", "SMK_TASK_KEY")
_KILLS = ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control")
_GRACE = 5.0
"""Seconds between asking a command to stop and killing it; Docker allows 10 for everything."""


def main() -> int:
    """Run the task that the environment describes and return its exit status."""
    command = decode(os.environ["SMK_COMMAND"])
    own = decode(os.environ["SMK_TASK_ARGS"]) if os.environ.get("SMK_TASK_ARGS") else []
    folder = Path(tempfile.mkdtemp(prefix="snakemake-task-"))
    name = f"{os.environ.get('BATCH_TASK_INDEX', '0')}.log"
    log = Log(folder / "task.log", command.get("log"), name, command.get("project"))
    task = Task(folder / "work", log, command)
    signal.signal(signal.SIGTERM, task.terminate)
    log.start(command["interval"])
    kills = oom_kills()
    try:
        status = task.run(own)
        killed = oom_kills() - kills
        if killed > 0:
            log.note(f"{OOM}: the kernel killed {killed} process(es) of this task")
        log.note(f"exit status {status}")
    finally:
        log.finish()
        shutil.rmtree(folder, ignore_errors=True)
    return status


class Task:
    """The commands of one task, run one after the other in a folder of their own."""

    def __init__(self, folder: Path, log: Log, command: dict[str, Any]) -> None:
        folder.mkdir()
        self.folder = folder
        self.log = log
        self.command = command
        self.child: subprocess.Popen[bytes] | None = None
        self.terminated = False

    def run(self, own: list[str]) -> int:
        """Fetch the sources, then run Snakemake for this task; return the exit status."""
        if not self.fetch_sources() and self.command["deploy"]:
            status = self.execute(self.command["deploy"])
            if status:
                self.log.note("the workflow's sources could not be fetched")
                return status
        return self.execute([*self.command["head"], *own, *self.command["tail"]])

    def fetch_sources(self) -> bool:
        """Unpack the workflow's sources; false if Snakemake has to do it."""
        sources, project = self.command.get("sources"), self.command.get("project")
        if not sources:
            return False
        archive = self.folder.parent / "sources.tar.xz"
        try:
            blob = bucket(sources["bucket"], project).blob(sources["object"])
            blob.download_to_filename(str(archive), timeout=60)
            found = hashlib.sha256(archive.read_bytes()).hexdigest()
            if found != sources["sha256"]:
                raise ValueError(f"SHA-256 is {found}, expected {sources['sha256']}")
            with tarfile.open(archive) as tar:
                tar.extractall(self.folder, filter="data")
        except Exception as error:
            # Snakemake's own way may still work, and says more where it does not.
            self.log.note(f"sources not fetched directly ({describe(error)}); asking Snakemake")
            return False
        return True

    def execute(self, arguments: list[str]) -> int:
        """Run a command, copy its output to the log, return its exit status."""
        if self.command.get("setup"):
            # The user's --precommand is shell code; what it exports is meant for the command.
            arguments = ["bash", "-c", f'{self.command["setup"]} && exec "$@"', "bash", *arguments]
        if self.terminated:
            return 128 + signal.SIGTERM
        try:
            self.child = subprocess.Popen(  # noqa: S603 - a list of arguments, and no shell
                arguments,
                cwd=self.folder,
                env=environment(self.folder),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            self.log.note(f"{arguments[0]} cannot be started: {describe(error)}")
            return 127 if isinstance(error, FileNotFoundError) else 126
        output: Any = self.child.stdout
        for chunk in iter(lambda: output.read1(65536), b""):
            self.log.write(chunk)
        code = self.child.wait()
        return code if code >= 0 else 128 - code

    def terminate(self, number: int, frame: FrameType | None) -> None:
        """Pass SIGTERM on to the command.

        Docker sends it where something stops the container. That Google Batch does so at the end
        of a VM or of a time limit is not documented, so nothing depends on it.
        """
        self.terminated = True
        self._signal(signal.SIGTERM)
        threading.Timer(_GRACE, self._signal, (signal.SIGKILL,)).start()

    def _signal(self, number: int) -> None:
        """Signal the command and everything it started."""
        if self.child is not None and self.child.poll() is None:
            try:
                os.killpg(self.child.pid, number)
            except ProcessLookupError:
                return


class Log:
    """Everything the task prints: to the container's output, and to a file in the bucket."""

    def __init__(
        self, path: Path, target: dict[str, str] | None, name: str, project: str | None
    ) -> None:
        self.path = path
        self.file = path.open("wb", buffering=0)
        self.target = target
        self.name = name
        self.project = project
        self.lock = threading.RLock()
        self.copying = threading.Lock()
        self.stop = threading.Event()
        self.copied = -1
        self.told = False
        self.is_full = False
        self.notes = b""

    def start(self, interval: float) -> None:
        """Copy the log now and then, so that something is left when the VM is lost."""
        if self.target and interval > 0:
            threading.Thread(target=self._repeat, args=(interval,), daemon=True).start()

    def write(self, chunk: bytes) -> None:
        """Add what the command printed."""
        with self.lock:
            sys.stdout.buffer.write(chunk)
            sys.stdout.buffer.flush()
            try:
                if not self.is_full:
                    self.file.write(chunk)
            except OSError as error:
                # The task may still end well: it goes on, and Cloud Logging has the rest.
                self.is_full = True
                self.note(f"the log cannot grow on the worker's disk: {describe(error)}")

    def note(self, text: str) -> None:
        """Add a line of our own; it is copied to the bucket though the disk may be full."""
        line = f"{NOTE} {text}\n".encode()
        with self.lock:
            self.write(line)
            self.notes += line if self.is_full else b""

    def finish(self) -> None:
        """Copy the whole log for the last time."""
        self.stop.set()
        self.copy()
        self.file.close()

    def copy(self) -> None:
        """Copy the log to the bucket if it has grown; a failure is told once."""
        if not self.target:
            return
        with self.copying:
            content = self.path.read_bytes() + self.notes
            if len(content) == self.copied:
                return
            try:
                name = f"{self.target['folder']}/{self.name}"
                blob = bucket(self.target["bucket"], self.project).blob(name)
                blob.upload_from_string(content, content_type="text/plain", timeout=60)
                self.copied = len(content)
            except Exception as error:
                # The task's result does not depend on its log.
                if not self.told:
                    self.told = True
                    self.note(f"the log could not be copied to the bucket: {describe(error)}")

    def _repeat(self, interval: float) -> None:
        """Copy until the task ends."""
        while not self.stop.wait(interval):
            self.copy()


def bucket(name: str, project: str | None) -> Any:
    """Return a bucket, without asking Cloud Storage whether it is there."""
    from google.cloud.storage import Client  # slow to import, and not everywhere

    # Version 3 of the client asks for the bucket's description too, for traces that are off.
    os.environ.setdefault("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")
    return Client(project=project).bucket(name)


def environment(folder: Path) -> dict[str, str]:
    """Return the command's environment: ours removed, a home that can be written to."""
    result = {name: value for name, value in os.environ.items() if name not in _OURS}
    result["PYTHONUNBUFFERED"] = "1"
    home = result.get("HOME", "")
    if home in {"", "/"} or not os.access(home, os.W_OK):
        result["HOME"] = str(folder.parent)
    return result


def oom_kills() -> int:
    """Return how many processes of this container the kernel has killed for lack of memory.

    Source: https://docs.kernel.org/admin-guide/cgroup-v2.html, "memory.events".
    """
    for path in _KILLS:
        try:
            lines = Path(path).read_text(encoding="utf-8").splitlines()
        except OSError:
            continue
        for line in lines:
            key, _, value = line.partition(" ")
            if key == "oom_kill":
                return int(value)
    return 0


def decode(text: str) -> Any:
    """Read a value that travelled in an environment variable."""
    return json.loads(base64.b64decode(text))


def describe(error: Exception) -> str:
    """Name an error in one line."""
    return f"{type(error).__name__}: {error}".replace("\n", " ")[:300]


if __name__ == "__main__":
    sys.exit(main())

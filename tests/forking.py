"""Run Snakemake and epyflow in processes that are forked from one which has imported them.

To start Snakemake takes more than a second of processor time, nearly all of it for imports. A
server imports Snakemake, its plugins and epyflow with its compiled engine once; each run is a fork
of it, in a process group of its own, with the arguments, working directory and environment that it
is given. The scripts of a run are forks of the run (`tests.forked_scripts`). A command of a run
that starts ``python -m snakemake`` may have it forked, too, by `forking_python`.
"""

import atexit
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import NoReturn

SNAKEMAKE = ("snakemake.cli", "snakemake.storage", "nbformat")
"""Snakemake, and what it imports when it runs."""

PLUGINS = (
    "snakemake_executor_plugin_googlebatch_array.executor",
    "snakemake_logger_plugin_live",
    "snakemake_storage_plugin_gcs",
    "snakemake_storage_plugin_gcs_indexed",
)
EPYFLOW = (
    "epyflow.cli.app",
    "epyflow.operations.cost.cost_file",
    "epyflow.operations.notification.run_end",
    "epyflow.operations.runs.status",
    "epyflow.operations.setup.layers",
    "epyflow.operations.slurm.site",
    "epyflow.provenance.record",
    "epyflow.report.contents",
    "epyflow.report.first_page_figures",
    "epyflow.report.front_page",
    "epyflow.report.run_figures",
    "epyflow.report.score_figures",
    "epyflow.report.task_figures",
    "epyflow.run.input_build",
    "epyflow.run.snakemake_costs",
    "epyflow.run.planner",
    "epyflow.run.profile_variables",
    "epyflow.run.task_execution",
    "epyflow.submission.scores",
    "epyflow.submission.submission_output",
    "epyflow.tables",
)
"""What the workflow and its scripts import of the project's own code."""

COMMANDS = {"snakemake": "snakemake.cli", "epyflow": "epyflow.cli.app"}
"""The module of each command that can be run, which has its function ``main``."""

SOURCES = Path(__file__).resolve().parents[1] / "src"
ADDRESS = "FORK_SERVER"
"""The variable of a run that names the socket at which its server takes requests of commands."""
HOOK = "FORK_HOOK"
"""The variable of a run that names a module of ``tests``: its ``install`` is called in the fork."""
_REQUEST_BYTES = 1 << 17
_READ_BYTES = 1 << 16

_PYTHON = """\
#!{python} -IS
import json, os, socket, sys

if sys.argv[1:3] != ["-m", "snakemake"]:
    os.execv("{python}", ["{python}", *sys.argv[1:]])
server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
server.connect(chr(0) + os.environ["{address}"])
answers, answer = os.pipe()
request = json.dumps([sys.argv[2:], os.getcwd(), dict(os.environ)])
socket.send_fds(server, [request.encode()], [1, answer])
os.close(answer)
_, code = os.fdopen(answers).read().split()
sys.exit(int(code))
"""


def forking_python(folder: Path) -> Path:
    """Write a command ``python`` for `PATH`, of which ``python -m snakemake`` is a fork.

    It ends as the fork ends, and the fork is killed when the command is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    command = folder / "python"
    command.write_text(_PYTHON.format(python=sys.executable, address=ADDRESS))
    command.chmod(0o755)
    return folder


class ForkedRun:
    """A run of a command. What it prints is one text, as on a terminal.

    Parameters
    ----------
    arguments
        Of the command.
    folder
        The working directory.
    environment
        All of its variables.
    command
        ``snakemake`` or ``epyflow``.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        command: str = "snakemake",
    ) -> None:
        self._output, output = os.pipe()
        answers, answer = os.pipe()
        request = json.dumps([[command, *arguments], str(folder), dict(environment)])
        socket.send_fds(_server()[0], [request.encode()], [output, answer])
        os.close(output)
        os.close(answer)
        self._answers = os.fdopen(answers)
        self.pid = int(self._answers.readline())
        self.code: int | None = None

    def send_signal(self, number: int) -> None:
        """Send a signal to the command alone."""
        os.kill(self.pid, number)

    def wait(self) -> int:
        """Return the exit code, as `subprocess` gives it."""
        if self.code is None:
            self.code = int(self._answers.readline())
        return self.code

    def read(self, seconds: float) -> str:
        """Return what it prints, until it and everything that it started have ended."""
        deadline, parts = time.monotonic() + seconds, []
        while select.select([self._output], [], [], max(0.0, deadline - time.monotonic()))[0]:
            parts.append(os.read(self._output, _READ_BYTES))
            if not parts[-1]:
                return b"".join(parts).decode(errors="replace")
        text = b"".join(parts).decode(errors="replace")
        raise TimeoutError(f"still running after {seconds} s: {text}")

    def close(self) -> None:
        """Kill it with its process group, if it runs, and close what it prints to."""
        if self.code is None and not select.select([self._answers], [], [], 0)[0]:
            os.killpg(self.pid, signal.SIGKILL)
        self.wait()
        self._answers.close()
        os.close(self._output)


def server_address() -> str:
    """Return the value of :data:`ADDRESS` for commands that are started outside of a run."""
    return _server()[1]


@cache
def _server() -> tuple[socket.socket, str]:
    """Start the server of this process; return the socket that it listens to, and its address."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    others = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    # A name that belongs to this process and lies in no folder. Requests wait while it starts.
    address = f"snakemake-forks-{os.getpid()}"
    others.bind(f"\0{address}")
    others.listen()
    with theirs, others:
        server = subprocess.Popen(
            [sys.executable, __file__, str(theirs.fileno()), str(others.fileno()), address],
            pass_fds=[theirs.fileno(), others.fileno()],
            stdin=subprocess.DEVNULL,
        )
    atexit.register(server.wait)
    atexit.register(ours.close)
    return ours, address


def _serve(requests: socket.socket, others: socket.socket, address: str) -> None:
    """Fork a run for each request, until the other end is closed."""
    for name in (*SNAKEMAKE, *PLUGINS, *EPYFLOW):
        import_module(name)
    import_module("epyflow.engine.compile_cache").load()
    import_module("epyflow.provenance.code").code_versions()
    # Snakemake looks through every folder of packages for each kind of plugin, once in a process.
    import_module("snakemake.cli").get_argument_parser()
    # Else the first collection in a run would copy all memory that it shares with the server.
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    listening = (requests, others)
    while True:
        if others in select.select(listening, [], [])[0]:
            asking, _ = others.accept()
            with asking:
                _fork(asking, address, listening)
        elif not _fork(requests, address, listening):
            break
        _reap(os.WNOHANG)
    _reap(0)


def _fork(asking: socket.socket, address: str, listening: Sequence[socket.socket]) -> bool:
    """Fork the run of one request; return whether there was one."""
    request, files, _, _ = socket.recv_fds(asking, _REQUEST_BYTES, 2)
    if not request:
        return False
    if os.fork() == 0:
        for each in listening:
            each.close()
        command, folder, environment = json.loads(request)
        _supervise(command, folder, environment | {ADDRESS: address}, *files)
        os._exit(0)
    for file in files:
        os.close(file)
    return True


def _reap(options: int) -> None:
    """Take note of children that have ended, so that their processor time counts."""
    try:
        while os.waitpid(-1, options)[0]:
            pass
    except ChildProcessError:
        pass


def _supervise(
    command: list[str], folder: str, environment: dict[str, str], output: int, answer: int
) -> None:
    """Fork the run; answer with its process id, and its exit code in the end."""
    ready, go = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(answer)
        os.close(go)
        os.setsid()
        os.read(ready, 1)
        for standard in (1, 2):
            os.dup2(output, standard)
        os.close(output)
        _run(command, folder, environment)
    os.close(output)
    os.close(ready)
    os.write(answer, f"{pid}\n".encode())
    os.close(go)
    threading.Thread(target=_kill_without, args=(pid, answer), daemon=True).start()
    _, status = os.waitpid(pid, 0)
    with suppress(BrokenPipeError):  # the command that waits has been killed
        os.write(answer, f"{os.waitstatus_to_exitcode(status)}\n".encode())


def _kill_without(pid: int, answer: int) -> None:
    """Kill a run with its process group once nobody waits for the answer."""
    poll = select.poll()
    poll.register(answer, 0)
    poll.poll()
    with suppress(ProcessLookupError):  # it has ended in the meantime
        os.killpg(pid, signal.SIGKILL)


def _run(command: list[str], folder: str, environment: dict[str, str]) -> NoReturn:
    from snakemake_interface_executor_plugins.registry import ExecutorPluginRegistry
    from snakemake_interface_storage_plugins.registry import StoragePluginRegistry

    import forked_scripts

    if hook := environment.get(HOOK):
        import_module(hook).install(environment)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    given = [entry for entry in environment.get("PYTHONPATH", "").split(os.pathsep) if entry]
    # As if the command had been called: its folder, and what the environment adds.
    sys.path[:1] = [str(Path(sys.executable).parent), *given]
    if given and Path(given[0]).resolve() != SOURCES:
        _forget_epyflow()
    if any(Path(entry).resolve() != SOURCES for entry in given):
        # The server has looked for plugins in its own path.
        ExecutorPluginRegistry().collect_plugins()
        StoragePluginRegistry().collect_plugins()
    forked_scripts.fork_them()
    sys.argv = [str(Path(sys.executable).with_name(command[0])), *command[1:]]
    forked_scripts.call_and_end(import_module(COMMANDS[command[0]]).main)


def _forget_epyflow() -> None:
    """Let the run import a copy of the code, which a test has edited."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "epyflow"]:
        del sys.modules[name]


if __name__ == "__main__":
    _serve(*(socket.socket(fileno=int(number)) for number in sys.argv[1:3]), sys.argv[3])

"""Start the processes of a runnable, and end them together.

With namespaces, the launcher makes them and waits; its child is process 1 in them, builds the file
system, starts the command and reaps orphans. When process 1 ends, the kernel kills all other
processes. Without namespaces, the launcher itself adopts orphans and kills them at the end.
"""

import json
import os
import signal
import sys
from typing import Any, NoReturn

from google_batch_launcher import command, linux, root

_FAILED = 1


class _Report:
    """Where events go."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def send(self, **event: object) -> None:
        os.write(self._descriptor, json.dumps(event).encode() + b"\n")

    def close(self) -> None:
        os.close(self._descriptor)


def _run_isolated(spec: dict[str, Any], report: _Report) -> int:
    try:
        linux.enter_namespaces(user=spec["isolation"] == "user-namespaces")
    except OSError as error:
        report.send(error=str(error))
        return _FAILED
    # A change of user takes this back, so it comes after.
    linux.die_with_parent(signal.SIGKILL)
    go, start = os.pipe()
    child = os.fork()
    if not child:
        os.close(start)
        _be_init(spec, go, report)
    report.send(init=child)
    os.write(start, b"g")
    report.close()
    return command.reap_until(child)


def _be_init(spec: dict[str, Any], go: int, report: _Report) -> NoReturn:
    """Be process 1 of the namespace."""
    linux.die_with_parent(signal.SIGKILL)
    # The launcher writes when it has forked; if it has died by now, it never will.
    if os.read(go, 1) != b"g":
        os._exit(_FAILED)
    try:
        layers = root.build(spec)
        command.write_files(spec)
    except OSError as error:
        report.send(error=str(error))
        os._exit(_FAILED)
    report.send(ready=True, layers=layers)
    report.close()
    os._exit(command.reap_until(command.start(spec, isolated=True)))


def _run_bare(spec: dict[str, Any], report: _Report) -> int:
    linux.adopt_orphans()

    def stop(*_: object) -> NoReturn:
        command.kill_descendants()
        os._exit(128 + signal.SIGKILL)

    signal.signal(signal.SIGTERM, stop)
    linux.die_with_parent(signal.SIGTERM)
    report.send(init=os.getpid())
    command.write_files(spec)
    report.send(ready=True)
    report.close()
    code = command.reap_until(command.start(spec, isolated=False))
    command.kill_descendants()
    return code


def main() -> int:
    """Run what the document on the standard input asks for; return the exit code."""
    spec = json.load(sys.stdin)
    # The command finds an empty input, and never the document.
    empty = os.open("/dev/null", os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    os.set_inheritable(spec["report"], False)
    if spec["parent"] != os.getppid():
        return _FAILED
    report = _Report(spec["report"])
    return _run_bare(spec, report) if spec["isolation"] == "none" else _run_isolated(spec, report)

"""Run the Python scripts of a workflow in forks of Snakemake, which has imported what they need."""

import atexit
import gc
import logging
import os
import runpy
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import thread
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn


def fork_them() -> None:
    """Let Snakemake, in this process, fork its Python scripts instead of starting a Python."""
    import snakemake.shell  # noqa: F401 - the module, whose name in the package is a class

    replaced = SimpleNamespace(**vars(subprocess) | {"Popen": _Script})
    sys.modules["snakemake.shell"].sp = replaced  # type: ignore[attr-defined]


# Where they stand among the arguments of `Popen._execute_child`, after the first.
_ENVIRONMENT, _PIPES, _OUTPUT = 5, slice(9, 15), 12


class _Script(subprocess.Popen):  # type: ignore[type-arg]
    """A command, as ever; but ``python FILE`` of the Python that runs is a fork of this process."""

    def _execute_child(self, args: Any, *rest: Any) -> None:
        words = shlex.split(args) if isinstance(args, str) else list(args)
        if words[-2:-1] != [sys.executable] or not words[-1].endswith(".py"):
            super()._execute_child(args, *rest)  # type: ignore[misc]
            return
        environment, output = rest[_ENVIRONMENT], rest[_OUTPUT]
        # Ctrl-C in the child before it is a script's own would make it a second Snakemake.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        pid = os.fork()
        if pid == 0:
            _run(words[-1], environment, output)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        self.pid = pid
        self._child_created = True
        self._close_pipe_fds(*rest[_PIPES])  # type: ignore[attr-defined]


def _run(script: str, environment: dict[str, str], output: int) -> None:
    """Run a script as a process that has just started would, and end this one."""
    if output != -1:
        os.dup2(output, 1)
    _be_new(environment)
    sys.argv = [script]
    sys.path.insert(0, str(Path(script).parent))
    call_and_end(partial(_run_interruptibly, script))


def _run_interruptibly(script: str) -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    runpy.run_path(script, run_name="__main__")


def call_and_end(work: Callable[[], object]) -> NoReturn:
    """Call it and end the process, as Python ends, but without taking every object down.

    To touch them all would copy the memory that a fork shares.
    """
    code: object = 0
    try:
        work()
    except SystemExit as end:
        code = end.code
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


def _be_new(environment: dict[str, str]) -> None:
    """Drop what Snakemake has set up in its process and a new one would not have."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1):
        signal.signal(number, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(environment)
    atexit._clear()
    # Threads of Snakemake's pools, which a fork has not.
    thread._threads_queues.clear()  # type: ignore[attr-defined]
    gc.freeze()
    for logger in (logging.root, *logging.root.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):
            logger.handlers.clear()
    logging.root.setLevel(logging.WARNING)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)

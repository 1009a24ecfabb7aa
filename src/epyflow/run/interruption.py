"""Let Snakemake end in order when Ctrl-C interrupts it."""

import contextlib
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import Any, Literal

import psutil

_SAME_WISH = 5.0
"""Seconds."""

_LOOK_SECONDS = 0.2
"""Seconds between two looks for jobs that have begun since."""

_INTERRUPTED = "Terminating processes on user request"
"""How Snakemake's message begins after Ctrl-C."""


def leave_at_once(number: int, frame: FrameType | None) -> None:
    """End this process, which has begun nothing, with one line and 128 + n: a handler of signal n.

    An exception would pass through modules that are half imported, and leave their tracebacks.
    """
    del frame
    signal.signal(number, signal.SIG_IGN)  # The same wish may come twice.
    with contextlib.suppress(OSError):
        os.write(2, b"Stopped before the run began.\n")
    os._exit(128 + number)


def ignore_repeated_interruptions() -> None:
    """Ignore Ctrl-C within some seconds of another: an impatient hand, or a signal passed on too.

    A second one would break off what follows the first: jobs are ended, the run is recorded as
    stopped, and jobs in the cloud are deleted. A later one interrupts as usual. Objects that the
    first one leaves half built are not reported when they are deleted.

    Jobs that Snakemake was about to start begin after the first one, which does not reach them, and
    Snakemake would wait for them: they are interrupted, too. Nothing changes where Ctrl-C has
    another handler, or outside the main thread, which cannot set one.
    """
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(
        signal.SIGINT
    ) not in (signal.default_int_handler, leave_at_once):
        return
    first: list[float] = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if first and now - first[-1] < _SAME_WISH:
            return
        if not first:
            coordinator = psutil.Process()
            known = local_jobs(coordinator)
            threading.Thread(target=_interrupt_late, args=(coordinator, known), daemon=True).start()
        first.append(now)
        # Such as an event loop of Snakemake, or what it was about to await.
        sys.unraisablehook = _say_nothing
        warnings.simplefilter("ignore", RuntimeWarning)
        signal.default_int_handler(number, frame)

    signal.signal(signal.SIGINT, interrupt)


def _interrupt_late(coordinator: psutil.Process, known: set[psutil.Process]) -> None:
    """Interrupt each job that a coordinator starts from now on, until it ends."""
    while True:
        time.sleep(_LOOK_SECONDS)
        signal_late(signal.SIGINT, coordinator, known)


def signal_late(
    number: signal.Signals, coordinator: psutil.Process, known: set[psutil.Process]
) -> set[psutil.Process]:
    """Send a signal to the local jobs that are not known, add them to these, and return them."""
    late = local_jobs(coordinator) - known
    send_signal(number, late)
    known |= late
    return late


def local_jobs(coordinator: psutil.Process) -> set[psutil.Process]:
    """Return the processes of Snakemake's jobs on this machine: Python with a script or Snakemake.

    A process that has not executed its own command yet has that of its parent and is left out: it
    could be another one, such as scancel, and a signal to it may be lost.
    """
    own, found = _command(coordinator), set[psutil.Process]()
    try:
        children = coordinator.children(recursive=True)
    except psutil.Error:
        return found
    for each in children:
        command = _command(each)
        is_python = bool(command) and Path(command[0]).name.startswith("python")
        if is_python and command != own and any("snakemake" in part for part in command):
            found.add(each)
    return found


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []  # it has ended, or belongs to another user


def send_signal(number: signal.Signals, processes: Iterable[psutil.Process]) -> None:
    """Send a signal to processes that may have ended."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def _say_nothing(_: object) -> None:
    """Take what Python reports of objects that cannot be deleted in order."""


def leave_interrupted_loops() -> None:
    """Let Snakemake end although Ctrl-C has stopped one of its event loops within a step.

    Such a loop counts as running and cannot be closed: Snakemake would end with a traceback. It
    ends with the process. The attributes are private: a Snakemake without them is left as it is.
    """
    from snakemake.workflow import Workflow

    original = getattr(Workflow, "tear_down", None)
    if original is None:
        return

    def tear_down(self: Any) -> None:
        runners = getattr(self, "_async_runners", {})
        for thread, runner in list(runners.items()):
            loop = getattr(runner, "_loop", None)
            if loop is not None and loop.is_running():
                del runners[thread]
        original(self)

    Workflow.tear_down = tear_down


def finish_ended_jobs(scheduler: Any) -> None:
    """Let Snakemake record the jobs that have ended and that it has not dealt with yet.

    After Ctrl-C, Snakemake waits for the jobs that it cannot end, but deals with none that has
    ended: their outputs would stay marked as incomplete, and the next start would do them again.
    The attributes are private: a Snakemake without them is left as it is.

    Parameters
    ----------
    scheduler
        ``workflow.scheduler``, when it has stopped.
    """
    if not all(hasattr(scheduler, name) for name in ("_lock", "_tofinish", "_finish_jobs")):
        return
    if (local := getattr(scheduler, "_local_executor", None)) is not None:
        local.cancel()  # waits for its jobs
    with scheduler._lock:
        # Ctrl-C may have come between the steps of the others.
        scheduler._tofinish = [job for job in scheduler._tofinish if job in scheduler.running]
        scheduler._finish_jobs()


def read_failure(logs: Iterable[str]) -> Literal["failed", "stopped"]:
    """Return whether a workflow that did not complete was interrupted, by Snakemake's own logs."""
    for log in logs:
        try:
            text = Path(log).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        if any(line.startswith(_INTERRUPTED) for line in text.splitlines()):
            return "stopped"
    return "failed"

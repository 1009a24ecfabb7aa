"""Let Snakemake end in order when Ctrl-C interrupts it."""

import signal
import sys
import threading
import time
import warnings
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import Any, Literal

_SAME_WISH = 5.0
"""Seconds."""

_INTERRUPTED = "Terminating processes on user request"
"""How Snakemake's message begins after Ctrl-C."""


def ignore_repeated_interruptions() -> None:
    """Ignore Ctrl-C within some seconds of another: an impatient hand, or a signal passed on too.

    A second one would break off what follows the first: jobs are ended, the run is recorded as
    stopped, and jobs in the cloud are deleted. A later one interrupts as usual. Objects that the
    first one leaves half built are not reported when they are deleted. Nothing changes
    where Ctrl-C has another handler, or outside the main thread, which cannot set one.
    """
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    ):
        return
    first: list[float] = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if first and now - first[-1] < _SAME_WISH:
            return
        first.append(now)
        # Such as an event loop of Snakemake, or what it was about to await.
        sys.unraisablehook = _say_nothing
        warnings.simplefilter("ignore", RuntimeWarning)
        signal.default_int_handler(number, frame)

    signal.signal(signal.SIGINT, interrupt)


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

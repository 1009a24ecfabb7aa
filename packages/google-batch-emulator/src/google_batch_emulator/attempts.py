"""One try at one task."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from google_batch_emulator.records import JobRecord, TaskRecord, Vm


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended.

    Parameters
    ----------
    code
        Exit code; 0 is success.
    message
        What the agent's log says about it; may be empty.
    """

    code: int
    message: str = ""


class Attempt:
    """One try at one task, on one VM."""

    def __init__(self, job: JobRecord, task: TaskRecord, vm: Vm) -> None:
        self.job = job
        self.task = task
        self.vm = vm
        self.number = task.retries
        self._lock = threading.Lock()
        self._verdict: Outcome | None = None
        self._calls: list[Callable[[], None]] = []

    @property
    def verdict(self) -> Outcome | None:
        """How the attempt was ended from outside; None if it was not."""
        return self._verdict

    def cut(self, outcome: Outcome) -> None:
        """End the attempt from outside. The first to do so decides how it ended."""
        with self._lock:
            if self._verdict is not None:
                return
            self._verdict = outcome
            calls = list(self._calls)
        for call in calls:
            call()

    def when_cut(self, call: Callable[[], None]) -> None:
        """Call a function when the attempt is cut; at once if it has been."""
        with self._lock:
            self._calls.append(call)
            due = self._verdict is not None
        if due:
            call()


class Executor(Protocol):
    """Runs attempts."""

    def start(
        self, attempt: Attempt, begun: Callable[[], None], over: Callable[[Outcome], None]
    ) -> None:
        """Begin an attempt and return at once.

        Parameters
        ----------
        attempt
            What to run; it must end soon after it has been cut.
        begun
            Called once, on any thread, when the first runnable starts.
        over
            Called once, on any thread, when nothing of the attempt is left.
        """

"""Run the runnables of a task attempt in their order."""

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from google_batch_emulator import exit_codes, timestamps
from google_batch_emulator.errors import NoImageError, SecretError, SetUpError
from google_batch_emulator.execution.context import Context
from google_batch_emulator.execution.memory import resident
from google_batch_emulator.execution.preparation import NO_IMAGE, prepare
from google_batch_emulator.execution.process import Process
from google_batch_emulator.logbook import task_id
from google_batch_emulator.messages import Message
from google_batch_emulator.records import Attempt, Outcome

# How often the memory of a task is looked at, in seconds.
_MEMORY_PERIOD = 0.1
_MIB = 1024 * 1024


@dataclass
class _Running:
    """A runnable under way."""

    runnable: Message
    process: Process


class AttemptRun:
    """Runs one attempt; used once.

    Parameters
    ----------
    context
        What every attempt needs.
    attempt
        What to run.

    Attributes
    ----------
    folder
        Where its files are; the caller removes it.
    """

    def __init__(self, context: Context, attempt: Attempt) -> None:
        self._context = context
        self._attempt = attempt
        self.folder = context.folder / f"{attempt.job.uid}-{attempt.task.index}-{attempt.number}"
        self._changed = threading.Event()
        self._background: list[_Running] = []
        self._deadline: float | None = None

    def perform(self, begun: Callable[[], None]) -> Outcome:
        """Run everything; return how it ended when no process is left.

        Parameters
        ----------
        begun
            Called when the first runnable is about to start.
        """
        self._attempt.when_cut(self._wake)
        self.folder.mkdir(parents=True)
        limit = timestamps.seconds_of(self._attempt.job.spec.max_run_duration)
        self._deadline = time.monotonic() + limit if limit else None
        self._say(f"report agent state: task_id:{task_id(self._attempt)!r} is running")
        begun()
        try:
            outcome = self._run_all()
        finally:
            late = self._end_background()
        outcome = self._attempt.verdict or outcome or late or Outcome(0)
        ending = f": {outcome.message}" if outcome.message else ""
        self._say(
            f"Task {task_id(self._attempt)} ends with exit code {outcome.code}{ending}",
            failed=outcome.code != 0,
        )
        return outcome

    def _run_all(self) -> Outcome | None:
        """Return the first failure that counts; None if there is none."""
        failure: Outcome | None = None
        for place, runnable in enumerate(self._attempt.job.spec.runnables):
            if self._attempt.verdict or self._left() == 0:
                break
            if failure and not runnable.always_run:
                continue
            outcome = self._run_one(place, runnable)
            if outcome.code and not runnable.ignore_exit_status:
                failure = failure or outcome
        return failure or (self._late() if self._left() == 0 else None)

    def _run_one(self, place: int, runnable: Message) -> Outcome:
        if runnable.HasField("barrier"):
            return self._pass_barrier(place)
        try:
            process = self._start(place)
        except NoImageError as error:
            for line in str(error).splitlines():
                self._context.logbook.task_line(self._attempt, place, "stderr", line)
            return Outcome(NO_IMAGE, f"runnable {place}: the image does not exist")
        except (SecretError, SetUpError) as error:
            return Outcome(exit_codes.OTHER, f"runnable {place}: {error}")
        running = _Running(runnable, process)
        if runnable.background:
            self._background.append(running)
            return Outcome(0)
        return self._follow(place, running)

    def _start(self, place: int) -> Process:
        spec = prepare(self._context, self._attempt, self.folder, place)
        if not spec.argv:
            raise SetUpError("the container has neither an entry point nor commands")

        def line(stream: str, text: str) -> None:
            self._context.logbook.task_line(self._attempt, place, stream, text)

        process = Process(spec, line, self._changed.set)
        try:
            process.wait_ready()
        except SetUpError:
            process.kill()
            process.join()
            raise
        return process

    def _follow(self, place: int, running: _Running) -> Outcome:
        """Wait for a runnable; kill it if its time is up, its memory, or its attempt."""
        seconds = timestamps.seconds_of(running.runnable.timeout)
        own_deadline = time.monotonic() + seconds if seconds else None
        outcome: Outcome | None = None
        while running.process.code is None and outcome is None:
            outcome = self._reason_to_kill(running, own_deadline)
            if outcome is None:
                self._sleep(own_deadline)
        if outcome is not None:
            running.process.end(outcome.notice_seconds)
        code = running.process.join()
        if outcome is None and code:
            outcome = Outcome(code, f"runnable {place} exited with status {code}")
        return outcome or Outcome(0)

    def _reason_to_kill(self, running: _Running, own_deadline: float | None) -> Outcome | None:
        if self._attempt.verdict:
            return self._attempt.verdict
        out_of_time = own_deadline is not None and time.monotonic() >= own_deadline
        if out_of_time or self._left() == 0:
            return self._late()
        return self._check_memory(running)

    def _check_memory(self, running: _Running) -> Outcome | None:
        limit = self._memory_limit()
        if not limit:
            return None
        found: dict[int, int] = {}
        for item in (running, *self._background):
            if item.process.init is not None:
                found |= resident(item.process.init)
        if sum(found.values()) <= limit:
            return None
        if self._context.settings.memory == "largest-process":
            with suppress(ProcessLookupError):
                os.kill(max(found, key=lambda process: found[process]), signal.SIGKILL)
            return None
        used = sum(found.values()) // _MIB
        return Outcome(
            exit_codes.KILLED, f"out of memory: {used} MiB of {limit // _MIB} MiB are used"
        )

    def _memory_limit(self) -> int:
        off = self._context.settings.memory == "off"
        return 0 if off else self._attempt.job.memory_mib * _MIB

    def _sleep(self, own_deadline: float | None) -> None:
        """Wait until something has happened or may have to."""
        ends = [end for end in (self._deadline, own_deadline) if end is not None]
        waits = [max(0.0, end - time.monotonic()) for end in ends]
        if self._memory_limit():
            waits.append(_MEMORY_PERIOD)
        self._changed.wait(min(waits, default=None))
        self._changed.clear()

    def _left(self) -> float | None:
        """Return the seconds left to the task; None if it has no limit."""
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    def _late(self) -> Outcome:
        return Outcome(
            exit_codes.TIME_LIMIT,
            f"the time limit was exceeded, exit code {exit_codes.TIME_LIMIT}",
        )

    def _pass_barrier(self, place: int) -> Outcome:
        job = self._attempt.job
        passed = self._context.barriers.wait(
            job.uid,
            place,
            self._attempt.task.index,
            len(job.tasks),
            lambda: self._attempt.verdict is not None,
            self._left(),
        )
        if self._left() == 0:
            return self._late()
        return Outcome(0) if passed else Outcome(exit_codes.OTHER, "stopped at a barrier")

    def _end_background(self) -> Outcome | None:
        """Kill what runs in the background; return the first that had failed by itself."""
        failure: Outcome | None = None
        for running in self._background:
            code = running.process.code
            if code is None:
                running.process.kill()
            elif code and not running.runnable.ignore_exit_status:
                failure = failure or Outcome(code, "a background runnable failed")
            running.process.join()
        return failure

    def _wake(self) -> None:
        self._changed.set()
        self._context.barriers.wake()

    def _say(self, text: str, failed: bool = False) -> None:
        self._context.logbook.agent(self._attempt, text, failed)

"""Submit tasks to Google Batch, watch them, and report their results.

Snakemake's main thread puts tasks into an inbox. Everything else happens in the thread in which
Snakemake waits for jobs: it groups tasks, polls jobs, and reports results. Jobs are created in
other threads, so that finished tasks are noticed even if the service does not answer.
"""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

from .arrays import Array, Attached, Verdict
from .cancellation import delete_all
from .job_template import JobTemplate
from .outcomes import Failure
from .status_polls import Poller
from .submission import Submitter
from .tasks import Task, arrays

_CREATING_AT_ONCE = 4
_MOST_RESUBMISSIONS = 3
_LAST_LOOKS = 3
_QUIET = 0.25
"""Seconds without a new task after which those that wait are submitted together."""


class Reporter(NamedTuple):
    """The dispatcher's callbacks: to Snakemake for tasks, to the user for arrays."""

    submitted: Callable[[Task, Array, int], None]
    succeeded: Callable[[Task], None]
    failed: Callable[[Sequence[Verdict]], None]
    refused: Callable[[Sequence[Task], Exception], None]
    array_created: Callable[[Array, Sequence[Task]], None]
    array_polled: Callable[[Array, Any], None]
    resubmitting: Callable[[Sequence[Verdict]], None]


class Created(NamedTuple):
    """The result of creating a job for tasks: an array, or an error."""

    tasks: Sequence[Task]
    array: Array | None
    error: Exception | None


class Dispatcher:
    """Submits, watches and reports tasks.

    Parameters
    ----------
    template, submitter, poller
        Objects that define, create and watch jobs.
    report
        Callbacks for Snakemake and the user.
    gather
        The longest that a task waits for others to share its array, in seconds.
    fallback
        Whether tasks that lost all their Spot VMs are run again on standard ones.
    """

    def __init__(
        self,
        template: JobTemplate,
        submitter: Submitter,
        poller: Poller,
        report: Reporter,
        *,
        gather: float,
        fallback: bool,
    ) -> None:
        self.template = template
        self.submitter = submitter
        self.poller = poller
        self.report = report
        self.gather = gather
        self.fallback = fallback
        self.inbox: SimpleQueue[Task | Attached | Created] = SimpleQueue()
        self.waiting: list[Task] = []
        self.first_put = self.last_put = 0.0
        self.arrays: dict[str, Array] = {}
        self.done: set[str] = set()
        self.stopped = threading.Event()
        self.pool = ThreadPoolExecutor(_CREATING_AT_ONCE, thread_name_prefix="googlebatch-create")

    def put(self, item: Task | Attached) -> None:
        """Add a task to the inbox; safe to call from any thread."""
        self.inbox.put(item)

    def advance(self) -> None:
        """Empty the inbox, and submit tasks that have waited long enough."""
        self._take_in()
        now = time.monotonic()
        if not self.waiting or self.stopped.is_set():
            return
        if now - self.last_put >= _QUIET or now - self.first_put >= self.gather:
            tasks, self.waiting = self.waiting, []
            for group in arrays(tasks):
                self._create_all(group)

    def poll(self) -> None:
        """Poll all arrays, and report tasks that have ended."""
        self._take_in()
        watched = [array for array in self.arrays.values() if array.wanted]
        problem: Exception | None = None
        for array, answer, verdicts in self.poller.poll(watched):
            try:
                self.report.array_polled(array, answer)
                if array.abandoned and verdicts:
                    self._stop_abandoned(array)
                self._conclude(verdicts)
            except Exception as error:
                problem = error
                _put_back(verdicts)
        if problem is not None:
            raise problem
        self._forget_finished()

    def report_ends(self) -> None:
        """Report tasks that have succeeded since the last poll, before the others are stopped.

        It is called once, when the thread that polls has ended.
        """
        self._take_in()
        watched = [array for array in self.arrays.values() if array.wanted]
        for _ in range(_LAST_LOOKS):
            answers = list(self.poller.poll(watched))
            for verdict in (each for _, _, verdicts in answers for each in verdicts):
                if verdict.failure is None and not verdict.released:
                    self.report.succeeded(verdict.task)
            watched = [array for array, answer, _ in answers if answer.error is not None]
        self._forget_finished()

    def cancel(self, seconds: float) -> dict[str, str]:
        """Stop everything that was started; return the jobs that may still run."""
        deadline = time.monotonic() + seconds
        self.stopped.set()
        self.submitter.api.stopping.set()
        self.pool.shutdown(wait=False, cancel_futures=True)
        # A job whose creation is under way could come into being after its deletion.
        while self.submitter.is_busy and time.monotonic() < deadline - seconds / 2:
            time.sleep(0.05)
        names = (self.submitter.all_names() | self.arrays.keys()) - self.done
        return delete_all(self.submitter.api, sorted(names), deadline - time.monotonic())

    def _forget_finished(self) -> None:
        """Watch the arrays no more that are over."""
        finished = {name for name, array in self.arrays.items() if not array.wanted}
        self.done |= finished
        self.arrays = {n: each for n, each in self.arrays.items() if n not in finished}

    def close(self) -> None:
        """End the threads."""
        self.stopped.set()
        self.pool.shutdown(wait=False, cancel_futures=True)
        self.poller.close()

    def _take_in(self) -> None:
        """Empty the inbox."""
        while True:
            try:
                item = self.inbox.get_nowait()
            except Empty:
                return
            if isinstance(item, Task):
                self._wait(item)
            elif isinstance(item, Attached):
                self._attach(item)
            else:
                self._note_creation(item)

    def _wait(self, task: Task) -> None:
        """Let a task wait for others to share its array."""
        self.last_put = time.monotonic()
        if not self.waiting:
            self.first_put = self.last_put
        self.waiting.append(task)

    def _attach(self, item: Attached) -> None:
        """Watch a task of an earlier coordinator."""
        array = self.arrays.setdefault(item.array.name, item.array)
        self.done.discard(array.name)
        # Tasks that had ended at the last poll have to be read again.
        array.finished = -1
        if item.waits:
            array.blocked.setdefault(item.index, []).append(item.task)
            return
        array.tasks[item.index] = item.task
        self.report.submitted(item.task, array, item.index)

    def _create_all(self, group: Sequence[Task]) -> None:
        """Have the jobs of a group of tasks created."""
        try:
            parts = self.template.pieces(group)
        except Exception as error:
            self.report.refused(group, error)
            return
        for part in parts:
            self.pool.submit(self._create, part)

    def _create(self, tasks: Sequence[Task]) -> None:
        """Create one job; put the result into the inbox."""
        try:
            array = self.submitter.submit(tasks, lambda name: self.template.define(tasks, name))
            self.inbox.put(Created(tasks, array, None))
        except Exception as error:
            self.inbox.put(Created(tasks, None, error))

    def _note_creation(self, created: Created) -> None:
        """Watch a new job, or report that there is none."""
        if created.array is None:
            self.report.refused(created.tasks, created.error or RuntimeError("no answer"))
            return
        self.arrays[created.array.name] = created.array
        self.report.array_created(created.array, created.tasks)
        for index, task in enumerate(created.tasks):
            self.report.submitted(task, created.array, index)

    def _conclude(self, verdicts: Sequence[Verdict]) -> None:
        """Report tasks that have ended; submit those again whose VM failed."""
        failed, again = [], []
        for verdict in verdicts:
            task, failure = verdict.task, verdict.failure
            if failure is not None and not self._deserves_another_try(task, failure):
                failed.append(verdict)
                continue
            if verdict.released:
                self._wait(task)
            elif failure is None:
                self.report.succeeded(task)
            else:
                task.resubmissions += 1
                task.spot = task.spot and not failure.is_batchs_fault
                again.append(verdict)
                self._wait(task)
            verdict.settled = True
        if again:
            self.report.resubmitting(again)
        if failed:
            self.report.failed(failed)

    def _deserves_another_try(self, task: Task, failure: Failure) -> bool:
        """Return whether the executor runs a task again without asking Snakemake.

        On standard VMs when Spot VMs were lost, or when its job ended before it began.
        """
        if self.stopped.is_set() or failure.lost_with_job:
            return False
        if failure.is_batchs_fault:
            return task.spot and self.fallback
        ran = failure.state != "UNEXECUTED"
        return not ran and task.resubmissions < _MOST_RESUBMISSIONS

    def _stop_abandoned(self, array: Array) -> None:
        """Delete the job of an abandoned array, which may still run."""
        if not array.stopping and not self.stopped.is_set():
            self.pool.submit(delete_all, self.submitter.api, [array.name], 30.0)


def _put_back(verdicts: Sequence[Verdict]) -> None:
    """Watch tasks again whose verdict has not been handled."""
    for verdict in verdicts:
        if verdict.settled:
            continue
        array, index = verdict.array, verdict.index
        array.finished = -1
        if verdict.released:
            array.blocked.setdefault(index, []).append(verdict.task)
        else:
            array.tasks[index] = verdict.task

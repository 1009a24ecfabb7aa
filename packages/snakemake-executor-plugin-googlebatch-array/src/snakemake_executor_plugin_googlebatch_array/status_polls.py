"""Poll the status of arrays; list tasks only when the counts have changed."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType
from typing import Any, NamedTuple

from google.api_core import exceptions as google
from google.cloud import batch_v1

from .arrays import Array, Verdict, is_over
from .outcomes import (
    ON_A_VM,
    OVER,
    STOPPING,
    Event,
    Failure,
    JobState,
    TaskState,
    counts_of,
    job_failure,
    task_failure,
)

_REQUESTS_AT_ONCE = 8
_POLLS_UNTIL_MISSING = 3
_NO_STATES: Mapping[int, str] = MappingProxyType({})


class Patience(NamedTuple):
    """How long to wait, in seconds, before something is taken for good.

    Attributes
    ----------
    trouble
        Requests about a job fail.
    missing
        A job that was there is not found.
    settling
        A job is over, or about to be stopped, and its tasks are not. Each change of their counts
        starts the time anew.
    """

    trouble: float
    missing: float
    settling: float = 300.0


class Answer(NamedTuple):
    """What Google Batch said about an array."""

    job: batch_v1.Job | None = None
    tasks: dict[int, batch_v1.Task] | None = None
    error: Exception | None = None


class Poller:
    """Asks about arrays and judges by the final state of each task.

    Parameters
    ----------
    api
        The :class:`~.api.BatchApi`.
    patience
        How long to wait before something is taken for good.
    now
        A clock in seconds.
    tell_trouble
        Called with an array, an error and the seconds it has lasted.
    is_listed
        Looks for an array that is missing in the list of jobs: a second opinion.
    """

    def __init__(
        self,
        api: Any,
        patience: Patience,
        now: Callable[[], float],
        tell_trouble: Callable[[Array, Exception, float], None],
        is_listed: Callable[[Array], bool],
    ) -> None:
        self.api = api
        self.patience = patience
        self.now = now
        self.tell_trouble = tell_trouble
        self.is_listed = is_listed
        self.pool = ThreadPoolExecutor(_REQUESTS_AT_ONCE, thread_name_prefix="googlebatch")

    def poll(self, arrays: list[Array]) -> Iterator[tuple[Array, Answer, list[Verdict]]]:
        """Ask about all arrays, several at a time, and judge each answer."""
        for array, answer in zip(arrays, self.pool.map(self._ask, arrays), strict=True):
            yield array, answer, self._judge(array, answer)

    def close(self) -> None:
        """End the threads."""
        self.pool.shutdown(wait=False, cancel_futures=True)

    def _ask(self, array: Array) -> Answer:
        """Ask about one array; every error is an answer too."""
        job = None
        try:
            job = self.api.get(array.name)
            counts = counts_of(job)
            over = job.status.state in OVER or job.status.state in STOPPING
            done = sum(counts.get(state, 0) for state in ("SUCCEEDED", "FAILED", "UNEXECUTED"))
            # All tasks of a job that succeeded have, and nothing has ended while counts stand.
            if job.status.state == JobState.SUCCEEDED or (done == array.finished and not over):
                return Answer(job)
            return Answer(job, self.api.tasks(array.name))
        except Exception as error:
            return Answer(job, error=error)

    def _judge(self, array: Array, answer: Answer) -> list[Verdict]:
        """Decide which tasks are over."""
        if answer.job is None and isinstance(answer.error, google.NotFound):
            return list(self._judge_missing(array))
        array.missing_since, array.missing_polls = None, 0
        if answer.job is None or answer.error is not None:
            return list(self._judge_trouble(array, answer.error or RuntimeError("no answer")))
        array.trouble_since = None
        counts, state = counts_of(answer.job), answer.job.status.state
        if counts != array.counts:
            array.counts, array.unsettled_since = counts, None
        array.stopping = array.stopping or state in STOPPING
        if array.width > 1:
            return list(self._judge_wide(array, answer))
        verdicts = list(self._judge_tasks(array, answer))
        if answer.tasks is not None:
            array.finished = sum(is_over(task) for task in answer.tasks.values())
        if state in OVER or state in STOPPING:
            verdicts += self._settle(array, answer.job, answer.tasks or {})
        return verdicts

    def _judge_tasks(self, array: Array, answer: Answer) -> Iterator[Verdict]:
        """Go by the states of the tasks."""
        state = answer.job.status.state if answer.job else JobState.STATE_UNSPECIFIED
        succeeded = state == JobState.SUCCEEDED
        stopped = state in STOPPING or state == JobState.CANCELLED
        listed = answer.tasks or {}
        some_ran = any(
            task.status.state in {TaskState.SUCCEEDED, TaskState.FAILED} for task in listed.values()
        )
        for index in [*array.blocked]:
            if succeeded or (index in listed and is_over(listed[index])):
                yield from self._release(array, index)
        for index in [*array.tasks]:
            known = listed.get(index)
            if succeeded or (known and known.status.state == TaskState.SUCCEEDED):
                yield Verdict(array.tasks.pop(index), array, index)
            elif known is not None and is_over(known):
                failure = task_failure(known)
                if failure.state == "UNEXECUTED" and answer.job is not None:
                    # If none was executed, another try would end the same.
                    failure = job_failure(answer.job, failure.state if some_ran else state.name)
                if stopped:
                    failure = failure._replace(state=state.name, lost_with_job=True)
                yield Verdict(array.tasks.pop(index), array, index, failure)

    def _judge_wide(self, array: Array, answer: Answer) -> Iterator[Verdict]:
        """Go by the state of the job: all its tasks are one Snakemake job."""
        job = answer.job
        if job is None or job.status.state not in OVER:
            return
        failed = [
            task_failure(task)
            for task in (answer.tasks or {}).values()
            if task.status.state == TaskState.FAILED
        ]
        for index, task in array.pop_all():
            if job.status.state == JobState.SUCCEEDED:
                yield Verdict(task, array, index)
            else:
                lost = job.status.state == JobState.CANCELLED
                name = job.status.state.name
                failure = failed[0] if failed else job_failure(job, name, lost=lost)
                yield Verdict(task, array, index, failure)
        array.over = True

    def _settle(
        self, array: Array, job: batch_v1.Job, tasks: dict[int, batch_v1.Task]
    ) -> Iterator[Verdict]:
        """Deal with tasks that are not over although their job is, or is about to be.

        Google Batch updates tasks after jobs, so we wait. A job with a running task is RUNNING,
        so a FAILED one is over, whatever the counts of its tasks still say. It may also fail
        before it has any task, when no VM can be made.
        Source: https://cloud.google.com/batch/docs/reference/rest/v1/projects.locations.jobs#State
        """
        if not array.wanted:
            array.over = True
            return
        state, now = job.status.state, self.now()
        if array.unsettled_since is None:
            array.unsettled_since = now
        limit = self.patience.settling
        live = bool(array.counts.keys() & ON_A_VM)
        if state == JobState.CANCELLED:
            limit = 0.0
        elif state == JobState.FAILED:
            limit = limit if live else self.patience.missing
        elif live:
            limit += max((task.shape.compute.seconds for task in array.tasks.values()), default=0)
        if now - array.unsettled_since >= limit:
            lost = state != JobState.FAILED
            names = {i: each.status.state.name for i, each in tasks.items() if not lost}
            running = {i: name for i, name in names.items() if name in ON_A_VM}
            yield from self._give_up(array, job_failure(job, state.name, lost=lost), running)

    def _judge_trouble(self, array: Array, error: Exception) -> Iterator[Verdict]:
        """Wait while an error may pass; then the tasks have failed, with the error as cause."""
        now = self.now()
        if array.trouble_since is None:
            array.trouble_since = now
        waited = now - array.trouble_since
        self.tell_trouble(array, error, waited)
        if waited >= self.patience.trouble:
            event = Event("", type(error).__name__, str(error))
            yield from self._give_up(array, Failure("UNKNOWN", None, (event,)))

    def _judge_missing(self, array: Array) -> Iterator[Verdict]:
        """Believe that a job is gone when it has been missing several times, for a while."""
        now = self.now()
        if array.missing_since is None:
            array.missing_since = now
        array.missing_polls += 1
        waited = now - array.missing_since
        enough = array.missing_polls >= _POLLS_UNTIL_MISSING and waited >= self.patience.missing
        if not array.stopping and (not enough or self.is_listed(array)):
            return
        yield from self._give_up(array, Failure("DELETED", None, (), lost_with_job=True))

    def _give_up(
        self, array: Array, failure: Failure, states: Mapping[int, str] = _NO_STATES
    ) -> Iterator[Verdict]:
        """Report all tasks of an array as failed, and free those that waited for it.

        ``states`` are those of tasks that, for all that Google Batch says, run on.
        """
        array.over = array.abandoned = True
        for index, task in array.pop_all():
            own = failure._replace(state=states.get(index, failure.state))
            yield Verdict(task, array, index, own)
        for index in [*array.blocked]:
            yield from self._release(array, index)

    @staticmethod
    def _release(array: Array, index: int) -> Iterator[Verdict]:
        """Free the tasks that waited for one to be over."""
        for task in array.blocked.pop(index, []):
            yield Verdict(task, array, index, released=True)

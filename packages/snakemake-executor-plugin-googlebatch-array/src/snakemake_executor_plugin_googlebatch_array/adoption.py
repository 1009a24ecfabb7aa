"""Take over tasks that an earlier coordinator of the same run has left running.

Every Batch job carries the run in a label, and every task its target and its key in an
environment variable. A task with the same key does the same work, and is taken over. A task with
the same target and another key writes the same files from other sources; it has to end before the
new task starts, and what it has written replaces the files of tasks before it.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from google.api_core import exceptions as google
from google.cloud import batch_v1

from .arrays import COORDINATOR_LABEL, RUN_LABEL, Array, array_of, creation_time, is_over
from .outcomes import FINAL, OVER, STOPPING, JobState, TaskState

_KEY = "SMK_TASK_KEY"


@dataclass(frozen=True)
class Found:
    """A task of an earlier coordinator."""

    array: Array
    index: int
    target: str
    key: str
    state: Any
    stopping: bool

    @property
    def is_live(self) -> bool:
        """Whether it waits or runs."""
        return self.state not in FINAL


@dataclass
class Left:
    """A Batch job of an earlier coordinator.

    Attributes
    ----------
    array
        The job as something to watch.
    indices
        Target and key of each task, by index.
    state, states
        State of the job, and of each task that is over, when last asked.
    is_fresh
        Whether that was asked for the tasks that are being looked for now.
    """

    array: Array
    indices: dict[int, tuple[str, str]]
    states: dict[int, Any] = field(default_factory=dict)
    state: Any = JobState.STATE_UNSPECIFIED
    is_fresh: bool = False

    def found(self, index: int) -> Found:
        """Return one of its tasks."""
        unknown = TaskState.UNEXECUTED if self.state in OVER else TaskState.PENDING
        state = self.states.get(index, unknown)
        return Found(self.array, index, *self.indices[index], state, self.state in STOPPING)


class Heritage:
    """Index of what earlier coordinators of the run have left.

    Parameters
    ----------
    api
        The :class:`~.api.BatchApi`.
    run
        Value of the run's label.
    coordinator
        Value of this coordinator's own label; its jobs are not left by somebody else.
    now
        The watcher's time, in seconds.
    """

    def __init__(self, api: Any, run: str, coordinator: str, now: float) -> None:
        self.api = api
        self.now = now
        self.lefts: list[Left] = []
        self.by_key: dict[str, list[tuple[Left, int]]] = {}
        self.by_target: dict[str, list[tuple[Left, int]]] = {}
        self.finished: dict[str, list[batch_v1.Job]] = {}
        self._filed_after = datetime.max
        for listed in api.jobs(RUN_LABEL, run):
            whose = listed.labels.get(COORDINATOR_LABEL, "")
            if whose == coordinator:
                continue
            if listed.status.state in OVER:
                self.finished.setdefault(whose, []).append(listed)
            else:
                self._add(listed)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left that could matter."""
        return not self.lefts and not self.finished

    @property
    def coordinators(self) -> set[str]:
        """Return the earlier coordinators that have left a job, over or not."""
        return {left.array.coordinator for left in self.lefts} | self.finished.keys()

    def refresh(self) -> None:
        """Forget what may have changed: some tasks may have ended since."""
        for left in self.lefts:
            left.is_fresh = left.is_fresh and left.state in OVER

    def same_work(self, key: str, submitted_by: Collection[str]) -> Found | None:
        """Return a task that does this very work: live, or done and not yet told.

        Parameters
        ----------
        key
            The key of the work.
        submitted_by
            The coordinators that, by Snakemake's marks, submitted the work and did not see its
            end. Without a mark, a finished task is history: its target is made again on purpose.
        """
        for coordinator in submitted_by:
            self._file_finished(self.finished.get(coordinator, []), datetime.min)
        for found in self._look_at(self.by_key.get(key, [])):
            unseen = found.array.coordinator in submitted_by
            done_unseen = unseen and found.state == TaskState.SUCCEEDED
            if found.is_live and not found.stopping:
                return found
            if done_unseen and not self._is_replaced(found):
                return found
        return None

    def _is_replaced(self, found: Found) -> bool:
        """Whether a later job may have written the files of a finished task, from other sources."""
        if found.array.created < self._filed_after:
            for jobs in self.finished.values():
                self._file_finished(jobs, found.array.created)
            self._filed_after = found.array.created
        return any(
            each.key != found.key
            and each.state != TaskState.UNEXECUTED
            and each.array.created > found.array.created
            for each in self._look_at(self.by_target[found.target])
        )

    def _file_finished(self, jobs: list[batch_v1.Job], after: datetime) -> None:
        """File the tasks of finished jobs that were created after a time, the newest first."""
        jobs.sort(key=creation_time)
        while jobs and creation_time(jobs[-1]) > after:
            self._add(jobs[-1])
            jobs.pop()

    def in_the_way(self, target: str) -> Found | None:
        """Return a live task that writes the same files."""
        places = self._look_at(self.by_target.get(target, []))
        return next((found for found in places if found.is_live), None)

    def _look_at(self, places: Iterable[tuple[Left, int]]) -> Iterator[Found]:
        """Return tasks as they are now; only jobs that matter are asked about."""
        for left, index in places:
            if not left.is_fresh:
                self._update(left)
            yield left.found(index)

    def live_names(self) -> list[str]:
        """Return the jobs that, when last asked, were not over."""
        return [left.array.name for left in self.lefts if left.state not in OVER]

    def _add(self, listed: batch_v1.Job) -> None:
        """File the tasks of a job."""
        job = listed if keys_of(listed) else self.api.get_patiently(listed.name)
        left = Left(array_of(job, self.api.parent, self.now, _width(job)), keys_of(job))
        left.state = job.status.state
        self.lefts.append(left)
        for index, (target, key) in left.indices.items():
            self.by_key.setdefault(key, []).append((left, index))
            self.by_target.setdefault(target, []).append((left, index))

    def _update(self, left: Left) -> None:
        """Ask what has become of a job's tasks."""
        left.states = {}
        try:
            left.state = self.api.get_patiently(left.array.name).status.state
            if left.state == JobState.SUCCEEDED:
                left.states = dict.fromkeys(left.indices, TaskState.SUCCEEDED)
            else:
                listed = self.api.tasks(left.array.name)
                left.states = {i: each.status.state for i, each in listed.items() if is_over(each)}
        except google.NotFound:
            left.state = JobState.CANCELLED
        left.is_fresh = True


def keys_of(job: batch_v1.Job) -> dict[int, tuple[str, str]]:
    """Return target and key of each task of a job, by index."""
    found: dict[int, tuple[str, str]] = {}
    for group in batch_v1.Job.pb(job).task_groups:
        environments = [each.variables for each in group.task_environments]
        for index, variables in enumerate(environments or [group.task_spec.environment.variables]):
            target, _, key = variables[_KEY].partition(".") if _KEY in variables else ("", "", "")
            if key:
                found[index] = (target, key)
    return found


def _width(job: batch_v1.Job) -> int:
    """Return how many Batch tasks are one Snakemake job."""
    group = batch_v1.Job.pb(job).task_groups[0]
    return 1 if group.task_environments else max(1, int(group.task_count))


def is_newer(mtimes: Iterable[float], created: datetime) -> bool:
    """Whether an input was written after a Batch job was created: the job may have read the old.

    Parameters
    ----------
    mtimes
        Times of the inputs, in seconds since 1970.
    created
        When the job was created, in UTC without a time zone, as Google's library gives it.
    """
    start = (created - datetime(1970, 1, 1)).total_seconds()
    return any(mtime > start for mtime in mtimes)

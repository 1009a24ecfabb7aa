"""Create Batch jobs so that no task is started twice or lost."""

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from google.api_core import exceptions as google
from google.cloud import batch_v1

from .adoption import keys_of
from .arrays import COORDINATOR_LABEL, Array, array_of
from .errors import SubmissionError
from .names import job_id
from .outcomes import OVER, STOPPING
from .tasks import Task

_MOST_NAMES = 50
_NOT_FOUND_TRIES = 4


class Submitter:
    """Creates one Batch job per array.

    Parameters
    ----------
    api
        The :class:`~.api.BatchApi`.
    run, coordinator
        Values of the labels of the run and of this coordinator.
    now
        The watcher's clock.
    pause
        Called before a request is repeated that was answered with NOT_FOUND.
    confirm
        Called before each job is created; raises if none may be.
    """

    def __init__(
        self,
        api: Any,
        run: str,
        coordinator: str,
        now: Callable[[], float],
        pause: Callable[[], None],
        confirm: Callable[[], object] | None = None,
    ) -> None:
        self.api = api
        self.run = run
        self.coordinator = coordinator
        self.now = now
        self.pause = pause
        self.confirm = confirm or (lambda: None)
        self.used: set[str] = set()
        self.trying: set[str] = set()
        self.perhaps: set[str] = set()
        self.created: set[str] = set()
        self.lock = threading.Lock()

    @property
    def is_busy(self) -> bool:
        """Whether a job is being created at this moment."""
        with self.lock:
            return bool(self.trying)

    def all_names(self) -> set[str]:
        """Return full names of all jobs that were created, or may have been."""
        with self.lock:
            names = self.created | self.trying | self.perhaps
        return {f"{self.api.parent}/jobs/{name}" for name in names}

    def submit(self, tasks: Sequence[Task], make: Callable[[str], batch_v1.Job]) -> Array:
        """Create the job of an array, or find it created.

        An id is taken where an earlier coordinator ran the same tasks. If it is over, ours gets
        the next id: the tasks are run again on purpose. If it is live, we take it over.

        ``make`` returns the job definition for an id.

        Raises
        ------
        google.api_core.exceptions.GoogleAPICallError
            If Google Batch refuses, or does not answer in time. No task has been started then,
            as far as can be known.
        """
        first, keys = tasks[0], _keys(tasks)
        for name in self._ids(first, keys):
            with self.lock:
                if name in self.used:
                    continue
                self.used.add(name)
                self.trying.add(name)
                self.perhaps.add(name)
            try:
                job = self._create_or_find(name, keys, make)
            finally:
                with self.lock:
                    self.trying.discard(name)
            with self.lock:
                self.perhaps.discard(name)
                if job is not None:
                    self.created.add(name)
            if job is not None:
                array = array_of(job, self.api.parent, self.now(), first.shape.width)
                array.tasks = dict(enumerate(tasks))
                return array
        raise SubmissionError(
            f"{_MOST_NAMES} Batch jobs {name[:40]}... exist already for the same tasks. "
            "Delete old ones, or set --googlebatch-array-run-id."
        )

    def first_id(self, tasks: Sequence[Task]) -> str:
        """Return the id of the job of an array, if no job has it."""
        return next(self._ids(tasks[0], _keys(tasks)))

    def _ids(self, first: Task, keys: Sequence[str]) -> Iterator[str]:
        """Return the ids that the job may have, one after the other."""
        more = (self.run, "spot" if first.spot else "standard", str(first.resubmissions))
        for again in range(_MOST_NAMES):
            yield job_id(first.shape.rule, first.shape.attempt, keys, *more, again=again)

    def _create_or_find(
        self, name: str, keys: Sequence[str], make: Callable[[str], batch_v1.Job]
    ) -> batch_v1.Job | None:
        """Create a job; return the one that is there if it is ours; None if the id is taken."""
        definition = make(name)
        self.confirm()
        for left in reversed(range(_NOT_FOUND_TRIES)):
            try:
                created: batch_v1.Job = self.api.create(definition, name)
            except google.AlreadyExists:
                return self._existing(name, keys)
            except google.NotFound:
                # Right after a role or an API was set up, a project is not found for a moment.
                if not left:
                    raise
                self.pause()
            except Exception:
                # The request may have had its effect although the answers were errors.
                found = self._created_after_all(name)
                if found is None:
                    raise
                return found
            else:
                return created
        return None

    def _created_after_all(self, name: str) -> batch_v1.Job | None:
        """Return the job if it is there and ours."""
        try:
            job: batch_v1.Job = self.api.get(f"{self.api.parent}/jobs/{name}")
        except Exception:
            return None
        return job if self._is_mine(job) else None

    def _is_mine(self, job: batch_v1.Job) -> bool:
        """Whether this coordinator created the job."""
        return bool(job.labels.get(COORDINATOR_LABEL) == self.coordinator)

    def _existing(self, name: str, keys: Sequence[str]) -> batch_v1.Job | None:
        """Return the job of that id if it does our work: just created by us, or live.

        If it cannot be looked at, the error goes to the caller: under another id the work might
        be done twice.
        """
        try:
            job: batch_v1.Job = self.api.get_patiently(f"{self.api.parent}/jobs/{name}")
        except google.NotFound:
            return None
        if self._is_mine(job):
            return job
        if job.status.state in OVER or job.status.state in STOPPING:
            return None
        same = [f"{target}.{key}" for target, key in keys_of(job).values()] == list(keys)
        return job if same else None


def _keys(tasks: Sequence[Task]) -> list[str]:
    """Return what tells tasks apart."""
    return [f"{task.target}.{task.key}" for task in tasks]

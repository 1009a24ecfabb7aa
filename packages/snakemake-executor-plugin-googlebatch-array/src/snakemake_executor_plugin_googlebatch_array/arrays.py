"""Keep the state of Batch jobs that this coordinator watches, with their tasks."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from google.cloud import batch_v1

from .outcomes import FINAL, Failure
from .tasks import Task

RUN_LABEL = "snakemake-run"
COORDINATOR_LABEL = "snakemake-coordinator"


@dataclass(eq=False)
class Array:
    """One Batch job.

    Attributes
    ----------
    name
        Full name: ``projects/P/locations/R/jobs/ID``.
    uid
        Google's own id; Cloud Logging knows the job by it.
    created, coordinator
        When it was created, and the label of the coordinator that did it.
    since
        When it was submitted or found, in seconds of the watcher's clock.
    tasks
        What we still wait for, by index.
    blocked
        Tasks to be submitted when another task, by index, is over: it writes the same files.
    width
        Batch tasks per Snakemake job; above 1 the whole job is one Snakemake job.
    finished
        Tasks that were over when the list was last read.
    counts
        Tasks per state, when last asked.
    trouble_since, missing_since, unsettled_since, waiting_since
        Since when requests fail, the job is not found, it is over while its tasks are not, it
        waits for VMs.
    stopping
        Whether somebody is stopping or deleting it.
    abandoned
        Whether we gave up on tasks that may still run.
    """

    name: str
    uid: str
    since: float
    created: datetime = datetime.min
    coordinator: str = ""
    tasks: dict[int, Task] = field(default_factory=dict)
    blocked: dict[int, list[Task]] = field(default_factory=dict)
    width: int = 1
    finished: int = -1
    counts: dict[str, int] = field(default_factory=dict)
    trouble_since: float | None = None
    trouble_told: float | None = None
    missing_since: float | None = None
    missing_polls: int = 0
    unsettled_since: float | None = None
    waiting_since: float | None = None
    waiting_told: str = ""
    stopping: bool = False
    abandoned: bool = False
    over: bool = False

    @property
    def job_id(self) -> str:
        """Return the last part of the name."""
        return self.name.rpartition("/")[2]

    @property
    def wanted(self) -> bool:
        """Whether anything depends on it."""
        return bool(self.tasks or self.blocked)

    def task_name(self, index: int) -> str:
        """Return the full name of a task."""
        return f"{self.name}/taskGroups/group0/tasks/{index}"

    def pop_all(self) -> Iterator[tuple[int, Task]]:
        """Give up all tasks."""
        while self.tasks:
            yield self.tasks.popitem()


@dataclass(slots=True)
class Verdict:
    """What became of a task: it succeeded, failed, or is free to be submitted.

    ``settled`` is set when that has been acted on.
    """

    task: Task
    array: Array
    index: int
    failure: Failure | None = None
    released: bool = False
    settled: bool = False


@dataclass(frozen=True)
class Attached:
    """A task that is done by a Batch task of an earlier coordinator, or has to wait for it."""

    task: Task
    array: Array
    index: int
    waits: bool


def array_of(job: batch_v1.Job, parent: str, now: float, width: int = 1) -> Array:
    """Return the array of a Batch job, without tasks as yet.

    Its name is made from the parent that we ask for: Google's may have the project's number.
    """
    name = f"{parent}/jobs/{job.name.rpartition('/')[2]}"
    coordinator = job.labels.get(COORDINATOR_LABEL, "")
    return Array(name, job.uid, now, creation_time(job), coordinator, width=width)


def creation_time(job: batch_v1.Job) -> datetime:
    """Return when a Batch job was created, in UTC without a time zone."""
    created: datetime = batch_v1.Job.pb(job).create_time.ToDatetime()
    return created


def is_over(task: batch_v1.Task) -> bool:
    """Whether a task has reached a state that it does not leave."""
    return task.status.state in FINAL

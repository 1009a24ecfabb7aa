"""Read the outcome of a task from Google Batch's task and job states."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from google.cloud import batch_v1

from .job_definition import FAULTS_OF_BATCH

# Google's library types the members of its enumerations as plain numbers.
JobState: Any = batch_v1.JobStatus.State
TaskState: Any = batch_v1.TaskStatus.State

OVER = frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED})
"""States that a job does not leave, except by being deleted."""

STOPPING = frozenset({JobState.DELETION_IN_PROGRESS, JobState.CANCELLATION_IN_PROGRESS})
WAITING = frozenset({JobState.STATE_UNSPECIFIED, JobState.QUEUED, JobState.SCHEDULED})

FINAL = frozenset({TaskState.SUCCEEDED, TaskState.FAILED, TaskState.UNEXECUTED})
"""States that a task does not leave."""

ON_A_VM = frozenset({"ASSIGNED", "RUNNING"})
"""Names of the states in which a task has a VM."""


class Event(NamedTuple):
    """A status event: when, what kind, what it says."""

    time: str
    kind: str
    text: str


class Failure(NamedTuple):
    """A task that has failed for good.

    Attributes
    ----------
    state
        Its state, or what happened to its job.
    exit_code
        Exit code of its last try; None if it never ran to an end.
    events
        Status events of the task, or of its job if it has none.
    lost_with_job
        Whether somebody stopped or deleted the job.
    """

    state: str
    exit_code: int | None
    events: tuple[Event, ...]
    lost_with_job: bool = False

    @property
    def is_batchs_fault(self) -> bool:
        """Whether the VM was lost, rather than the task's command failing."""
        return self.exit_code in FAULTS_OF_BATCH


def task_failure(task: batch_v1.Task) -> Failure:
    """Describe a failed task; its last exit code counts, earlier tries were repeated."""
    codes = [
        event.task_execution.exit_code
        for event in task.status.status_events
        if event.task_execution.exit_code
    ]
    state: Any = task.status.state
    return Failure(state.name, codes[-1] if codes else None, events_of(task.status.status_events))


def job_failure(job: batch_v1.Job, state: str, *, lost: bool = False) -> Failure:
    """Describe the failure of a task about which only its job says something."""
    return Failure(state, None, events_of(job.status.status_events), lost_with_job=lost)


def events_of(events: Iterable[batch_v1.StatusEvent]) -> tuple[Event, ...]:
    """Return status events in order of time."""
    messages = [batch_v1.StatusEvent.pb(event) for event in events]
    messages.sort(key=lambda event: event.event_time.ToNanoseconds())
    return tuple(
        Event(f"{event.event_time.ToDatetime():%H:%M:%S}", event.type_, event.description)
        for event in messages
    )


def counts_of(job: batch_v1.Job) -> dict[str, int]:
    """Return how many tasks are in each state."""
    counts: dict[str, int] = {}
    for group in job.status.task_groups.values():
        for state, number in group.counts.items():
            if number:
                counts[state] = counts.get(state, 0) + int(number)
    return counts

"""Record jobs and tasks, and show them as the API does."""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from google_batch_emulator import timestamps
from google_batch_emulator.messages import Job, JobState, Message, StatusEvent, Task, TaskState
from google_batch_emulator.names import GROUP, Parent

FINAL_TASK = frozenset({TaskState.SUCCEEDED, TaskState.FAILED, TaskState.UNEXECUTED})
FINAL_JOB = frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED})
ENDING_JOB = frozenset({JobState.DELETION_IN_PROGRESS, JobState.CANCELLATION_IN_PROGRESS})


@dataclass
class Vm:
    """A virtual machine of a job; here, a name that attempts share.

    Parameters
    ----------
    instance
        Number of the instance.
    name
        Host name.
    zone
        Where it is.
    slots
        Attempts that it takes at a time.
    attempts
        Those on it now.
    """

    instance: str
    name: str
    zone: str
    slots: int
    attempts: "set[Attempt]" = field(default_factory=set)

    def __str__(self) -> str:
        return f"zones/{self.zone}/instances/{self.instance}"


@dataclass
class TaskRecord:
    """One task of an array."""

    index: int
    state: TaskState = TaskState.PENDING
    retries: int = 0
    events: list[Message] = field(default_factory=list)


@dataclass
class JobRecord:
    """One job.

    Parameters
    ----------
    parent, job_id, uid
        What it is called.
    definition
        The job as it was asked for, with the defaults filled in; never changed.
    tasks
        By index.
    serial
        Number of the job in order of creation.
    memory_mib
        Memory that a task may use; 0 if the job does not say.
    boot_disk_gb
        Size of the boot disk of each VM.
    machine_type
        Of each VM: as asked for, or chosen.
    """

    parent: Parent
    job_id: str
    uid: str
    definition: Message
    tasks: list[TaskRecord]
    serial: int
    memory_mib: int = 0
    boot_disk_gb: int = 0
    machine_type: str = ""
    state: JobState = JobState.QUEUED
    events: list[Message] = field(default_factory=list)
    vms: list[Vm] = field(default_factory=list)
    created: Any = field(default_factory=timestamps.now)
    updated: Any = field(default_factory=timestamps.now)
    counts: Counter[TaskState] = field(default_factory=Counter)
    running_since: float | None = None
    run_seconds: float = 0.0
    first_failure: str = ""
    admitted: bool = False
    pending: deque[int] = field(default_factory=deque)
    attempts: "set[Attempt]" = field(default_factory=set)
    when_ended: list[Callable[[], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.counts[TaskState.PENDING] = len(self.tasks)
        self.pending.extend(range(len(self.tasks)))
        self.has_barrier = any(item.HasField("barrier") for item in self.spec.runnables)

    @property
    def name(self) -> str:
        """Name of the resource, with the project as it was asked for."""
        return f"{self.parent}/jobs/{self.job_id}"

    @property
    def numbered_name(self) -> str:
        """Name of the resource, with the project's number."""
        return f"{self.parent.numbered}/jobs/{self.job_id}"

    @property
    def group(self) -> Message:
        """The task group."""
        return self.definition.task_groups[0]

    @property
    def spec(self) -> Message:
        """What every task does."""
        return self.group.task_spec

    @property
    def over(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in FINAL_JOB

    def elapsed(self) -> float:
        """Return the seconds spent in RUNNING."""
        going = 0.0 if self.running_since is None else time.monotonic() - self.running_since
        return self.run_seconds + going

    def show(self) -> Message:
        """Return the job as the API shows it."""
        job = Job()
        job.CopyFrom(self.definition)
        job.update_time.CopyFrom(self.updated)
        status = job.status
        status.state = int(self.state)
        status.status_events.extend(self.events)
        status.run_duration.CopyFrom(timestamps.duration(self.elapsed()))
        if self.state != JobState.QUEUED:
            group = status.task_groups[GROUP]
            for state, count in sorted(self.counts.items()):
                if count:
                    group.counts[state.name] = count
            self._show_instances(group)
        return job

    def _show_instances(self, group: Message) -> None:
        policy = self.definition.allocation_policy.instances[0].policy
        instance = group.instances.add(
            machine_type=self.machine_type,
            provisioning_model=policy.provisioning_model,
            task_pack=self.group.task_count_per_node,
        )
        instance.boot_disk.CopyFrom(policy.boot_disk)
        instance.boot_disk.size_gb = self.boot_disk_gb

    def show_task(self, task: TaskRecord) -> Message:
        """Return a task as the API shows it."""
        shown = Task(name=f"{self.numbered_name}/taskGroups/{GROUP}/tasks/{task.index}")
        shown.status.state = int(task.state)
        shown.status.status_events.extend(task.events)
        return shown

    def note(self, description: str, kind: str = "STATUS_CHANGED") -> None:
        """Add a status event to the job."""
        self.updated = timestamps.now()
        self.events.append(
            StatusEvent(type_=kind, description=description, event_time=self.updated)
        )

    def enter(self, state: JobState, reason: str = "") -> None:
        """Change the state of the job, with its status event."""
        if state == JobState.RUNNING:
            self.running_since = time.monotonic()
        elif self.running_since is not None:
            self.run_seconds, self.running_since = self.elapsed(), None
        self.note(
            f"Job state is set from {self.state.name} to {state.name} "
            f"for job {self.numbered_name}.{reason}"
        )
        self.state = state

    def enter_task(
        self, task: TaskRecord, state: TaskState, where: str = "", ending: str = ".", code: int = 0
    ) -> str:
        """Change the state of a task, with its status event; return the event's description."""
        description = (
            f"Task state is updated from {task.state.name} to {state.name}"
            f"{f' on {where}' if where else ''}{ending}"
        )
        self.updated = timestamps.now()
        event = StatusEvent(
            type_="STATUS_CHANGED",
            description=description,
            event_time=self.updated,
            task_state=int(state),
        )
        if state in (TaskState.FAILED, TaskState.SUCCEEDED):
            event.task_execution.exit_code = code
        task.events.append(event)
        self.counts[task.state] -= 1
        self.counts[state] += 1
        task.state = state
        return description


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended.

    Parameters
    ----------
    code
        Exit code; 0 is success.
    message
        What the agent's log says about it; may be empty.
    notice_seconds
        Time between SIGTERM and SIGKILL; 0 if there is no SIGTERM.
    """

    code: int
    message: str = ""
    notice_seconds: float = 0


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

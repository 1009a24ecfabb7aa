"""Stand-ins for Google's client and for Snakemake's jobs, for tests without processes."""

from collections import deque
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from google.api_core import exceptions as google
from google.cloud import batch_v1

from snakemake_executor_plugin_googlebatch_array.resources import Compute
from snakemake_executor_plugin_googlebatch_array.tasks import Shape, Task

PARENT = "projects/p/locations/r"
State = batch_v1.JobStatus.State
TaskState = batch_v1.TaskStatus.State


class Clock:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Resources(dict):
    """A job's resources."""


@dataclass
class FakeJob:
    """As much of a Snakemake job as the executor looks at."""

    name: str = "one"
    wildcards_dict: dict[str, str] = field(default_factory=dict)
    resources: Resources = field(default_factory=Resources)
    threads: int = 1
    attempt: int = 1
    input: tuple[str, ...] = ("in.txt",)
    parameters: tuple[str, ...] = ()

    @property
    def rules(self) -> list[str]:
        return [self.name]

    @property
    def rule(self) -> Any:
        return SimpleNamespace(name=self.name)

    @property
    def dag(self) -> Any:
        persistence = SimpleNamespace(_params=lambda job: list(job.parameters))
        return SimpleNamespace(workflow=SimpleNamespace(persistence=persistence))

    def is_group(self) -> bool:
        return False


def settings(**changes: Any) -> Any:
    """Return settings as they are by default, with changes."""
    from snakemake_executor_plugin_googlebatch_array import ExecutorSettings

    return ExecutorSettings(project="p", region="r", **changes)


def task(number: int = 0, *, spot: bool = False, width: int = 1, seconds: int = 60) -> Task:
    """Return a task of rule ``one``."""
    compute = Compute(1000, 1024, 0, seconds)
    return Task(
        job=FakeJob(wildcards_dict={"i": str(number)}),
        shape=Shape("one", 1, spot, width, compute, ()),
        arguments=("--target-jobs", f"one:i={number}"),
        target=f"target{number}",
        key=f"key{number}",
        spot=spot,
    )


def definition(tasks: list[Task], **labels: str) -> batch_v1.Job:
    """Return a job that carries the tasks' keys."""
    environments = [
        batch_v1.Environment(variables={"SMK_TASK_KEY": f"{each.target}.{each.key}"})
        for each in tasks
    ]
    group = batch_v1.TaskGroup(task_environments=environments)
    return batch_v1.Job(
        task_groups=[group], labels={k.replace("_", "-"): v for k, v in labels.items()}
    )


def event(text: str, code: int = 0, second: int = 0) -> batch_v1.StatusEvent:
    return batch_v1.StatusEvent(
        type_="STATUS_CHANGED",
        description=text,
        event_time={"seconds": second},
        task_execution=batch_v1.TaskExecution(exit_code=code),
    )


class FakeBatch:
    """The methods of ``BatchServiceClient`` that the executor calls, on jobs in memory."""

    def __init__(self) -> None:
        self.jobs: dict[str, batch_v1.Job] = {}
        self.states: dict[str, dict[int, batch_v1.Task]] = {}
        self.errors: dict[str, deque[Exception]] = {}
        self.calls: list[str] = []
        self.lose_reply = False
        self.refuses_masks = self.refuses_filters = False

    def fail(self, method: str, *errors: Exception) -> None:
        self.errors.setdefault(method, deque()).extend(errors)

    def _called(self, method: str) -> None:
        self.calls.append(method)
        waiting = self.errors.get(method)
        if waiting:
            raise waiting.popleft()

    def create_job(self, request: Any, **options: Any) -> batch_v1.Job:
        self._called("create_job")
        name = f"{request.parent}/jobs/{request.job_id}"
        if name in self.jobs:
            raise google.AlreadyExists(name)
        job = batch_v1.Job(request.job)
        job.name, job.uid = name, f"uid-{request.job_id}"
        job.create_time = {"seconds": 1000}
        self.jobs[name] = job
        self.states[name] = {}
        for index in range(len(job.task_groups[0].task_environments) or 1):
            self.set_task(name, index, TaskState.PENDING)
        self.set_job(name, State.QUEUED)
        if self.lose_reply:
            self.lose_reply = False
            raise google.ServiceUnavailable("lost")
        return batch_v1.Job(job)

    def get_job(self, request: Any, **options: Any) -> batch_v1.Job:
        self._called("get_job")
        if request.name not in self.jobs:
            raise google.NotFound(request.name)
        return batch_v1.Job(self.jobs[request.name])

    def list_jobs(self, request: Any, **options: Any) -> list[batch_v1.Job]:
        self._called("list_jobs")
        mask = "x-goog-fieldmask" in dict(options.get("metadata", ()))
        if (mask and self.refuses_masks) or (request.filter and self.refuses_filters):
            raise google.InvalidArgument("400")
        return [batch_v1.Job(job) for job in reversed(self.jobs.values())]

    def list_tasks(self, request: Any, **options: Any) -> list[batch_v1.Task]:
        self._called("list_tasks")
        name = request.parent.rpartition("/taskGroups/")[0]
        return list(self.states[name].values())

    def delete_job(self, request: Any, **options: Any) -> None:
        self._called("delete_job")
        if self.jobs.pop(request.name, None) is None:
            raise google.NotFound(request.name)

    # --- the service's side ----------------------------------------------------------------------

    def set_job(self, name: str, state: Any, *events: batch_v1.StatusEvent) -> None:
        status = self.jobs[name].status
        status.state = state
        status.status_events.extend(events)
        counts: dict[str, int] = {}
        for each in self.states[name].values():
            counts[each.status.state.name] = counts.get(each.status.state.name, 0) + 1
        status.task_groups = {"group0": batch_v1.JobStatus.TaskGroupStatus(counts=counts)}

    def set_task(self, name: str, index: int, state: Any, *events: batch_v1.StatusEvent) -> None:
        self.states[name][index] = batch_v1.Task(
            name=f"{name}/taskGroups/group0/tasks/{index}",
            status=batch_v1.TaskStatus(state=state, status_events=list(events)),
        )

"""Define a Batch job from Snakemake's settings and the resources of a rule."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from google.cloud import batch_v1

from .allocation_policy import allocation_policy
from .arrays import COORDINATOR_LABEL, RUN_LABEL
from .commands import Frame, commands_of
from .environment import Variables
from .job_definition import batch_job, json_size, pieces, split, task_group, task_spec
from .names import label_value, merge_labels, parse_labels
from .resources import PREFIX
from .runnables import container, is_for_containers, scripts, volumes
from .tasks import Task


class Run(NamedTuple):
    """What all Batch jobs of a run have in common.

    Attributes
    ----------
    label, coordinator
        Values of the labels of the run and of this coordinator.
    frame
        The common part of all commands.
    variables
        Environment of the tasks.
    log_target
        Returns where the tasks of a job copy their logs.
    """

    label: str
    coordinator: str
    frame: Frame
    variables: Variables
    log_target: Callable[[str], dict[str, str] | None]


class JobTemplate:
    """Writes job definitions.

    Parameters
    ----------
    executor
        The executor; its methods know the job's parameters.
    run
        What all jobs have in common.
    """

    def __init__(self, executor: Any, run: Run) -> None:
        self.executor = executor
        self.settings = executor.executor_settings
        self.run = run

    def pieces(self, tasks: Sequence[Task]) -> list[Sequence[Task]]:
        """Split tasks of one shape so that each part fits a Batch job."""
        # The size does not depend on the id but for a few bytes.
        size = json_size(self.define(tasks, "x" * 63))
        return split(tasks, pieces(size, len(tasks), self.settings.max_array_size))

    def define(self, tasks: Sequence[Task], job_id: str) -> batch_v1.Job:
        """Return the definition of the job that runs these tasks.

        Raises
        ------
        ValueError
            If a setting or resource cannot be expressed.
        """
        first, settings = tasks[0], self.settings
        job = first.job
        commands = commands_of(
            self.run.frame,
            tasks,
            settings.project,
            self.run.log_target(job_id),
            settings.log_interval,
        )
        spec = task_spec(
            self.runnables(first),
            first.shape.compute,
            self.run.variables,
            commands,
            self.retries(first),
        )
        param = partial(self.executor.get_param, job)
        spec.volumes = volumes(param)
        group = task_group(
            spec,
            commands,
            width=first.shape.width,
            per_node=param("work_tasks_per_node"),
            parallelism=param("parallelism"),
        )
        labels = self.labels(job)
        policy = allocation_policy(param, labels, spot=first.spot, gpus=self.executor.gpus(job))
        return batch_job(group, policy, labels)

    def runnables(self, task: Task) -> list[batch_v1.Runnable]:
        """Return what a task runs; on the VM itself only if an image for that was chosen."""
        job, executor = task.job, self.executor
        param = partial(executor.get_param, job)
        if is_for_containers(param("image_family")):
            return [container(param, executor.image(job), gpus=executor.gpus(job) is not None)]
        resources = executor.resources(job)
        return scripts(param, self.settings, resources, width=task.shape.width)

    def labels(self, job: Any) -> dict[str, str]:
        """Return the labels of job and VMs: ours, those of the settings, those of the rule."""
        users = parse_labels(self.settings.labels or "")
        users |= parse_labels(self.executor.resources(job).get(f"{PREFIX}labels") or "")
        own = {
            "snakemake-job": label_value(job.name),
            "snakemake-attempt": str(job.attempt),
            RUN_LABEL: self.run.label,
            COORDINATOR_LABEL: self.run.coordinator,
        }
        return merge_labels(own, users)

    def retries(self, task: Task) -> int:
        """Return how often Batch repeats a task that was lost with its VM."""
        if not task.spot:
            return int(self.executor.get_param(task.job, "retry_count") or 0)
        attempts = self.executor.get_param(task.job, "spot_attempts")
        if attempts is not None:
            return int(attempts) - 1
        retries = self.executor.preemptible_retries
        return int(self.settings.retry_count or 0) if retries is None else int(retries)

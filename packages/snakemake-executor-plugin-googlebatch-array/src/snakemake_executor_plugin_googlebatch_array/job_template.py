"""Define a Batch job from Snakemake's settings and the resources of a rule."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from google.cloud import batch_v1

from .allocation_policy import complete_policy
from .arrays import COORDINATOR_LABEL, RUN_LABEL
from .commands import BOOTSTRAP, Frame, commands_of
from .environment import Variables
from .job_definition import batch_job, json_size, pieces, split, task_group, task_spec
from .names import label_value, merge_labels, parse_labels
from .resources import PREFIX
from .tasks import Task

_POLICY = (
    "machine_type",
    "boot_disk_type",
    "boot_disk_image",
    "boot_disk_gb",
    "image_project",
    "network",
    "subnetwork",
    "region",
    "zones",
    "external_ip",
)


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
    """Writes job definitions, with the stock executor's methods where it has them.

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
            self.runnables(job, first.shape.width),
            first.shape.compute,
            self.run.variables,
            commands,
            self.retries(first),
        )
        self.executor.add_storage(job, spec)
        group = task_group(
            spec,
            commands,
            width=first.shape.width,
            per_node=self.executor.get_param(job, "work_tasks_per_node"),
            parallelism=self.executor.get_param(job, "parallelism"),
        )
        labels = self.labels(job)
        param = {name: self.executor.get_param(job, name) for name in _POLICY}
        param["image_family"] = self.executor.image_family(job)
        policy = complete_policy(
            self.executor.get_allocation_policy(job),
            param,
            labels,
            spot=first.spot,
            gpus=self.executor.gpus(job) is not None,
        )
        return batch_job(group, policy, labels)

    def runnables(self, job: Any, width: int) -> list[batch_v1.Runnable]:
        """Return what a task runs: in the container the command and nothing else.

        Where the user chose an image for the VM itself, the stock plugin's preparation of the VM
        comes first; with several tasks per job, they wait for each other.
        """
        container = self.executor.get_container(
            job, entrypoint="/bin/bash", commands=["-c", BOOTSTRAP]
        )
        if container is not None:
            return [batch_v1.Runnable(container=container, display_name="snakemake")]
        writer = self.executor.get_command_writer(job)
        steps = []
        if not self.settings.skip_vm_setup:
            steps.append(_script(writer.setup(), "setup"))
        if width > 1:
            barrier = batch_v1.Runnable.Barrier(name="wait-for-setup")
            steps.append(batch_v1.Runnable(barrier=barrier))
        return [*steps, _script(writer.run(), "snakemake")]

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


def _script(text: str, name: str) -> batch_v1.Runnable:
    """Return a script for the VM itself; without a first line for bash, sh would run it."""
    script = batch_v1.Runnable.Script(text=f"#!/bin/bash\n{text}")
    return batch_v1.Runnable(script=script, display_name=name)

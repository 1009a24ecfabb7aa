"""Make one task of each Snakemake job, and group tasks into arrays."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo

from .placement import GPU_RESOURCES
from .resources import PREFIX, Compute, compute_for


class Shape(NamedTuple):
    """What all tasks of an array have in common."""

    rule: str
    attempt: int
    spot: bool
    width: int
    compute: Compute
    extras: tuple[tuple[str, str], ...]


@dataclass(eq=False, slots=True)
class Task:
    """A Snakemake job on its way through Google Batch.

    Attributes
    ----------
    job
        The Snakemake job or group of jobs.
    shape
        What it needs; tasks of one shape share an array.
    arguments
        The part of Snakemake's command line that is about this job.
    target
        Names what is made: equal for two tasks that write the same files.
    key
        Names what is done: target, sources, configuration and parameters.
    spot
        Whether it is to run on Spot VMs; false after a fall-back.
    resubmissions
        How often the executor itself has submitted it again.
    info
        Snakemake's record of the submission, once there is one.
    """

    job: Any
    shape: Shape
    arguments: tuple[str, ...]
    target: str
    key: str
    spot: bool
    resubmissions: int = 0
    info: SubmittedJobInfo | None = None


def shape_of(job: Any, resources: Mapping[str, Any], settings: Any, *, spot: bool) -> Shape:
    """Return the shape of a job: its rule, attempt and everything that shapes a job definition.

    Parameters
    ----------
    job, resources
        The Snakemake job, and its resources with the overrides of the run.
    settings
        Of the executor.
    spot
        Whether it is to run on Spot VMs.

    Raises
    ------
    ValueError
        If a resource makes no sense to Google Batch.
    """
    compute = compute_for(resources, job.threads, settings, has_input=bool(job.input))
    width = resources.get(f"{PREFIX}work_tasks") or settings.work_tasks or 1
    extras = {
        name: str(value)
        for name, value in resources.items()
        if name.startswith(PREFIX) or name in GPU_RESOURCES
    }
    return Shape(job.name, job.attempt, spot, int(width), compute, tuple(sorted(extras.items())))


def arrays(tasks: Iterable[Task]) -> list[list[Task]]:
    """Group tasks that can share a Batch job, in order of their first member.

    Jobs that need several Batch tasks each (``work_tasks``, for MPI) are alone: an array of
    them could not tell whose task failed.
    """
    groups: dict[Any, list[Task]] = {}
    for task in tasks:
        alone = id(task) if task.shape.width > 1 else None
        groups.setdefault((task.shape, task.spot, task.resubmissions, alone), []).append(task)
    return list(groups.values())


def describe(job: Any) -> str:
    """Name a job for people: rule and wildcards, or the members of a group."""
    if job.is_group():
        members = sorted(describe(each) for each in job.jobs)
        shown = "; ".join(members[:5]) + (" ..." if len(members) > 5 else "")
        return f"group {job.groupid} ({shown})"
    values: Mapping[str, Any] = job.wildcards_dict
    wildcards = ", ".join(f"{name}={value}" for name, value in values.items())
    return f"rule {job.rule.name}" + (f" ({wildcards})" if wildcards else "")

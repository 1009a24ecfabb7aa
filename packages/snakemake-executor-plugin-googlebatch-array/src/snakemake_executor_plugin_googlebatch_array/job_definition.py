"""Build the definition of a Batch job for an array of tasks.

Source: https://cloud.google.com/batch/docs/reference/rest/v1/projects.locations.jobs.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from google.cloud import batch_v1
from google.protobuf.duration_pb2 import Duration
from google.protobuf.json_format import MessageToJson

from .commands import Commands
from .environment import Variables
from .resources import Compute

FAULTS_OF_BATCH = (50001, 50002, 50003, 50004, 50006)
"""Exit codes of a lost VM: preempted, silent, rebooted, unresponsive, recreated.

Source: https://cloud.google.com/batch/docs/troubleshooting#reserved-exit-codes. 50005 is the
time limit: a second try would take as long.
"""

LARGEST_JOB = 1_000_000
"""Bytes of a job definition in JSON (https://cloud.google.com/batch/quotas)."""

MOST_TASKS = 100_000
MOST_RETRIES = 10
_MARGIN = 50_000
"""Left free: the service's JSON may be spelt less tightly than ours."""


def task_spec(
    runnables: Sequence[batch_v1.Runnable],
    compute: Compute,
    variables: Variables,
    commands: Commands,
    retries: int,
) -> batch_v1.TaskSpec:
    """Return what every task of the array does, and when Batch repeats it."""
    policy = batch_v1.LifecyclePolicy(
        action=batch_v1.LifecyclePolicy.Action.RETRY_TASK,
        action_condition=batch_v1.LifecyclePolicy.ActionCondition(exit_codes=FAULTS_OF_BATCH),
    )
    return batch_v1.TaskSpec(
        runnables=list(runnables),
        compute_resource=batch_v1.ComputeResource(
            cpu_milli=compute.cpu_milli,
            memory_mib=compute.memory_mib,
            boot_disk_mib=compute.boot_disk_mib,
        ),
        max_run_duration=Duration(seconds=compute.seconds),
        max_retry_count=min(max(retries, 0), MOST_RETRIES),
        lifecycle_policies=[policy],
        environment=batch_v1.Environment(
            variables={**variables.plain, **commands.common}, secret_variables=variables.secret
        ),
    )


def task_group(
    spec: batch_v1.TaskSpec,
    commands: Commands,
    *,
    width: int,
    per_node: int | None,
    parallelism: int | None,
) -> batch_v1.TaskGroup:
    """Return the array; with ``width`` above 1, one Snakemake job on several Batch tasks."""
    group = batch_v1.TaskGroup(task_spec=spec)
    if per_node:
        group.task_count_per_node = per_node
    if width > 1:
        # Tasks of an MPI job look for each other; those of an array have nothing to do with
        # each other, and a file of hosts would limit it to 1000 VMs.
        spec.environment.variables.update(commands.own[0])
        group.task_spec = spec
        group.task_count = width
        group.require_hosts_file = True
        group.permissive_ssh = True
        return group
    group.task_environments = [batch_v1.Environment(variables=each) for each in commands.own]
    if parallelism:
        group.parallelism = min(parallelism, len(commands.own))
    return group


def batch_job(
    group: batch_v1.TaskGroup, policy: batch_v1.AllocationPolicy, labels: Mapping[str, str]
) -> batch_v1.Job:
    """Return the whole job; what tasks print goes to Cloud Logging."""
    logs = batch_v1.LogsPolicy(destination=batch_v1.LogsPolicy.Destination.CLOUD_LOGGING)
    return batch_v1.Job(
        task_groups=[group], allocation_policy=policy, labels=dict(labels), logs_policy=logs
    )


def json_size(job: batch_v1.Job) -> int:
    """Return the bytes of a job definition in JSON."""
    return len(MessageToJson(batch_v1.Job.pb(job), indent=None).encode())


def pieces(total_bytes: int, tasks: int, largest_array: int) -> int:
    """Return into how many jobs an array has to be split.

    Parameters
    ----------
    total_bytes
        Size of the definition of one job with all tasks.
    tasks
        How many there are.
    largest_array
        The most that one job may have.
    """
    room = LARGEST_JOB - _MARGIN
    by_size = -(-total_bytes // room)
    by_count = -(-tasks // max(1, min(largest_array, MOST_TASKS)))
    return min(tasks, max(by_size, by_count, 1))


def split(items: Sequence[Any], parts: int) -> list[Sequence[Any]]:
    """Split into parts whose lengths differ by one at most."""
    short, longer = divmod(len(items), parts)
    result, start = [], 0
    for number in range(parts):
        end = start + short + (number < longer)
        result.append(items[start:end])
        start = end
    return result

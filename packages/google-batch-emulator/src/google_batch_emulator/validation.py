"""Refuse invalid jobs as CreateJob does, and fill in its defaults.

Sources: the comments of google/cloud/batch/v1/*.proto, cloud.google.com/batch/quotas, and
cloud.google.com/compute/docs/labeling-resources#requirements. The texts are in the style of the
service; they are not guaranteed to be its words.
"""

import re
import uuid
from collections.abc import Mapping

from google.protobuf.json_format import MessageToJson

from google_batch_emulator import timestamps
from google_batch_emulator.errors import invalid
from google_batch_emulator.messages import Message
from google_batch_emulator.settings import Limits
from google_batch_emulator.unsupported_features import refuse_unsupported

JOB_ID = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")

MAX_LABELS = 63
"""Of a job and a runnable; Batch, "Organize resources using labels"
(https://cloud.google.com/batch/docs/organize-resources-using-labels)."""

MAX_RESOURCE_LABELS = 61
"""Of the VMs, disks and GPUs of a job: same source."""

MAX_RETRIES = 10
MAX_PRIORITY = 99
# google/protobuf/duration.proto: about 10,000 years.
MAX_DURATION_SECONDS = 315_576_000_000

_LABEL_KEY = re.compile(r"[^\W\dA-Z_][^\WA-Z]*(?:-[^\WA-Z]*)*")
_LABEL_VALUE = re.compile(r"[^\WA-Z]*(?:-[^\WA-Z]*)*")
_MAX_LABEL = 63
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def check_job_id(job_id: str) -> None:
    """Refuse a job id that breaks the rule."""
    if not JOB_ID.fullmatch(job_id):
        raise invalid(
            f'Invalid job ID "{job_id}": it must match the regular expression '
            f"'^{JOB_ID.pattern}$'."
        )


def check_request_id(request_id: str) -> None:
    """Refuse a request id that is no UUID, or the zero UUID."""
    try:
        good = not request_id or uuid.UUID(request_id).int != 0
    except ValueError:
        good = False
    if not good:
        raise invalid(f'Invalid request_id "{request_id}": expected a UUID other than zero.')


def check_job(job: Message, limits: Limits) -> None:
    """Refuse a job that the service would refuse, or that the emulator cannot run.

    Raises
    ------
    ApiError
        INVALID_ARGUMENT, or UNIMPLEMENTED for what is not emulated.
    """
    size = len(MessageToJson(job, indent=None).encode())
    if size > limits.job_bytes:
        raise invalid(
            f"Job definition is too large: {size} bytes, and the limit is {limits.job_bytes}."
        )
    if len(job.task_groups) != 1:
        raise invalid(
            f"Job must have exactly one task group, and this one has {len(job.task_groups)}."
        )
    if not 0 <= job.priority <= MAX_PRIORITY:
        raise invalid(f"Job priority {job.priority} is not in [0, {MAX_PRIORITY}].")
    _check_labels("job.labels", job.labels)
    of_resources = job.allocation_policy.labels
    _check_labels("job.allocation_policy.labels", of_resources, MAX_RESOURCE_LABELS)
    if len(job.allocation_policy.instances) > 1:
        raise invalid("allocation_policy.instances must have at most one element.")
    _check_group(job.task_groups[0], limits)
    refuse_unsupported(job)


def _check_labels(where: str, labels: Mapping[str, str], most: int = MAX_LABELS) -> None:
    if len(labels) > most:
        raise invalid(f"{where} has {len(labels)} labels, and the limit is {most}.")
    for key, value in labels.items():
        if not _LABEL_KEY.fullmatch(key) or len(key) > _MAX_LABEL:
            raise invalid(
                f'Invalid label key "{key}" in {where}: at most {_MAX_LABEL} lower-case letters, '
                "digits, underscores and dashes, and the first is a letter."
            )
        if key.startswith(("goog-", "google-")):
            raise invalid(f'Invalid label key "{key}" in {where}: "goog-" is reserved.')
        if not _LABEL_VALUE.fullmatch(value) or len(value) > _MAX_LABEL:
            raise invalid(
                f'Invalid value "{value}" of label "{key}" in {where}: at most {_MAX_LABEL} '
                "lower-case letters, digits, underscores and dashes."
            )


def _check_group(group: Message, limits: Limits) -> None:
    count = len(group.task_environments) or group.task_count or 1
    if not 1 <= count <= limits.tasks:
        raise invalid(f"task_count {count} is not in [1, {limits.tasks}].")
    if not 0 <= group.parallelism <= limits.parallel_tasks:
        raise invalid(f"parallelism {group.parallelism} is not in [1, {limits.parallel_tasks}].")
    in_order = group.scheduling_policy == group.SchedulingPolicy.IN_ORDER
    if in_order and group.parallelism > 1:
        raise invalid("parallelism must be 1 if scheduling_policy is IN_ORDER.")
    if group.task_count_per_node < 0:
        raise invalid(f"task_count_per_node {group.task_count_per_node} is negative.")
    for environment in group.task_environments:
        _check_environment(environment)
    _check_spec(group.task_spec)


def _check_spec(spec: Message) -> None:
    if not spec.runnables:
        raise invalid("task_spec.runnables must have at least one element.")
    for place, runnable in enumerate(spec.runnables):
        _check_runnable(place, runnable)
    if not 0 <= spec.max_retry_count <= MAX_RETRIES:
        raise invalid(f"max_retry_count {spec.max_retry_count} is not in [0, {MAX_RETRIES}].")
    _check_duration("max_run_duration", spec.max_run_duration)
    if len(spec.lifecycle_policies) > 1:
        raise invalid("task_spec.lifecycle_policies must have at most one element.")
    for policy in spec.lifecycle_policies:
        if not policy.action or not policy.action_condition.exit_codes:
            raise invalid("A lifecycle policy needs an action and exit codes.")
    resource = spec.compute_resource
    for name in ("cpu_milli", "memory_mib", "boot_disk_mib"):
        if getattr(resource, name) < 0:
            raise invalid(f"compute_resource.{name} {getattr(resource, name)} is negative.")
    _check_environment(spec.environment)


def _check_runnable(place: int, runnable: Message) -> None:
    kind = runnable.WhichOneof("executable")
    if kind is None:
        raise invalid(f"runnables[{place}] has none of container, script and barrier.")
    if kind == "container" and not runnable.container.image_uri:
        raise invalid(f"runnables[{place}].container.image_uri is required.")
    if kind == "script" and runnable.script.WhichOneof("command") is None:
        raise invalid(f"runnables[{place}].script has none of path and text.")
    _check_duration(f"runnables[{place}].timeout", runnable.timeout)
    _check_labels(f"runnables[{place}].labels", runnable.labels)
    _check_environment(runnable.environment)


def _check_duration(where: str, duration: Message) -> None:
    if not 0 <= timestamps.seconds_of(duration) <= MAX_DURATION_SECONDS:
        raise invalid(f"{where} {timestamps.seconds_of(duration)}s is out of range.")


def _check_environment(environment: Message) -> None:
    for name in (*environment.variables, *environment.secret_variables):
        if not _VARIABLE.fullmatch(name):
            raise invalid(f'Invalid name of an environment variable: "{name}".')


def fill_in(job: Message, limits: Limits) -> None:
    """Set what the request left open, as the service does."""
    group = job.task_groups[0]
    if group.task_environments:
        group.task_count = len(group.task_environments)
    group.task_count = group.task_count or 1
    in_order = group.scheduling_policy == group.SchedulingPolicy.IN_ORDER
    default = 1 if in_order else min(group.task_count, limits.parallel_tasks)
    group.parallelism = min(group.parallelism or default, group.task_count)
    resource = group.task_spec.compute_resource
    resource.cpu_milli = resource.cpu_milli or 2000
    resource.memory_mib = resource.memory_mib or 2000
    if not job.allocation_policy.instances:
        job.allocation_policy.instances.add()

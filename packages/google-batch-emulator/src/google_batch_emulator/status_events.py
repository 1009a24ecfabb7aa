"""Write the status events of jobs that wait or are rejected.

Sources: cloud.google.com/batch/docs/troubleshooting, and events of real jobs in public reports.
"""

import secrets

from google_batch_emulator.allocation import accelerators_refused, zone_of
from google_batch_emulator.machines import tasks_per_vm, vcpus
from google_batch_emulator.messages import JobState
from google_batch_emulator.records import JobRecord

WAITS_IN = {
    "quota": JobState.QUEUED,
    "stock-out": JobState.SCHEDULED,
    "no-agent": JobState.SCHEDULED,
    "reject": JobState.SCHEDULED,
}

_HYPERDISK_ONLY = frozenset({"a4", "c4", "c4a", "c4d", "m4", "n4", "x4"})
_QUOTA_CPUS = 24
_AGENT_SECONDS = 1080


def waiting_text(action: str, job: JobRecord) -> str:
    """Return the description of the status event for a job fault that delays or rejects a job."""
    policy = job.definition.allocation_policy.instances[0].policy
    zone = zone_of(job.definition.allocation_policy, job.parent.location)
    vm = f"{job.uid[:40]}-group0-0-{secrets.token_hex(2)}"
    if action == "quota":
        wanted = (vcpus(job.machine_type) or 2) * -(-len(job.tasks) // tasks_per_vm(job.definition))
        return (
            f"Quota checking process decides to delay scheduling for the job {job.uid} due to "
            f"inadequate quotas [Quota: CPUS, limit: {_QUOTA_CPUS}, usage: {_QUOTA_CPUS}, "
            f"wanted: {wanted}.]."
        )
    if action == "stock-out":
        return (
            "VM in Managed Instance Group meets error: Batch Error: code - "
            "CODE_GCE_ZONE_RESOURCE_POOL_EXHAUSTED, description - error count is 1, latest "
            f"message example: Instance '{vm}' creation failed: The zone "
            f"'projects/{job.parent.project}/zones/{zone}' does not have enough resources "
            "available to fulfill the request. Try a different zone, or try again later."
        )
    if action == "no-agent":
        return (
            "No VM has agent reporting correctly within time window "
            f"{_AGENT_SECONDS} seconds, VM state for instance {vm} is "
            f"{job.created.ToJsonString()},agent,start"
        )
    return _rejected(
        "Invalid value for field 'resource.properties.machineType': "
        f"'{policy.machine_type}'. No zone supports all of the provided instance templates."
    )


def rejection(job: JobRecord) -> str | None:
    """Return why no VM can be made for a job; None if one can.

    Machine series that know Hyperdisk alone do not start from a persistent disk.
    Source: cloud.google.com/compute/docs/disks/hyperdisks#machine-type-support
    """
    policy = job.definition.allocation_policy.instances[0].policy
    if not job.machine_type:
        return _rejected("No machine type has the CPU and memory that a task needs.")
    if wrong_gpus := accelerators_refused(policy):
        return _rejected(wrong_gpus)
    series = policy.machine_type.partition("-")[0]
    if series not in _HYPERDISK_ONLY:
        return None
    types = [policy.boot_disk.type_] + [disk.new_disk.type_ for disk in policy.disks]
    wrong = [kind for kind in types if kind.startswith("pd-")]
    return (
        _rejected(f"[{wrong[0]}] features are not compatible for creating instance.")
        if wrong
        else None
    )


def _rejected(why: str) -> str:
    return (
        "Job gets non-retryable information Batch Error: code - CODE_GCE_INVALID_FIELD_VALUE, "
        f"description - {why}"
    )

"""Assign tasks to virtual machines, and name the machines."""

import re
import secrets

from google_batch_emulator.allocation import zone_of
from google_batch_emulator.messages import Message, Provisioning
from google_batch_emulator.records import JobRecord, Vm

_CPUS = re.compile(r"-(\d+)(?:-(?:metal|lssd|\d+))?$")
_SHARED_CORE_CPUS = 2
_GIB_PER_CPU = {"highcpu": 1, "standard": 4, "highmem": 8}
_CPUS_OF_E2, _MOST_GIB_OF_E2 = (2, 4, 8, 16, 32), 128
# The size that the documentation takes for an image's, as an example.
_IMAGE_GB = 30


def vcpus(machine_type: str) -> int | None:
    """Return the vCPUs of a machine type by its name; None if the name does not say."""
    if machine_type in ("e2-micro", "e2-small", "e2-medium"):
        return _SHARED_CORE_CPUS
    if match := re.search(r"custom-(\d+)-\d+", machine_type):
        return int(match[1])
    match = _CPUS.search(machine_type)
    return int(match[1]) if match else None


def machine_type(job: Message) -> str:
    """Return the machine type of a job's VMs: as asked for, or the smallest E2 that has room.

    That Batch chooses an E2 is what its developers say, and not documented. N1 is the series that
    takes GPUs. Source: discuss.google.dev/t/batch-how-to-choose-machine-type/109594.
    """
    policy = job.allocation_policy.instances[0].policy
    if policy.machine_type:
        return str(policy.machine_type)
    group = job.task_groups[0]
    tasks = group.task_count_per_node or 1
    need = group.task_spec.compute_resource
    series = "n1" if policy.accelerators else "e2"
    fitting = [
        (cpus, gib, f"{series}-{kind}-{cpus}")
        for cpus in _CPUS_OF_E2
        for kind, gib in _GIB_PER_CPU.items()
        if cpus * gib <= _MOST_GIB_OF_E2
        and 1000 * cpus >= tasks * need.cpu_milli
        and 1024 * cpus * gib >= tasks * need.memory_mib
    ]
    return min(fitting)[2] if fitting else ""


def tasks_per_vm(job: Message) -> int:
    """Return how many tasks run on a VM at a time: as asked for, or as its vCPUs allow."""
    group = job.task_groups[0]
    if group.task_count_per_node:
        return int(group.task_count_per_node)
    cpus = vcpus(job.allocation_policy.instances[0].policy.machine_type)
    if cpus is None:
        return 1
    return max(1, cpus * 1000 // int(group.task_spec.compute_resource.cpu_milli))


def boot_disk_gb(job: Message) -> int:
    """Return the size of a VM's boot disk in GB.

    A given size counts alone: ``boot_disk_mib`` beside it has no effect. Without one, what the
    tasks of a VM need is added to the image's disk; that this is the sum is an assumption.
    Source: cloud.google.com/batch/docs/reference/rest/v1/projects.locations.jobs#Disk, "sizeGb".
    """
    given = int(job.allocation_policy.instances[0].policy.boot_disk.size_gb)
    extra_mib = tasks_per_vm(job) * int(job.task_groups[0].task_spec.compute_resource.boot_disk_mib)
    return given or _IMAGE_GB + -(-extra_mib // 1024)


def is_spot(job: Message) -> bool:
    """Return whether the VMs of a job can be preempted."""
    model = job.allocation_policy.instances[0].policy.provisioning_model
    return model in (Provisioning.SPOT, Provisioning.PREEMPTIBLE)


def vm_for(job: JobRecord) -> Vm:
    """Return a VM of the job with room for one more task; a new one if there is none."""
    for vm in job.vms:
        if len(vm.attempts) < vm.slots:
            return vm
    serial = len(job.vms)
    vm = Vm(
        instance=str(10**18 + secrets.randbelow(8 * 10**18)),
        name=f"{job.uid[:40]}-group0-0-{secrets.token_hex(2)}{serial}",
        zone=zone_of(job.definition.allocation_policy, job.parent.location),
        slots=tasks_per_vm(job.definition),
    )
    job.vms.append(vm)
    return vm

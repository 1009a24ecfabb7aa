"""Define the job of Google Batch that is a coordinator.

Source: https://cloud.google.com/batch/docs/reference/rest/v1/projects.locations.jobs.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from google.cloud import batch_v1
from google.protobuf.duration_pb2 import Duration

from epyflow.google.batch import COORDINATOR, label_value
from epyflow.google.site import Site
from epyflow.operations.detached.supervisor import TAKEN_AWAY
from snakemake_executor_plugin_googlebatch_array.machines import boot_disk_type
from snakemake_executor_plugin_googlebatch_array.placement import zones

PROGRAM = ("python", "-m", "epyflow.operations.detached.main")

MACHINE_TYPE = "e2-standard-2"
HOURS = 24.0

_LOST = (50001, 50002, 50003, 50004, 50006)
"""Exit codes of a lost VM, after which the job is retried. 50005 is the time limit.

Source: https://cloud.google.com/batch/docs/troubleshooting#reserved-exit-codes.
"""

_RETRIES = 10
_GRACE_S = 600
"""Time between the coordinator's own time limit and that of its job."""

_CPU_MILLI, _MEMORY_MIB, _DISK_GB = 2000, 6144, 30

Policy = batch_v1.AllocationPolicy


def job_labels(exp_id: str, run_id: str) -> dict[str, str]:
    """Return the labels of the coordinators of a run."""
    return {
        "component": "epyflow",
        "stage": COORDINATOR,
        "exp_id": label_value(exp_id),
        "run_id": label_value(run_id),
    }


def job_prefix(storage: str, exp_id: str, run_id: str) -> str:
    """Return the prefix of the ids of a run's coordinators, since two names may have one label."""
    text = "\0".join((storage.rstrip("/"), exp_id, run_id))
    return f"epyflow-coordinator-{hashlib.sha256(text.encode()).hexdigest()[:16]}-"


def number_of(job: batch_v1.Job, prefix: str) -> int | None:
    """Return the number of a run's coordinator; None for a job of another run."""
    found = re.fullmatch(rf"{re.escape(prefix)}(\d+)", job.name.rpartition("/")[2])
    return None if found is None else int(found[1])


def coordinator_job(
    site: Site,
    labels: Mapping[str, str],
    variables: Mapping[str, str],
    hours: float = HOURS,
    machine_type: str = MACHINE_TYPE,
) -> batch_v1.Job:
    """Define the job: one task on a small standard VM.

    Parameters
    ----------
    site
        Whose ``coordinator_service_account`` is given.
    labels
        Of :func:`job_labels`.
    variables
        Environment of the coordinator. It has no secrets: everyone who may list jobs can read it.
    hours
        Time limit of the coordinator.
    machine_type
        At least two vCPUs and 8 GB.
    """
    all_labels = dict(labels) | {"environment": site.environment, "managed-by": "epyflow"}
    group = batch_v1.TaskGroup(task_count=1, task_spec=_task(site, variables, hours))
    logs = batch_v1.LogsPolicy(destination=batch_v1.LogsPolicy.Destination.CLOUD_LOGGING)
    return batch_v1.Job(
        task_groups=[group],
        allocation_policy=_allocation(site, all_labels, machine_type),
        labels=all_labels,
        logs_policy=logs,
    )


def _task(site: Site, variables: Mapping[str, str], hours: float) -> batch_v1.TaskSpec:
    container = batch_v1.Runnable.Container(
        image_uri=site.image, commands=list(PROGRAM), options="--network host"
    )
    again = batch_v1.LifecyclePolicy(
        action=batch_v1.LifecyclePolicy.Action.RETRY_TASK,
        action_condition=batch_v1.LifecyclePolicy.ActionCondition(exit_codes=[*_LOST, TAKEN_AWAY]),
    )
    return batch_v1.TaskSpec(
        runnables=[batch_v1.Runnable(container=container, display_name=COORDINATOR)],
        compute_resource=batch_v1.ComputeResource(cpu_milli=_CPU_MILLI, memory_mib=_MEMORY_MIB),
        max_run_duration=Duration(seconds=round(hours * 3600) + _GRACE_S),
        max_retry_count=_RETRIES,
        lifecycle_policies=[again],
        environment=batch_v1.Environment(variables=dict(variables)),
    )


def _allocation(site: Site, labels: Mapping[str, str], machine_type: str) -> Policy:
    model: Any = Policy.ProvisioningModel
    instance = Policy.InstancePolicy(
        machine_type=machine_type,
        provisioning_model=model.STANDARD,
        boot_disk=Policy.Disk(type_=boot_disk_type(machine_type), size_gb=_DISK_GB),
    )
    # The interface must be named to have no external address.
    default = not (site.network or site.subnetwork)
    interface = Policy.NetworkInterface(
        network="global/networks/default" if default else site.network or "",
        subnetwork=f"regions/{site.region}/subnetworks/default"
        if default
        else site.subnetwork or "",
        no_external_ip_address=True,
    )
    return Policy(
        instances=[Policy.InstancePolicyOrTemplate(policy=instance)],
        service_account=batch_v1.ServiceAccount(email=site.coordinator_service_account or ""),
        network=Policy.NetworkPolicy(network_interfaces=[interface]),
        labels=dict(labels),
        location=Policy.LocationPolicy(
            allowed_locations=[f"zones/{zone}" for zone in zones(site.zones, site.region)]
        ),
    )

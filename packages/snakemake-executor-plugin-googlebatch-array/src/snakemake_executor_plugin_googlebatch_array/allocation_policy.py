"""Choose the VMs of a job: machines, disks, network, labels.

Source: https://cloud.google.com/batch/docs/reference/rest/v1/projects.locations.jobs,
"AllocationPolicy".
"""

from collections.abc import Callable, Mapping
from typing import Any

from google.cloud import batch_v1

from .machines import boot_disk_type
from .placement import Gpus, zones

Policy = batch_v1.AllocationPolicy


def allocation_policy(
    param: Callable[[str], Any], labels: Mapping[str, str], *, spot: bool, gpus: Gpus | None
) -> Policy:
    """Return which VMs run the tasks of a job.

    Parameters
    ----------
    param
        Returns a parameter of the job: machine type (empty for Google Batch to choose), disk,
        image, network, region, zones, external address, service account.
    labels
        Put on the VMs and their disks, so that costs can be told apart.
    spot
        Spot or standard provisioning.
    gpus
        GPUs of a VM, whose drivers Google Batch is to install.
    """
    model: Any = Policy.ProvisioningModel
    instance = Policy.InstancePolicy(
        machine_type=param("machine_type") or "",
        provisioning_model=model.SPOT if spot else model.STANDARD,
        boot_disk=_boot_disk(param),
    )
    if gpus is not None and gpus.model:
        instance.accelerators = [Policy.Accelerator(type_=gpus.model, count=gpus.number)]
    policy = Policy(
        instances=[
            Policy.InstancePolicyOrTemplate(policy=instance, install_gpu_drivers=gpus is not None)
        ],
        network=_network(param),
        labels=dict(labels),
    )
    if account := param("service_account"):
        policy.service_account = batch_v1.ServiceAccount(email=account)
    if allowed := zones(param("zones"), param("region")):
        policy.location = Policy.LocationPolicy(
            allowed_locations=[f"zones/{zone}" for zone in allowed]
        )
    return policy


def image_of(family: str, project: str | None) -> str:
    """Return the image of a family, in the project that publishes it."""
    if not project:
        project = "batch-custom-image" if family.startswith("batch-") else "cloud-hpc-image-public"
    return f"projects/{project}/global/images/family/{family}"


def _boot_disk(param: Callable[[str], Any]) -> Policy.Disk:
    """Return a boot disk that the machine type takes, or Google Batch chooses with the machine.

    Without an image Batch boots its own, the one that fits containers.
    """
    kind = param("boot_disk_type") or boot_disk_type(param("machine_type") or "")
    disk = Policy.Disk(type_=kind)
    if param("boot_disk_image"):
        disk.image = param("boot_disk_image")
    elif param("image_family"):
        disk.image = image_of(param("image_family"), param("image_project"))
    if param("boot_disk_gb"):
        disk.size_gb = int(param("boot_disk_gb"))
    return disk


def _network(param: Callable[[str], Any]) -> Policy.NetworkPolicy:
    """Return the network; without a choice the project's default, in the job's region.

    An interface has to be named for its external address to be left out.
    """
    network, subnetwork = param("network"), param("subnetwork")
    if not network and not subnetwork:
        if param("external_ip"):
            return Policy.NetworkPolicy()
        network = "global/networks/default"
        subnetwork = f"regions/{param('region')}/subnetworks/default"
    interface = Policy.NetworkInterface(
        network=network or "",
        subnetwork=subnetwork or "",
        no_external_ip_address=not param("external_ip"),
    )
    return Policy.NetworkPolicy(network_interfaces=[interface])

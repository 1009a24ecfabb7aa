"""Complete the allocation policy of the stock plugin: machines, disks, network, labels."""

from collections.abc import Mapping
from typing import Any

from google.cloud import batch_v1

from .machines import boot_disk_type
from .placement import zones

Policy = batch_v1.AllocationPolicy


def complete_policy(
    policy: Policy,
    param: Mapping[str, Any],
    labels: Mapping[str, str],
    *,
    spot: bool,
    gpus: bool = False,
) -> Policy:
    """Add to the stock plugin's allocation policy what it leaves out, and mend what it mixes up.

    Parameters
    ----------
    policy
        As the stock plugin builds it: machine type, accelerators, service account, network.
    param
        Parameters of the job: machine type (empty for Google Batch to choose), disk, image,
        network, region, zones, external address.
    labels
        Put on the VMs and their disks, so that costs can be told apart.
    spot
        Spot or standard provisioning.
    gpus
        Whether the VMs have GPUs, whose drivers Google Batch is to install.
    """
    instance = policy.instances[0].policy
    model: Any = Policy.ProvisioningModel
    instance.provisioning_model = model.SPOT if spot else model.STANDARD
    instance.boot_disk = _boot_disk(param)
    policy.instances[0].install_gpu_drivers = gpus
    if allowed := zones(param["zones"], param["region"]):
        policy.location = Policy.LocationPolicy(
            allowed_locations=[f"zones/{zone}" for zone in allowed]
        )
    policy.network = _network(param)
    policy.labels = dict(labels)
    return policy


def image_of(family: str, project: str | None) -> str:
    """Return the image of a family, in the project that publishes it."""
    if not project:
        project = "batch-custom-image" if family.startswith("batch-") else "cloud-hpc-image-public"
    return f"projects/{project}/global/images/family/{family}"


def _boot_disk(param: Mapping[str, Any]) -> Policy.Disk:
    """Return a boot disk that the machine type takes, or Google Batch chooses with the machine.

    Without an image Batch boots its own, the one that fits containers.
    """
    kind = param["boot_disk_type"] or boot_disk_type(param["machine_type"] or "")
    disk = Policy.Disk(type_=kind)
    if param["boot_disk_image"]:
        disk.image = param["boot_disk_image"]
    elif param["image_family"]:
        disk.image = image_of(param["image_family"], param["image_project"])
    if param["boot_disk_gb"]:
        disk.size_gb = int(param["boot_disk_gb"])
    return disk


def _network(param: Mapping[str, Any]) -> Policy.NetworkPolicy:
    """Return the network; without a choice the project's default, in the job's region.

    An interface has to be named for its external address to be left out.
    """
    network, subnetwork = param["network"], param["subnetwork"]
    if not network and not subnetwork:
        if param["external_ip"]:
            return Policy.NetworkPolicy()
        network = "global/networks/default"
        subnetwork = f"regions/{param['region']}/subnetworks/default"
    interface = Policy.NetworkInterface(
        network=network or "",
        subnetwork=subnetwork or "",
        no_external_ip_address=not param["external_ip"],
    )
    return Policy.NetworkPolicy(network_interfaces=[interface])

import pytest
from google.cloud import batch_v1

from snakemake_executor_plugin_googlebatch_array.allocation_policy import (
    allocation_policy,
    image_of,
)

Policy = batch_v1.AllocationPolicy
PARAM = {
    "machine_type": "c4d-standard-2",
    "boot_disk_type": None,
    "boot_disk_image": None,
    "boot_disk_gb": None,
    "image_family": None,
    "image_project": None,
    "network": None,
    "subnetwork": None,
    "region": "us-central1",
    "zones": None,
    "external_ip": False,
    "service_account": None,
}


def complete(*, spot=False, labels=None, **param):
    found = {**PARAM, **param}
    return allocation_policy(found.__getitem__, labels or {}, spot=spot, gpus=None)


@pytest.mark.parametrize(("spot", "model"), [(True, "SPOT"), (False, "STANDARD")])
def test_provisioning_is_said(spot, model):
    assert complete(spot=spot).instances[0].policy.provisioning_model.name == model


def test_without_a_machine_type_batch_chooses_the_disk_too():
    disk = complete(machine_type="", boot_disk_gb=50).instances[0].policy.boot_disk

    assert (disk.type_, disk.size_gb) == ("", 50)


def test_vms_are_in_the_zones_that_are_allowed():
    assert not complete().location.allowed_locations
    assert complete(zones="us-central1-a, us-central1-c").location.allowed_locations == [
        "zones/us-central1-a",
        "zones/us-central1-c",
    ]


def test_the_disk_suits_the_machine_and_batch_chooses_the_image():
    disk = complete().instances[0].policy.boot_disk

    assert (disk.type_, disk.image, disk.size_gb) == ("hyperdisk-balanced", "", 0)


def test_the_users_disk_wins():
    disk = complete(boot_disk_type="pd-ssd", boot_disk_gb=50, boot_disk_image="batch-debian")

    found = disk.instances[0].policy.boot_disk
    assert (found.type_, found.image, found.size_gb) == ("pd-ssd", "batch-debian", 50)


def test_a_disk_size_does_not_displace_the_image_of_the_family():
    disk = complete(image_family="batch-cos-stable-official", boot_disk_gb=50)

    image = disk.instances[0].policy.boot_disk.image
    assert image == "projects/batch-custom-image/global/images/family/batch-cos-stable-official"


def test_a_family_is_looked_for_where_it_is_published_unless_the_project_is_said():
    assert image_of("hpc-rocky-linux-8", None).startswith("projects/cloud-hpc-image-public/")
    assert image_of("batch-debian", "mine").startswith("projects/mine/")


def test_without_a_network_vms_are_in_the_default_one_without_an_address():
    (interface,) = complete().network.network_interfaces

    assert interface.network == "global/networks/default"
    assert interface.subnetwork == "regions/us-central1/subnetworks/default"
    assert interface.no_external_ip_address


def test_with_external_addresses_and_no_network_nothing_is_said():
    assert not complete(external_ip=True).network.network_interfaces


def test_the_users_network_is_used():
    (interface,) = complete(
        network="n", subnetwork="s", external_ip=True
    ).network.network_interfaces

    assert (interface.network, interface.subnetwork) == ("n", "s")
    assert not interface.no_external_ip_address


def test_labels_are_on_the_vms():
    assert dict(complete(labels={"stage": "run"}).labels) == {"stage": "run"}

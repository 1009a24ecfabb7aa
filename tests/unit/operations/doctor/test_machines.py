"""The checks of regions, machine types, disks and networks, each with one thing wrong."""

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.operations.doctor.answers import VM, context

from epyflow.operations.cost.profile import Profile, Shape
from epyflow.operations.doctor import machine_types, network, quota, run_inputs

REGION = "compute/compute/v1/projects/p/regions/europe-west1"
PROJECT = "compute/compute/v1/projects/p"
TYPES = "compute/compute/v1/projects/p/aggregated/machineTypes"
DISKS = "compute/compute/v1/projects/p/aggregated/diskTypes"
NET = "projects/p/global/networks/default"
SUBNET = "projects/p/regions/europe-west1/subnetworks/default"


def zones(kind: str, **names: str) -> dict[str, Any]:
    """Return what has a name in some zones: name, underlined, to the letters of the zones."""
    items: dict[str, Any] = {"zones/us-east1-b": {kind: [{"name": "elsewhere"}]}}
    for name, letters in names.items():
        for letter in letters:
            scope = items.setdefault(f"zones/europe-west1-{letter}", {kind: []})
            scope[kind].append({"name": name.replace("_", "-"), "guestCpus": 2})
    return {"items": items}


def test_a_region_is_shown_with_its_zones():
    base = "https://www.googleapis.com/compute/v1/projects/p/zones/europe-west1"
    there = context({REGION: {"zones": [f"{base}-d", f"{base}-b"]}})

    assert machine_types.region(there).found == "europe-west1, zones b, d"
    assert machine_types.region(context()).found == "there is no region europe-west1"


def test_a_machine_type_has_to_be_in_a_zone_of_the_region():
    found = machine_types.machine_types(
        context({TYPES: zones("machineTypes", c4d_standard_2="cb")})
    )
    assert (found.state, found.found) == ("ok", "c4d-standard-2 in b, c")

    other = Shape("elsewhere", 30, 4096, 1, 1)
    found = machine_types.machine_types(
        context({TYPES: zones("machineTypes", c4d_standard_2="b")}, other)
    )
    assert (found.state, found.found) == ("failed", "europe-west1 has no elsewhere")
    assert 'machine-types list --filter="name=elsewhere"' in found.remedy


def test_only_allowed_zones_count():
    types, disks = zones("machineTypes", c4d_standard_2="bc"), zones("diskTypes")
    disks["items"]["zones/europe-west1-b"] = {"diskTypes": [{"name": "hyperdisk-balanced"}]}
    base = "https://www.googleapis.com/compute/v1/projects/p/zones/europe-west1"
    documents = {TYPES: types, DISKS: disks, REGION: {"zones": [f"{base}-b", f"{base}-c"]}}

    allowed = context(documents, zones="europe-west1-c")
    assert machine_types.region(allowed).found == "europe-west1, zones c"
    assert machine_types.machine_types(allowed).found == "c4d-standard-2 in c"
    found = machine_types.disks(allowed).found
    assert found == "no zone of europe-west1 (c) has both c4d-standard-2 and hyperdisk-balanced"

    elsewhere = context(documents, zones="europe-west1-c,europe-west1-d")
    found = machine_types.region(elsewhere)
    assert (found.state, found.found) == ("failed", "europe-west1 has no zone europe-west1-d")
    of_rule = context(documents, replace(VM, zones="europe-west1-b,us-east1-b"))
    assert machine_types.region(of_rule).found == "europe-west1 has no zone us-east1-b"
    only = machine_types.machine_types(context(documents, zones="europe-west1-d"))
    assert only.found == "europe-west1 (d) has no c4d-standard-2"


def test_machines_that_google_batch_chooses_are_named_and_their_quota_is_not_checked():
    free = context({REGION: {"quotas": []}, PROJECT: {}}, replace(VM, machine_type=""))

    expected = "those of run_task chosen by Google Batch"
    assert machine_types.machine_types(free).found == expected
    assert machine_types.disks(free).found == expected
    found = quota.quota(free)
    assert found.state == "warning"
    assert found.found.startswith("Google Batch chooses the machines of run_task: the quota of")
    assert "tasks on chosen by Google Batch, 100 at once" in run_inputs.profile(free).found


@pytest.mark.parametrize(
    ("machine", "disk", "expected"),
    [
        ("c4d-standard-2", "", "c4d-standard-2 on hyperdisk-balanced"),
        ("c4d-standard-2", "hyperdisk-extreme", "no zone of europe-west1 has both"),
        ("c4d-standard-2", "pd-ssd", "c4d-standard-2 cannot boot from pd-ssd"),
        ("e2-standard-2", "hyperdisk-balanced", "e2-standard-2 cannot boot from hyperdisk"),
        ("e2-standard-2", "", "e2-standard-2 on pd-balanced"),
        ("n2-standard-2", "hyperdisk-balanced", "n2-standard-2 on hyperdisk-balanced"),
    ],
)
def test_a_machine_and_its_disk_have_to_suit_and_be_in_one_zone(machine, disk, expected):
    names = dict.fromkeys(("c4d_standard_2", "e2_standard_2", "n2_standard_2"), "b")
    documents = {
        TYPES: zones("machineTypes", **names),
        DISKS: zones("diskTypes", hyperdisk_balanced="bc", pd_balanced="b", hyperdisk_extreme="c"),
    }
    shape = Shape(machine, 30, 4096, 1, 1, disk_type=disk)

    found = machine_types.disks(context(documents, shape))

    assert found.found.startswith(expected)
    assert found.state == ("ok" if " on " in expected else "failed")


def subnet(**changed: Any) -> dict[str, Any]:
    link = f"https://www.googleapis.com/compute/v1/{NET}"
    fine = {"network": link, "privateIpGoogleAccess": True} | changed
    return {f"compute/compute/v1/{NET}": {}, f"compute/compute/v1/{SUBNET}": fine}


def named(documents: dict[str, Any], **site: str | None) -> Any:
    return network.network(context(documents, **{"network": None, "subnetwork": None} | site))


def test_the_default_network_is_enough_if_it_leads_to_google():
    found = named(subnet())
    assert (found.state, found.found) == ("ok", f"{SUBNET}, with Private Google Access")

    found = named(subnet(privateIpGoogleAccess=False))
    assert (found.state, "no Private Google Access" in found.found) == ("failed", True)
    assert "subnets update default --project p --region europe-west1 " in found.remedy


def test_a_network_or_subnetwork_that_is_wrong_is_named():
    assert named({}).found == f"there is no {NET}"
    assert named({f"compute/compute/v1/{NET}": {}}).found == f"there is no {SUBNET}"
    other = named(subnet(network="https://www.googleapis.com/compute/v1/projects/p/global/x"))
    assert other.found == f"{SUBNET} is part of projects/p/global/x, not of {NET}"
    elsewhere = named(subnet(), subnetwork="projects/q/regions/us-east1/subnetworks/s")
    assert elsewhere.found.endswith("subnetworks/s is not in europe-west1, where the machines are")


def test_the_profile_is_shown_by_the_machines_of_tasks():
    big, small = Shape("n2-standard-8", 30, 4096, 1, 7), Shape("e2-small", 30, 4096, 1, 1)
    made = context()
    made.__dict__["profile"] = Profile({"build": (small,), "run_task": (big,)}, frozenset())
    assert run_inputs.profile(made).found.endswith("2 rules; tasks on n2-standard-8, 7 at once")

    made.__dict__["profile"] = Profile({"build": (small, big)}, frozenset())
    assert run_inputs.profile(made).found.endswith("1 rules; tasks on e2-small, 1 at once")

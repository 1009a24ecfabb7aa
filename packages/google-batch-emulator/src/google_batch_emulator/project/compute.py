"""Emulate Compute Engine: regions, zones, networks, machine and disk types.

Source: cloud.google.com/compute/docs/reference/rest/v1.
"""

import re
from collections.abc import Callable

from google_batch_emulator.errors import not_found
from google_batch_emulator.machines import vcpus
from google_batch_emulator.names import REGIONS
from google_batch_emulator.project.calls import Call, Route
from google_batch_emulator.project_quotas import project_quotas, region_quotas
from google_batch_emulator.project_state import named

_HOST = r"compute\.googleapis\.com"
_PROJECT = r"GET /compute/v1/projects/(?P<project>[^/]+)"
_NAME = re.compile(r'name\s*(?:=|eq)\s*"?([a-z0-9-]+)"?')
_ZONES = "abc"
_MIB_PER_CPU = 4096

_SERIES = frozenset(
    {
        *("a2", "a3", "c2", "c2d", "c3", "c3d", "c4", "c4a", "c4d", "e2", "g2", "h3"),
        *("m1", "m2", "m3", "n1", "n2", "n2d", "n4", "t2a", "t2d", "z3"),
    }
)
_DISKS = frozenset(
    {
        *("hyperdisk-balanced", "hyperdisk-extreme", "hyperdisk-throughput"),
        *("pd-balanced", "pd-extreme", "pd-ssd", "pd-standard"),
    }
)


def get_project(call: Call) -> object:
    """Return the project as Compute Engine sees it, with its quotas."""
    return {"name": call.names["project"], "quotas": project_quotas(call.project.quotas)}


def get_region(call: Call) -> object:
    """Return a region, with its zones and quotas."""
    region = call.names["region"]
    if region not in REGIONS:
        raise not_found(f"projects/{call.names['project']}/regions/{region}")
    zones = [f"{_link(call)}/zones/{region}-{letter}" for letter in _ZONES]
    quotas = region_quotas(call.project.quotas)
    return {"name": region, "status": "UP", "zones": zones, "quotas": quotas}


def list_machine_types(call: Call) -> object:
    """Return the machine types that a filter names, by zone; all zones have the same."""
    names = [
        name
        for name in _filtered(call)
        if name.split("-")[0] in _SERIES
        and vcpus(name)
        and not named(name, call.project.absent_machine_types)
    ]

    def described(name: str) -> dict[str, object]:
        cpus = vcpus(name) or 0
        return {"name": name, "guestCpus": cpus, "memoryMb": cpus * _MIB_PER_CPU}

    return {"items": _by_zone("machineTypes", names, described)}


def list_disk_types(call: Call) -> object:
    """Return the disk types that a filter names, by zone."""
    absent = call.project.absent_disk_types
    names = [name for name in _filtered(call) if name in _DISKS and not named(name, absent)]
    return {"items": _by_zone("diskTypes", names, lambda name: {"name": name})}


def get_network(call: Call) -> object:
    """Return a network."""
    name = call.names["network"]
    if named(name, call.project.absent_networks):
        raise not_found(f"projects/{call.names['project']}/global/networks/{name}")
    return {"name": name, "selfLink": f"{_link(call)}/global/networks/{name}"}


def get_subnetwork(call: Call) -> object:
    """Return a subnetwork: of the network that its name begins with."""
    name, region = call.names["subnetwork"], call.names["region"]
    place = f"projects/{call.names['project']}/regions/{region}/subnetworks/{name}"
    if region not in REGIONS or named(name, call.project.absent_networks):
        raise not_found(place)
    network = name.removesuffix(f"-{region}")
    return {
        "name": name,
        "network": f"{_link(call)}/global/networks/{network}",
        "region": f"{_link(call)}/regions/{region}",
        "privateIpGoogleAccess": call.project.private_google_access,
    }


def _filtered(call: Call) -> list[str]:
    return _NAME.findall(" ".join(call.query.get("filter", [])))


def _by_zone(
    key: str, names: list[str], described: Callable[[str], dict[str, object]]
) -> dict[str, object]:
    """Return a list by zone; as in the real service, a zone that has none says so."""
    found: dict[str, object] = {}
    for region in sorted(REGIONS):
        for letter in _ZONES:
            zone = f"{region}-{letter}"
            items = [{**described(name), "zone": zone} for name in names]
            warning = {"code": "NO_RESULTS_ON_PAGE"}
            found[f"zones/{zone}"] = {key: items} if items else {"warning": warning}
    return found


def _link(call: Call) -> str:
    return f"https://www.googleapis.com/compute/v1/projects/{call.names['project']}"


def _route(name: str, path: str, permission: str, answer: Callable[[Call], object]) -> Route:
    return Route(name, _HOST, _PROJECT + path, f"compute.{permission}", answer)


ROUTES = (
    _route("GetComputeProject", "", "projects.get", get_project),
    _route("GetRegion", r"/regions/(?P<region>[^/]+)", "regions.get", get_region),
    _route(
        "AggregatedListMachineTypes",
        "/aggregated/machineTypes",
        "machineTypes.list",
        list_machine_types,
    ),
    _route("AggregatedListDiskTypes", "/aggregated/diskTypes", "diskTypes.list", list_disk_types),
    _route("GetNetwork", r"/global/networks/(?P<network>[^/]+)", "networks.get", get_network),
    _route(
        "GetSubnetwork",
        r"/regions/(?P<region>[^/]+)/subnetworks/(?P<subnetwork>[^/]+)",
        "subnetworks.get",
        get_subnetwork,
    ),
)

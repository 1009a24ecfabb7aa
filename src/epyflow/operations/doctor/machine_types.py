"""Check that the region has the machine types of the profile, with their disks.

Sources: https://cloud.google.com/compute/docs/reference/rest/v1 (regions.get,
machineTypes.aggregatedList, diskTypes.aggregatedList),
https://cloud.google.com/compute/docs/disks, "Machine series support".
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from google.api_core import exceptions as api

from epyflow.google.site_file import site_path
from epyflow.operations.cost.profile import CHOSEN
from epyflow.operations.doctor.check import CheckResult, failed, ok
from epyflow.operations.doctor.context import Context
from epyflow.suggest import listed

_HYPERDISK, _PERSISTENT = "hyperdisk-", "pd-"


def region(context: Context) -> CheckResult:
    """Check that the region exists, and has the zones that are allowed."""
    its = context.site
    try:
        found = context.apis.get(
            "compute", f"compute/v1/projects/{its.project}/regions/{its.region}"
        )
    except api.NotFound:
        return failed(
            f"there is no region {its.region}",
            f"check `region` in {site_path(context.environment)}: gcloud compute regions list",
        )
    existing = {str(zone).rpartition("/")[2] for zone in found.get("zones", ())}
    allowed = _allowed(context)
    shapes = (shape for shapes in context.profile.rules.values() for shape in shapes)
    of_rules = {zone.strip() for shape in shapes for zone in shape.zones.split(",")} - {""}
    if unknown := sorted((allowed | of_rules) - existing):
        return failed(
            f"{its.region} has no zone {listed(unknown)}",
            f"correct `zones` in {site_path(context.environment)} or googlebatch_zones in "
            f"{context.profile_file}; there are {listed(sorted(existing))}",
        )
    return ok(f"{its.region}, zones {_letters(allowed or existing)}")


def machine_types(context: Context) -> CheckResult:
    """Check that a zone of the region has each machine type."""
    found = offered(context)
    missing = [name for name in wanted(context) if not found.get(name)]
    if missing:
        return failed(
            f"{_place(context)} has no {listed(missing)}",
            f"choose others in {context.profile_file}, or another region: gcloud compute "
            f'machine-types list --filter="name={missing[0]}"',
        )
    shown = [f"{name} in {_letters(found[name])}" for name in wanted(context)]
    return ok("; ".join([*shown, *_chosen(context)]))


def disks(context: Context) -> CheckResult:
    """Check that the machines can boot from their disks, and that a zone has both."""
    types = offered(context)
    pairs = sorted(
        {
            (shape.machine_type, shape.disk_type or _suitable(shape.machine_type))
            for shapes in context.profile.rules.values()
            for shape in shapes
            if shape.machine_type
        }
    )
    kinds = _in_region(context, "diskTypes", {disk for _, disk in pairs})
    for machine, disk in pairs:
        if not _suits(machine, disk):
            return failed(
                f"{machine} cannot boot from {disk}",
                f"remove googlebatch_boot_disk_type from {context.profile_file}: the default for "
                f"this machine is {_suitable(machine)}",
            )
        if not set(types.get(machine, ())) & set(kinds.get(disk, ())):
            return failed(
                f"no zone of {_place(context)} has both {machine} and {disk}",
                f"choose another machine type in {context.profile_file}, or another region",
            )
    return ok("; ".join([*(f"{machine} on {disk}" for machine, disk in pairs), *_chosen(context)]))


def wanted(context: Context) -> list[str]:
    """Return the machine types of the profile, of all attempts."""
    shapes = [shape for shapes in context.profile.rules.values() for shape in shapes]
    return sorted({shape.machine_type for shape in shapes} - {""})


def offered(context: Context) -> Mapping[str, Mapping[str, int]]:
    """Return, for each machine type, the allowed zones that have it and its vCPUs."""
    found = _in_region(context, "machineTypes", wanted(context))
    return {
        name: {zone: int(each.get("guestCpus", 0)) for zone, each in zones.items()}
        for name, zones in found.items()
    }


def _in_region(
    context: Context, kind: str, names: Collection[str]
) -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    """Return the resources with some names, by name and by allowed zone of the region."""
    if not names:
        return {}
    allowed = _allowed(context)
    query = " OR ".join(f'(name = "{name}")' for name in sorted(names))
    path = f"compute/v1/projects/{context.site.project}/aggregated/{kind}"
    answer = context.apis.get("compute", path, filter=query, returnPartialSuccess="true")
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for scope, content in answer.get("items", {}).items():
        zone = scope.removeprefix("zones/")
        if zone.rpartition("-")[0] == context.site.region and zone in (allowed or {zone}):
            for each in content.get(kind, ()):
                found.setdefault(each["name"], {})[zone] = each
    return found


def _allowed(context: Context) -> set[str]:
    """Return the zones that the site allows; empty for all of the region."""
    from snakemake_executor_plugin_googlebatch_array.placement import zones

    return set(zones(context.site.zones, context.site.region))


def _place(context: Context) -> str:
    allowed = _allowed(context)
    return f"{context.site.region} ({_letters(allowed)})" if allowed else context.site.region


def _chosen(context: Context) -> list[str]:
    """Say which rules have machines that Google Batch chooses, if there are any."""
    rules = chosen_rules(context)
    return [f"those of {listed(rules)} {CHOSEN}"] if rules else []


def chosen_rules(context: Context) -> list[str]:
    """Return the rules whose machines Google Batch chooses, at any attempt."""
    rules = context.profile.rules.items()
    return [rule for rule, shapes in rules if not all(shape.machine_type for shape in shapes)]


def _suitable(machine_type: str) -> str:
    """Return the boot disk that the executor chooses."""
    from snakemake_executor_plugin_googlebatch_array.machines import boot_disk_type

    return boot_disk_type(machine_type)


def _suits(machine_type: str, disk: str) -> bool:
    """Whether a machine type can boot from a disk: some series take only one kind."""
    if _suitable(machine_type).startswith(_HYPERDISK):
        return not disk.startswith(_PERSISTENT)
    return not (machine_type.startswith("e2-") and disk.startswith(_HYPERDISK))


def _letters(zones: Iterable[str]) -> str:
    return ", ".join(sorted(zone.rpartition("-")[2] for zone in zones))

"""Define the quotas of Compute Engine, by region, project and machine family.

The newest families have no metric of their own: their vCPUs are counted as
``compute.googleapis.com/cpus_per_vm_family``. Source: cloud.google.com/compute/resource-usage.
"""

from collections.abc import Mapping

UNLIMITED = -1
ENOUGH = 1_000_000.0

_OF_REGIONS = (
    *("CPUS", "C2_CPUS", "C2D_CPUS", "C3_CPUS", "E2_CPUS", "N2_CPUS", "N2D_CPUS", "T2D_CPUS"),
    *("PREEMPTIBLE_CPUS", "INSTANCES", "DISKS_TOTAL_GB", "SSD_TOTAL_GB", "HDB_TOTAL_GB"),
)
_OF_PROJECTS = ("CPUS_ALL_REGIONS", "NETWORKS")
_FAMILY = "CPUS_PER_VM_FAMILY:"


def is_metric(name: str) -> bool:
    """Return whether there is such a quota."""
    return name in (*_OF_REGIONS, *_OF_PROJECTS) or name.startswith(_FAMILY)


def region_quotas(limits: Mapping[str, float]) -> list[dict[str, object]]:
    """Return the quotas of a region."""
    return _quotas(_OF_REGIONS, limits)


def project_quotas(limits: Mapping[str, float]) -> list[dict[str, object]]:
    """Return the quotas of the project."""
    return _quotas(_OF_PROJECTS, limits)


def family_limits(limits: Mapping[str, float]) -> dict[str, float]:
    """Return the limits of families: ``C4D`` to vCPUs."""
    return {
        name.removeprefix(_FAMILY): limit
        for name, limit in limits.items()
        if name.startswith(_FAMILY)
    }


def _quotas(metrics: tuple[str, ...], limits: Mapping[str, float]) -> list[dict[str, object]]:
    return [
        {"metric": metric, "limit": limits.get(metric, ENOUGH), "usage": 0.0} for metric in metrics
    ]

"""Know machine types: their series, their size, and the boot disk that they support.

Sources: https://cloud.google.com/compute/docs/disks, "Machine series support": the newest series
take no Persistent Disk at all, the older ones no Hyperdisk; a job that asks for the wrong one
waits until it fails. https://cloud.google.com/compute/docs/general-purpose-machines and
https://cloud.google.com/compute/docs/compute-optimized-machines for sizes.
"""

import re
from typing import NamedTuple

PERSISTENT = "pd-balanced"
HYPERDISK = "hyperdisk-balanced"

_HYPERDISK_ONLY = frozenset(
    {"a4", "a4x", "c4", "c4a", "c4d", "g4", "h4d", "m4", "n4", "n4a", "n4d", "x4"}
)

_OLDER = {"standard": 4.0, "highmem": 8.0, "highcpu": 1.0}
_NEWER = {"standard": 4.0, "highmem": 8.0, "highcpu": 2.0}
_GIB_PER_VCPU = {
    **{"e2": _OLDER, "n2": _OLDER, "n2d": _OLDER, "c2d": _NEWER, "c3": _NEWER, "n4": _NEWER},
    **{"c2": {"standard": 4.0}, "t2d": {"standard": 4.0}, "g2": {"standard": 4.0}},
    "n1": {"standard": 3.75, "highmem": 6.5, "highcpu": 0.9},
    "c4": {"standard": 3.75, "highmem": 7.75, "highcpu": 2.0},
    "c4d": {"standard": 3.875, "highmem": 7.875, "highcpu": 1.875},
}
"""GiB of memory for each vCPU; a machine has the whole GiB below the product."""

_CUSTOM = re.compile(r"(?:\w+-)?custom-(?P<vcpus>\d+)-(?P<mib>\d+)(?:-ext)?")
_PREDEFINED = re.compile(r"(?P<series>\w+)-(?P<kind>\w+)-(?P<vcpus>\d+)")


class Size(NamedTuple):
    """What a machine has: vCPUs, and MiB of memory."""

    vcpus: int
    memory_mib: int


def size(machine_type: str) -> Size | None:
    """Return the size of a machine type, None if its name does not say it."""
    name = machine_type.strip().lower().rpartition("/")[2]
    if found := _CUSTOM.fullmatch(name):
        return Size(int(found["vcpus"]), int(found["mib"]))
    found = _PREDEFINED.fullmatch(name)
    each = _GIB_PER_VCPU.get(found["series"], {}).get(found["kind"]) if found else None
    if found is None or each is None:
        return None
    vcpus = int(found["vcpus"])
    return Size(vcpus, 1024 * int(vcpus * each))


def series(machine_type: str) -> str:
    """Return the series of a machine type: ``c4d`` for ``c4d-standard-2``.

    A custom type of the N1 series has no prefix: ``custom-4-5120``.
    """
    first = machine_type.strip().lower().rpartition("/")[2].split("-")[0]
    return "n1" if first == "custom" else first


def boot_disk_type(machine_type: str) -> str:
    """Return the balanced disk that the machine type can boot from.

    The result is empty without a machine type: who chooses the machine chooses its disk.
    """
    if not machine_type:
        return ""
    return HYPERDISK if series(machine_type) in _HYPERDISK_ONLY else PERSISTENT

"""Select the boot disk type that a machine type supports.

Source: https://cloud.google.com/compute/docs/disks, "Machine series support". The newest series
take no Persistent Disk at all, the older ones no Hyperdisk; a job that asks for the wrong one
waits until it fails.
"""

PERSISTENT = "pd-balanced"
HYPERDISK = "hyperdisk-balanced"

_HYPERDISK_ONLY = frozenset(
    {"a4", "a4x", "c4", "c4a", "c4d", "g4", "h4d", "m4", "n4", "n4a", "n4d", "x4"}
)


def series(machine_type: str) -> str:
    """Return the series of a machine type: ``c4d`` for ``c4d-standard-2``.

    A custom type of the N1 series has no prefix: ``custom-4-5120``.
    """
    first = machine_type.strip().lower().rpartition("/")[2].split("-")[0]
    return "n1" if first == "custom" else first


def boot_disk_type(machine_type: str) -> str:
    """Return the balanced disk that the machine type can boot from."""
    return HYPERDISK if series(machine_type) in _HYPERDISK_ONLY else PERSISTENT

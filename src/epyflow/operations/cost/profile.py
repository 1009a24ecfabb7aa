"""Read machines, disks and parallelism of each rule from ``profiles/gcp``."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from epyflow.errors import EpyflowError, UnreadableError
from epyflow.operations.cost.attempt_resources import value_at
from epyflow.yaml_files import read_yaml

FILE = Path("profiles/gcp/config.yaml")

REGION = "us-central1"
"""Default region if the site names none."""

CHOSEN = "chosen by Google Batch"
"""In place of a machine type that the profile leaves out."""

GPUS = ("gpu", "nvidia_gpu")
"""Resources that ask for GPUs."""

_PREFIX = "googlebatch_"
_NEEDED = ("machine_type", "boot_disk_gb", "memory", "work_tasks_per_node", "parallelism")

_ATTEMPTS = 3


@dataclass(frozen=True)
class Shape:
    """Resources of one attempt of a job.

    Attributes
    ----------
    machine_type
        Such as ``c4d-standard-2``; empty if Google Batch chooses it.
    disk_gib, memory_mib
        Size of the boot disk; memory of the job.
    per_machine
        Jobs that share a machine.
    parallelism
        Machines at the same time; jobs, if they share a machine.
    disk_type
        Type of the boot disk; None if the executor chooses it.
    gpus
        Whether jobs ask for GPUs.
    zones
        Zones in which machines may be, separated by commas; empty for those of the site.
    """

    machine_type: str
    disk_gib: float
    memory_mib: float
    per_machine: int
    parallelism: int
    disk_type: str | None = None
    gpus: bool = False
    zones: str = ""

    @property
    def machine(self) -> str:
        """The machine type for people."""
        return self.machine_type or CHOSEN

    @property
    def unpriced(self) -> str | None:
        """Why no price table says what the machine costs; None if one may say it."""
        if self.gpus:
            return "it has GPUs, which the price table does not have"
        return None if self.machine_type else "Google Batch chooses the machine type"


@dataclass(frozen=True)
class Profile:
    """The rules of a profile.

    Attributes
    ----------
    rules
        Rule to its shapes by attempt; the last one applies to all later attempts.
    spot
        Rules whose jobs run on Spot VMs.
    """

    rules: Mapping[str, tuple[Shape, ...]]
    spot: frozenset[str]

    def attempt_of(self, rule: str, max_rss_mb: float | None) -> int:
        """Return the first attempt with the memory that a job used, or the last attempt."""
        shapes = self.rules[rule]
        for attempt, shape in enumerate(shapes, start=1):
            if max_rss_mb is None or max_rss_mb <= shape.memory_mib:
                return attempt
        return len(shapes)

    def shape(self, rule: str, attempt: int = 1) -> Shape:
        """Return the resources of an attempt of a rule's job."""
        shapes = self.rules[rule]
        return shapes[min(attempt, len(shapes)) - 1]


def read_profile(path: Path = FILE) -> Profile:
    """Read a profile of Snakemake for Google Batch.

    Raises
    ------
    EpyflowError
        Naming the file, the rule and the resource that is missing or invalid.
    """
    try:
        content = read_yaml(path)
    except UnreadableError as error:
        raise EpyflowError(
            f"{error}; expected a profile: run this in the project's folder, or name the profile's "
            "config.yaml"
        ) from None
    given = content.get("set-resources") if isinstance(content, dict) else None
    if not isinstance(given, dict) or not given:
        raise EpyflowError(f"{path}: set-resources is missing; expected rules and their resources")
    rules = {
        rule: tuple(_shape(path, rule, resources, n) for n in range(1, _ATTEMPTS + 1))
        for rule, resources in given.items()
    }
    preemptible = content.get("preemptible-rules") or []
    if not isinstance(preemptible, list) or not all(isinstance(each, str) for each in preemptible):
        raise EpyflowError(f"{path}: preemptible-rules: expected a list of rules")
    return Profile(rules, frozenset(preemptible))


def _shape(path: Path, rule: str, resources: Any, attempt: int) -> Shape:
    where = f"{path}: set-resources.{rule}"
    if not isinstance(resources, dict):
        raise EpyflowError(f"{where}: expected resources")
    values = {}
    for name in _NEEDED:
        key = f"{_PREFIX}{name}"
        if key not in resources:
            raise EpyflowError(
                f"{where}.{key} is missing; the cost of the rule's jobs depends on it"
            )
        try:
            values[name] = value_at(resources[key], attempt)
        except ValueError as error:
            raise EpyflowError(f"{where}.{key}: {error}") from None
    disk_type = resources.get(f"{_PREFIX}boot_disk_type")
    try:
        return Shape(
            machine_type=str(values["machine_type"]),
            disk_gib=float(values["boot_disk_gb"]),
            memory_mib=float(values["memory"]),
            per_machine=max(1, int(values["work_tasks_per_node"])),
            parallelism=max(1, int(values["parallelism"])),
            disk_type=None if disk_type is None else str(value_at(disk_type, attempt)),
            gpus=any(resources.get(name) for name in GPUS),
            zones=str(value_at(resources.get(f"{_PREFIX}zones") or "", attempt)),
        )
    except (OverflowError, TypeError, ValueError) as error:
        raise EpyflowError(f"{where}: {error}; expected numbers of disk, memory and jobs") from None

"""Translate a rule's resources into what Google Batch reserves for a task.

Source: https://cloud.google.com/batch/docs/reference/rest/v1/projects.locations.jobs,
"ComputeResource" and "TaskSpec".
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from .errors import SettingError

PREFIX = "googlebatch_"

LONGEST_RUN = 14 * 24 * 3600
"""Seconds after which Google Batch ends any job (https://cloud.google.com/batch/quotas)."""

# Machine types come in steps of 256 MiB.
_MEMORY_STEP = 256
_DISK_STEP = 1024
_UNKNOWN_DISK = 50_000
_DURATION = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[smhd]?)")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}


class Compute(NamedTuple):
    """What one task gets: thousandths of a vCPU, MiB, extra MiB of boot disk, seconds."""

    cpu_milli: int
    memory_mib: int
    boot_disk_mib: int
    seconds: int


def compute_for(
    resources: Mapping[str, Any], threads: int, settings: Any, *, has_input: bool
) -> Compute:
    """Return what a task gets.

    ``googlebatch_*`` resources are taken as they are. Otherwise ``threads``, ``mem_mb``,
    ``disk_mb`` and ``runtime`` count, and the settings are the least. Memory and disk are rounded
    up, so that jobs whose needs follow their inputs share an array.

    Parameters
    ----------
    resources, threads, settings
        The job's, evaluated for its attempt; the executor's.
    has_input
        Whether the job reads anything. For one that does not, Snakemake guesses 50 GB of disk,
        which would exhaust the quota of a large array: we ignore it.

    Raises
    ------
    SettingError
        If a number makes no sense to Google Batch, or ``googlebatch_boot_disk_mib`` has no effect.
    """
    own = {
        name: resources[key]
        for name in ("cpu_milli", "memory", "boot_disk_mib", "max_run_duration")
        if resources.get(key := PREFIX + name) is not None
    }
    cpu = own.get("cpu_milli", max(1000 * threads, settings.cpu_milli or 0))
    needed = max(_mebibytes(resources, "mem"), settings.memory or 0)
    memory = own.get("memory", _up(needed, _MEMORY_STEP))
    return Compute(
        _whole("cpu_milli", cpu, least=1),
        _whole("memory", memory, least=1),
        _extra_disk(own, resources, settings, has_input=has_input),
        _limit(own, resources, settings),
    )


def disk_warning(resources: Mapping[str, Any], settings: Any, *, has_input: bool) -> str | None:
    """Say that a job's ``disk_mb`` does not fit on a boot disk of a given size; None if it does.

    Google Batch does not add ``disk_mb`` to ``boot_disk_gb``, which is the whole disk of the VM.
    Source: https://cloud.google.com/batch/docs/reference/rest/v1/projects.locations.jobs#Disk,
    "sizeGb".
    """
    gibibytes = _boot_disk_gb(resources, settings)
    per_vm = tasks_per_vm(resources, settings)
    needed = per_vm * _needed_disk(resources, has_input=has_input)
    if not gibibytes or needed <= 1024 * gibibytes:
        return None
    return (
        f"disk_mb asks for {needed} MiB of disk (for {per_vm} task(s) on a VM), and boot_disk_gb "
        f"gives the VM {gibibytes} GiB in all: Google Batch ignores disk_mb beside it. Raise "
        "googlebatch_boot_disk_gb (or --googlebatch-array-boot-disk-gb), or leave it out: then "
        "disk_mb is added to the disk of the image."
    )


def duration(text: str | float) -> int:
    """Read a time limit: seconds, or a number with s, m, h or d.

    Raises
    ------
    SettingError
        If it is anything else.
    """
    match = _DURATION.fullmatch(str(text).strip())
    if match is None:
        raise SettingError(f"Time limit {text!r} is not of the form 3600s, 90m, 10h or 2d.")
    return round(float(match["number"]) * _SECONDS[match["unit"]])


def _extra_disk(
    own: Mapping[str, Any], resources: Mapping[str, Any], settings: Any, *, has_input: bool
) -> int:
    """Return the MiB to add to the image's disk: none if the size of the whole disk is given."""
    if not _boot_disk_gb(resources, settings):
        needed = _up(_needed_disk(resources, has_input=has_input), _DISK_STEP)
        return _whole("boot_disk_mib", own.get("boot_disk_mib", needed), least=0)
    if own.get("boot_disk_mib"):
        raise SettingError(
            f"{PREFIX}boot_disk_mib is {own['boot_disk_mib']} and boot_disk_gb is "
            f"{_boot_disk_gb(resources, settings)}: Google Batch ignores the first beside the "
            "second, which is the size of the whole disk. Remove one of the two."
        )
    return 0


def _boot_disk_gb(resources: Mapping[str, Any], settings: Any) -> int:
    """Return the size of the whole boot disk in GiB, 0 if Google Batch is to choose it."""
    given = resources.get(f"{PREFIX}boot_disk_gb")
    return _whole("boot_disk_gb", settings.boot_disk_gb or 0 if given is None else given, least=0)


def _needed_disk(resources: Mapping[str, Any], *, has_input: bool) -> int:
    """Return the disk that a task needs in MiB, without Snakemake's guess for want of inputs."""
    guessed = not has_input and resources.get("disk_mb") == _UNKNOWN_DISK
    return 0 if guessed else _mebibytes(resources, "disk")


def tasks_per_vm(resources: Mapping[str, Any], settings: Any) -> int:
    """Return how many tasks share a VM."""
    for name in ("work_tasks_per_node", "task_count_per_node"):
        if (given := resources.get(f"{PREFIX}{name}")) is not None:
            return _whole(name, given, least=1)
    return int(settings.work_tasks_per_node or 1)


def _limit(own: Mapping[str, Any], resources: Mapping[str, Any], settings: Any) -> int:
    """Return the time limit in seconds; Snakemake's ``runtime`` is in minutes."""
    if "max_run_duration" in own:
        seconds = duration(own["max_run_duration"])
    elif resources.get("runtime"):
        seconds = round(60 * float(resources["runtime"]))
    else:
        seconds = duration(settings.max_run_duration or LONGEST_RUN)
    if not 0 < seconds <= LONGEST_RUN:
        raise SettingError(
            f"A time limit of {seconds} s; Google Batch takes 1 s to {LONGEST_RUN} s (14 days). "
            "Change the rule's runtime or googlebatch_max_run_duration."
        )
    return seconds


def _mebibytes(resources: Mapping[str, Any], name: str) -> int:
    """Return a size resource in MiB, 0 if there is none."""
    mebibytes = resources.get(f"{name}_mib")
    if mebibytes is None:
        # A megabyte is 10⁶ bytes, a mebibyte 2²⁰.
        mebibytes = -(-int(resources.get(f"{name}_mb") or 0) * 10**6 // 2**20)
    return int(mebibytes)


def _up(value: int, step: int) -> int:
    """Round up to a multiple of ``step``."""
    return -(-value // step) * step


def _whole(name: str, value: Any, least: int) -> int:
    """Return a whole number, or say which resource is none."""
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = least - 1
    if number < least:
        raise SettingError(
            f"{PREFIX}{name} is {value!r}; expected a whole number, {least} or larger."
        )
    return number

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
        If a number makes no sense to Google Batch.
    """
    own = {
        name: resources[key]
        for name in ("cpu_milli", "memory", "boot_disk_mib", "max_run_duration")
        if resources.get(key := PREFIX + name) is not None
    }
    cpu = own.get("cpu_milli", max(1000 * threads, settings.cpu_milli or 0))
    needed = max(_mebibytes(resources, "mem"), settings.memory or 0)
    memory = own.get("memory", _up(needed, _MEMORY_STEP))
    guessed = not has_input and resources.get("disk_mb") == _UNKNOWN_DISK
    disk = own.get(
        "boot_disk_mib", 0 if guessed else _up(_mebibytes(resources, "disk"), _DISK_STEP)
    )
    return Compute(
        _whole("cpu_milli", cpu, least=1),
        _whole("memory", memory, least=1),
        _whole("boot_disk_mib", disk, least=0),
        _limit(own, resources, settings),
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

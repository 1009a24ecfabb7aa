"""Say where the VMs of a job may be, and which GPUs they have.

Sources: https://cloud.google.com/batch/docs/locations ("allowedLocations[]"),
https://cloud.google.com/batch/docs/create-run-job-gpus, https://cloud.google.com/compute/docs/gpus.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from .errors import SettingError
from .machines import series

GPU_RESOURCES = ("gpu", "gpu_model", "gpu_manufacturer", "nvidia_gpu")

GPU_VOLUMES = (
    "/var/lib/nvidia/lib64:/usr/local/nvidia/lib64",
    "/var/lib/nvidia/bin:/usr/local/nvidia/bin",
)
"""Where Google Batch installs drivers on the VM, and where containers look for them.

Source: github.com/nextflow-io/nextflow, plugins/nf-google, GoogleBatchTaskHandler.
"""

_ATTACHED = ("nvidia-tesla-p100", "nvidia-tesla-p4", "nvidia-tesla-t4", "nvidia-tesla-v100")
"""Models that are attached to machines of the N1 series."""

_BUILT_IN = {
    "a2": ("nvidia-tesla-a100", "nvidia-a100-80gb"),
    "a3": ("nvidia-h100-80gb", "nvidia-h100-mega-80gb", "nvidia-h200-141gb"),
    "a4": ("nvidia-b200",),
    "g2": ("nvidia-l4",),
    "g4": ("nvidia-rtx-pro-6000",),
}
"""Series whose machines have GPUs, and the models."""

_STOCK_MODEL = "nvidia-tesla-t4"


class Gpus(NamedTuple):
    """GPUs of a VM.

    Attributes
    ----------
    model
        Type of the accelerators to attach; empty if the machine type has them.
    number
        How many.
    """

    model: str
    number: int


def zones(text: str | None, region: str) -> list[str]:
    """Read the zones in which VMs may be: names, separated by commas; none for all of the region.

    Raises
    ------
    SettingError
        If one is not in the region: Google Batch has refused others since July 2026.
    """
    found = [name.strip() for name in (text or "").split(",") if name.strip()]
    for name in found:
        if not re.fullmatch(rf"{re.escape(region)}-[a-z0-9]+", name):
            raise SettingError(
                f"zone {name!r} is not in the region {region}, where the jobs are; expected zones "
                f"such as {region}-a, separated by commas"
            )
    return found


def gpus(resources: Mapping[str, Any], machine_type: str, tasks_per_vm: int) -> Gpus | None:
    """Return the GPUs that a VM needs; None without any.

    Parameters
    ----------
    resources
        Snakemake's ``gpu`` (how many for a task), ``gpu_model`` and ``gpu_manufacturer``; or
        ``nvidia_gpu``, which the stock plugin reads: a number of T4, or one of a model, for a VM.
    machine_type
        Empty if Google Batch chooses it.
    tasks_per_vm
        Tasks that share a VM, each with GPUs of its own.

    Raises
    ------
    SettingError
        If the machine cannot have them.
    """
    stock, wanted = resources.get("nvidia_gpu"), resources.get("gpu")
    if stock is not None and wanted is not None:
        raise SettingError("gpu and nvidia_gpu are both given; remove nvidia_gpu")
    if stock is not None:
        counted = str(stock).isdigit()
        return Gpus(_STOCK_MODEL if counted else str(stock), int(stock) if counted else 1)
    if not _count(wanted):
        return None
    maker = str(resources.get("gpu_manufacturer") or "nvidia")
    if maker.lower() != "nvidia":
        raise SettingError(f"gpu_manufacturer is {maker!r}; Google Batch has nvidia only")
    model = str(resources.get("gpu_model") or "")
    return Gpus(_attached(model, machine_type), _count(wanted) * tasks_per_vm)


def _count(wanted: Any) -> int:
    """Return how many GPUs a task needs."""
    if not str(wanted or 0).isdigit():
        raise SettingError(f"gpu is {wanted!r}; expected how many GPUs a task needs, such as 1")
    return int(wanted or 0)


def _attached(model: str, machine_type: str) -> str:
    """Return the model to attach to a machine; empty if the machine has its own.

    Raises
    ------
    SettingError
        If the machine cannot have this model.
    """
    family = series(machine_type)
    known = _BUILT_IN.get(family, _ATTACHED if family in ("", "n1") else ())
    if not known:
        raise SettingError(
            f"gpu is given and machines of type {machine_type} take no GPU; set "
            f"googlebatch_machine_type to one of the series n1, {', '.join(_BUILT_IN)}, or to "
            "nothing for Google Batch to choose"
        )
    if model not in known and (model or family not in _BUILT_IN):
        raise SettingError(
            f"gpu_model is {model!r}; {machine_type or 'a machine that Google Batch chooses'} "
            f"takes {' or '.join(known)}"
        )
    return "" if family in _BUILT_IN else model

"""Refuse invalid allocation policies: locations and accelerators.

Sources: the comments of google/cloud/batch/v1/job.proto, cloud.google.com/batch/docs/locations
("allowedLocations[]" outside of the job's location is refused since July 2026) and
cloud.google.com/compute/docs/gpus. The texts are in the style of the service.
"""

import re

from google_batch_emulator.errors import invalid
from google_batch_emulator.messages import Message

_LOCATION = re.compile(r"regions/(?P<region>[a-z]+-[a-z]+\d+)|zones/(?P<zone>[a-z]+-[a-z]+\d+)-\w+")
_ACCELERATOR = re.compile(r"nvidia-[a-z0-9]+(-[a-z0-9]+)*")
_COUNTS = (1, 2, 4, 8, 16)

ATTACHABLE = ("nvidia-tesla-p100", "nvidia-tesla-p4", "nvidia-tesla-t4", "nvidia-tesla-v100")
"""GPUs that are attached to machines of the N1 series."""

WITH_GPUS = ("a2", "a3", "a4", "g2", "g4")
"""Series whose machines have GPUs."""


def check_allocation(policy: Message, region: str) -> None:
    """Refuse a policy whose locations or accelerators the service would refuse.

    Raises
    ------
    ApiError
        INVALID_ARGUMENT.
    """
    for location in policy.location.allowed_locations:
        match = _LOCATION.fullmatch(location)
        if match is None:
            raise invalid(
                f'allowed_locations: "{location}" is none of regions/REGION and zones/ZONE.'
            )
        if region != (match["region"] or match["zone"]):
            raise invalid(f'allowed_locations: "{location}" is not in the job\'s region {region}.')
    for instance in policy.instances:
        for accelerator in instance.policy.accelerators:
            _check_accelerator(accelerator)


def zone_of(policy: Message, region: str) -> str:
    """Return the zone of a job's VMs: the first that is allowed."""
    allowed = policy.location.allowed_locations
    zones = sorted(each[len("zones/") :] for each in allowed if each.startswith("zones/"))
    return zones[0] if zones else f"{region}-a"


def accelerators_refused(policy: Message) -> str | None:
    """Return why Compute Engine makes no VM with these accelerators; None if it does."""
    series = policy.machine_type.partition("-")[0]
    for accelerator in policy.accelerators:
        fits = series in ("n1", "custom", "") and accelerator.type_ in ATTACHABLE
        if not fits and series not in WITH_GPUS:
            return (
                f"[{policy.machine_type or 'n1'}, {accelerator.type_}] features are not compatible "
                "for creating instance."
            )
    return None


def _check_accelerator(accelerator: Message) -> None:
    if not _ACCELERATOR.fullmatch(accelerator.type_):
        raise invalid(f'accelerators.type "{accelerator.type_}" is not an accelerator type.')
    if accelerator.count not in _COUNTS:
        raise invalid(f"accelerators.count {accelerator.count} is none of {_COUNTS}.")

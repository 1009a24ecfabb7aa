"""Define the state of the project; everything not named here is as it should be.

Names are shell patterns. A permission that is denied, or a service that is disabled, is so for all
services of the emulator: without ``batch.jobs.create`` no job can be created.
"""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Literal

from pydantic import Field, NonNegativeFloat, field_validator

from google_batch_emulator.project_quotas import is_metric
from google_batch_emulator.settings import Strict


class Project(Strict):
    """What differs from a project in which everything is there and allowed."""

    state: Literal["ACTIVE", "DELETE_REQUESTED"] = Field(
        default="ACTIVE", description="State of the project."
    )
    disabled_services: tuple[str, ...] = Field(
        default=(), description="Services that are not enabled, such as batch.googleapis.com."
    )
    denied_permissions: tuple[str, ...] = Field(
        default=(), description="What the account may not do, such as batch.jobs.create."
    )
    policy: dict[str, tuple[str, ...]] = Field(
        default={},
        description="Role to members, as on the project. Empty: the account may not read it.",
    )
    bucket_policy: dict[str, tuple[str, ...]] = Field(
        default={},
        description="Role to members, as on every bucket. Empty: the account may not read it.",
    )
    absent_accounts: tuple[str, ...] = Field(default=(), description="Service accounts, by email.")
    absent_networks: tuple[str, ...] = Field(
        default=(), description="Networks and subnetworks, by their last name."
    )
    private_google_access: bool = Field(
        default=True, description="Whether every subnetwork has it."
    )
    absent_machine_types: tuple[str, ...] = Field(
        default=(), description="No zone has them: c4d-standard-2, c4d-*."
    )
    absent_disk_types: tuple[str, ...] = Field(default=(), description="No zone has them.")
    quotas: dict[str, NonNegativeFloat] = Field(
        default={},
        description="Limits by metric: CPUS, HDB_TOTAL_GB, CPUS_ALL_REGIONS; "
        "CPUS_PER_VM_FAMILY:C4D for a family that has no metric of its own.",
    )
    absent_images: tuple[str, ...] = Field(
        default=(), description="Images that the registry lacks: <project>/<repository>/<name>."
    )
    image_labels: dict[str, str] = Field(default={}, description="Labels of every image.")
    bucket_location: str = Field(
        default="", description="Location of every bucket; empty: the real one."
    )

    @field_validator("quotas")
    @classmethod
    def _quotas_are_some(cls, quotas: dict[str, float]) -> dict[str, float]:
        unknown = [name for name in quotas if not is_metric(name)]
        if unknown:
            raise ValueError(f"there is no quota {', '.join(unknown)}; see project/quotas.py")
        return quotas

    def denies(self, permission: str) -> bool:
        """Return whether the account lacks a permission."""
        return named(permission, self.denied_permissions)

    def disables(self, service: str) -> bool:
        """Return whether a service is not enabled."""
        return named(service, self.disabled_services)


def named(name: str, patterns: Iterable[str]) -> bool:
    """Return whether a name matches one of some patterns."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)

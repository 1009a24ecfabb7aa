"""Read and write resource names."""

import re
from dataclasses import dataclass

from google_batch_emulator.errors import denied, invalid
from google_batch_emulator.identity import project_number

GROUP = "group0"

_PARENT = re.compile(r"projects/([^/]+)/locations/([^/]+)")
_JOB = re.compile(r"(.+)/jobs/([^/]+)")
_GROUP = re.compile(r"(.+)/taskGroups/([^/]+)")
_TASK = re.compile(r"(.+)/tasks/([^/]+)")
# Source: cloud.google.com/resource-manager, "project ID"; or its number.
_PROJECT = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]|[0-9]+")

# Source: cloud.google.com/batch/docs/locations.
REGIONS = frozenset(
    {
        "africa-south1",
        "asia-east1",
        "asia-east2",
        "asia-northeast1",
        "asia-northeast2",
        "asia-northeast3",
        "asia-south1",
        "asia-south2",
        "asia-southeast1",
        "asia-southeast2",
        "australia-southeast1",
        "australia-southeast2",
        "europe-central2",
        "europe-north1",
        "europe-southwest1",
        "europe-west1",
        "europe-west10",
        "europe-west12",
        "europe-west2",
        "europe-west3",
        "europe-west4",
        "europe-west6",
        "europe-west8",
        "europe-west9",
        "me-central1",
        "me-central2",
        "me-west1",
        "northamerica-northeast1",
        "northamerica-northeast2",
        "southamerica-east1",
        "southamerica-west1",
        "us-central1",
        "us-east1",
        "us-east4",
        "us-east5",
        "us-south1",
        "us-west1",
        "us-west2",
        "us-west3",
        "us-west4",
    }
)


@dataclass(frozen=True)
class Parent:
    """A project and a region.

    Parameters
    ----------
    project
        Id or number, as the request has it.
    location
        Name of the region.
    """

    project: str
    location: str

    def __str__(self) -> str:
        return f"projects/{self.project}/locations/{self.location}"

    @property
    def number(self) -> str:
        """The project's number."""
        return project_number(self.project)

    @property
    def numbered(self) -> str:
        """The name with the project's number, as the service says it in events."""
        return f"projects/{self.number}/locations/{self.location}"


def parent_of(name: str, any_region: bool = False) -> Parent:
    """Read ``projects/<project>/locations/<location>``.

    Parameters
    ----------
    name
        Name of the resource.
    any_region
        Whether ``-`` may stand for every region.

    Raises
    ------
    ApiError
        INVALID_ARGUMENT, if the name has another form. PERMISSION_DENIED, as in the real service,
        if there is no such project or region.
    """
    match = _PARENT.fullmatch(name)
    if match is None:
        raise invalid(
            f'Invalid resource name "{name}": expected "projects/<project>/locations/<location>".'
        )
    parent = Parent(match[1], match[2])
    if not _PROJECT.fullmatch(parent.project):
        raise denied(f"Permission denied on resource project {parent.project}.")
    if parent.location not in REGIONS and not (any_region and parent.location == "-"):
        raise denied(f"Permission denied on 'locations/{parent.location}' (or it may not exist).")
    return parent


def job_of(name: str) -> tuple[Parent, str]:
    """Read ``<parent>/jobs/<job>``: the parent and the job's id."""
    match = _JOB.fullmatch(name)
    if match is None:
        raise invalid(f'Invalid resource name "{name}": expected "<parent>/jobs/<job>".')
    return parent_of(match[1]), match[2]


def group_of(name: str) -> tuple[Parent, str, str]:
    """Read ``<job>/taskGroups/<group>``: the parent, the job's id and the group's."""
    match = _GROUP.fullmatch(name)
    if match is None:
        raise invalid(f'Invalid resource name "{name}": expected "<job>/taskGroups/<group>".')
    return *job_of(match[1]), match[2]


def task_of(name: str) -> tuple[Parent, str, str, str]:
    """Read ``<group>/tasks/<task>``: the parent and the ids of job, group and task."""
    match = _TASK.fullmatch(name)
    if match is None:
        raise invalid(f'Invalid resource name "{name}": expected "<group>/tasks/<task>".')
    return *group_of(match[1]), match[2]

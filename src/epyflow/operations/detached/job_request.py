"""What a coordinator in the cloud is told, and where what it needs and leaves lies.

coordinator/<exp_id>/<run_id>/
  sources-<sha256>.tar.gz     workflow, profile, settings, experiment and its data: see packing.py
  state.tar.gz                what a restart in the same folder would find: see work_folder.py
logs/<exp_id>/<run_id>/coordinator/
  coordinator.log             what it printed
  record.json                 that it is there, and how it ended: see record.py
"""

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from epyflow.errors import ArtifactError

SOURCES_VARIABLE = "EPYFLOW_COORDINATOR_SOURCES"
"""Where the sources are below the storage prefix; the name has their SHA-256."""

HOURS_VARIABLE = "EPYFLOW_COORDINATOR_HOURS"
"""After how many hours a coordinator gives up."""

NONCE_VARIABLE = "EPYFLOW_COORDINATOR_NONCE"
"""Random digits of a submission, by which it knows its own job."""

MANIFEST = "submission.json"
EXPERIMENTS = "experiments"
"""Folder of the experiment, a bundle, in the sources."""

_SOURCES = re.compile(r"coordinator/(?P<folder>.+)/sources-(?P<digest>[0-9a-f]{64})\.tar\.gz")
_UNUSABLE = "not usable as the sources of a coordinator; submit again"


class PackedFrom(BaseModel):
    """The state of git where sources were packed, as :class:`epyflow.provenance.record.Git`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    revision: str
    dirty: bool


class Submission(BaseModel):
    """What the sources say of themselves.

    Attributes
    ----------
    exp_id, run_id
        The run.
    checkout
        The state of git where they were packed; None without git.
    code
        Stage to the version of its code there.
    arguments
        For Snakemake, besides those of the profile.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    exp_id: str
    run_id: str
    checkout: PackedFrom | None
    code: dict[str, str]
    arguments: tuple[str, ...] = ()


def read_submission(data: bytes) -> Submission:
    """Read what sources say of themselves.

    Raises
    ------
    ArtifactError
        If they are damaged, or packed by another version of epyflow.
    """
    try:
        return Submission.model_validate_json(data)
    except ValidationError as error:
        raise ArtifactError(f"{MANIFEST}: {_UNUSABLE} ({error})") from None


def sources_path(exp_id: str, run_id: str, digest: str) -> str:
    """Return where the sources of a coordinator lie."""
    return f"{sources_folder(exp_id, run_id)}/sources-{digest}.tar.gz"


def sources_folder(exp_id: str, run_id: str) -> str:
    """Return the folder of the sources and the state of a run's coordinators."""
    return f"coordinator/{exp_id}/{run_id}"


def digest_of_sources(path: str) -> str:
    """Return the SHA-256 that the name of sources holds.

    Raises
    ------
    ArtifactError
        If it is no such name.
    """
    found = _SOURCES.fullmatch(path)
    if found is None:
        raise ArtifactError(f"{path}: {_UNUSABLE}")
    return found["digest"]


def state_path(exp_id: str, run_id: str) -> str:
    """Return where the state of a run's coordinators lies."""
    return f"{sources_folder(exp_id, run_id)}/state.tar.gz"


def log_path(exp_id: str, run_id: str) -> str:
    """Return where what a run's coordinators in the cloud printed lies."""
    return f"logs/{exp_id}/{run_id}/coordinator/coordinator.log"

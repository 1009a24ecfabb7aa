"""What a coordinator in the cloud is told, and where what it needs and leaves lies.

coordinator/<exp_id>/<run_id>/
  sources-<sha256>.tar.gz     workflow, profile, settings, experiment and its data: see packing.py
  state.tar.gz                what a restart in the same folder would find: see work_folder.py
logs/<exp_id>/<run_id>/coordinator/
  coordinator.log             what it printed
  record.json                 that it is there, and how it ended: see record.py
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from epyflow.errors import ArtifactError
from epyflow.run.layout import RunLayout
from epyflow.run.path_patterns import digest_of_sources

SOURCES_VARIABLE = "EPYFLOW_COORDINATOR_SOURCES"
"""Where the sources are below the storage prefix; the name has their SHA-256."""

HOURS_VARIABLE = "EPYFLOW_COORDINATOR_HOURS"
"""After how many hours a coordinator gives up."""

NONCE_VARIABLE = "EPYFLOW_COORDINATOR_NONCE"
"""Random digits of a submission, by which it knows its own job."""

MANIFEST = "submission.json"
EXPERIMENTS = "experiments"
"""Folder of the experiment, a bundle, in the sources."""

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

    @property
    def layout(self) -> RunLayout:
        """The paths of the run."""
        return RunLayout(self.exp_id, self.run_id)


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


def digest_of(sources: str) -> str:
    """Return the SHA-256 that the path of sources holds.

    Raises
    ------
    ArtifactError
        If it is no such path.
    """
    found = digest_of_sources(sources)
    if found is None:
        raise ArtifactError(f"{sources}: {_UNUSABLE}")
    return found

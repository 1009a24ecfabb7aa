"""Define what `epyflow submit` passes to a coordinator in the cloud.

coordinator/<exp_id>/<run_id>/
  sources-<sha256>.tar.gz     workflow, profile, settings, experiment, data: see source_archive.py
  state.tar.gz                the state that a restart of Snakemake needs: see work_folder.py
  coordinator.log             output of the coordinator
  record.json                 its record: see coordinator_record.py
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from epyflow.errors import ArtifactError
from epyflow.run.layout import RunLayout
from epyflow.run.path_patterns import digest_of_sources

SOURCES_VARIABLE = "EPYFLOW_COORDINATOR_SOURCES"
"""Path of the sources below the storage prefix; the name contains their SHA-256.

The job's definition says it, and people and coordinators alone write those; no checksum is read
from the bucket.
"""

HOURS_VARIABLE = "EPYFLOW_COORDINATOR_HOURS"
"""Time limit of a coordinator in hours."""

NONCE_VARIABLE = "EPYFLOW_COORDINATOR_NONCE"
"""Random digits that identify the job of one `epyflow submit`."""

REPLACES_VARIABLE = "EPYFLOW_COORDINATOR_REPLACES"
"""Nonce of the lease that the coordinator may replace; empty: none.

No other one is: a coordinator that has taken the run over from this one keeps it when Google Batch
restarts the job.
"""

MANIFEST = "submission.json"
EXPERIMENTS = "experiments"
"""Folder of the experiment in the sources, an unpacked bundle."""

_UNUSABLE = "not usable as the sources of a coordinator; submit again"


class PackedFrom(BaseModel):
    """The state of git where sources were packed, as :class:`epyflow.provenance.record.Git`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    revision: str
    dirty: bool


class Submission(BaseModel):
    """The manifest of the sources.

    Attributes
    ----------
    exp_id, run_id
        The run.
    checkout
        State of git where they were packed; None without git.
    code
        Stage to the version of its code there.
    arguments
        Arguments for Snakemake besides those of the profile.
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
    """Read the manifest of the sources.

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
    """Return the SHA-256 in the path of the sources.

    Raises
    ------
    ArtifactError
        If it is not such a path.
    """
    found = digest_of_sources(sources)
    if found is None:
        raise ArtifactError(f"{sources}: {_UNUSABLE}")
    return found

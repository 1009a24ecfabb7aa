"""A copy of the project whose results are in a bucket."""

import subprocess
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import pytest

from epyflow.storage.bucket import Bucket
from tests.workflow.workspace import SNAKEMAKE, Workspace

COORDINATOR = "coordinator@rehearsal.iam.gserviceaccount.com"
DIGEST = "sha256:" + "0123456789abcdef" * 4


class Clouded(Workspace):
    """A workspace with ``results/`` under a prefix of a bucket.

    Parameters
    ----------
    folder
        Of the workspace.
    cloud
        Variables that point Google's clients to the emulator.
    prefix
        ``gs://bucket/folder``.
    """

    def __init__(self, folder: Path, cloud: Mapping[str, str], prefix: str) -> None:
        super().__init__(folder)
        self.cloud, self.prefix = cloud, prefix

    def environment(self) -> dict[str, str]:
        return super().environment() | self.cloud

    def command(self, *arguments: str, cores: int = 2, **config: object) -> list[str]:
        storage = ["--default-storage-provider", "gcs-indexed"]
        storage += ["--default-storage-prefix", self.prefix]
        storage += ["--storage-gcs-indexed-project", "rehearsal"]
        return super().command(*storage, *arguments, cores=cores, **config)

    def forget(self) -> None:
        """Remove what the last coordinator knew, as if another one went on."""
        for name in (".snakemake", ".epyflow"):
            subprocess.run(["rm", "-rf", self.folder / name], check=True)

    @property
    def bucket(self) -> Bucket:
        """The files under the prefix."""
        return open_bucket(self.prefix, self.cloud)

    def outputs(self, run_id: str = "main", experiment: str = "small") -> dict[str, bytes]:
        folder = f"results/{experiment}/{run_id}/outputs"
        names = [name for name in self.bucket.names(folder) if name.endswith(".csv.gz")]
        found = self.bucket.read_all(f"{folder}/{name}" for name in sorted(names))
        return {PurePosixPath(path).name: data for path, data in found.items()}


class Rehearsed(Clouded):
    """A workspace that is run with a profile for Google Batch, on the emulator.

    It is a git repository, as a user's is; the study is outside of it, so that no worker has it.
    """

    patience = 2400.0

    def __init__(
        self, folder: Path, cloud: Mapping[str, str], prefix: str, profile: str = "profiles/gcp"
    ) -> None:
        super().__init__(folder, cloud, prefix)
        self.profile = profile
        (folder / ".gitignore").write_text("study/\n.epyflow/\n.snakemake/\n__pycache__/\n")
        for arguments in (["init", "--quiet"], ["add", "--all"]):
            subprocess.run(["git", *arguments], cwd=folder, check=True)

    def environment(self) -> dict[str, str]:
        return super().environment() | site_variables(self.prefix)

    def command(self, *arguments: str, cores: int = 2, **config: object) -> list[str]:
        del cores
        settings = {"experiments_root": "study", "experiment": "small"} | config
        return [
            *(*SNAKEMAKE, "--profile", self.profile),
            *("--seconds-between-status-checks", "1", *arguments),
            *("--config", *(f"{key}={value}" for key, value in settings.items())),
        ]


def site_variables(prefix: str) -> dict[str, str]:
    """Return what profiles/gcp has to know of the rehearsal."""
    return {
        "EPYFLOW_GCP_PROJECT": "rehearsal",
        "EPYFLOW_GCP_REGION": "us-central1",
        "EPYFLOW_GCP_STORAGE": prefix,
        "EPYFLOW_GCP_IMAGE": f"rehearsal/epyflow@{DIGEST}",
        "EPYFLOW_GCP_SERVICE_ACCOUNT": "tasks@rehearsal.iam.gserviceaccount.com",
        "EPYFLOW_GCP_COORDINATOR_SERVICE_ACCOUNT": COORDINATOR,
    }


def open_bucket(prefix: str, cloud: Mapping[str, str]) -> Bucket:
    """Open a bucket of the emulator in this process."""
    bucket = Bucket(prefix)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in cloud.items():
            patch.setenv(name, value)
        # The client reads the environment when it is made.
        bucket.names("")
    return bucket

"""A copy of the project whose results are in S3."""

from pathlib import Path, PurePosixPath

from epyflow.storage.s3 import S3Bucket
from tests.workflow.workspace import Workspace


class InS3(Workspace):
    """A workspace that is run with ``profiles/s3``."""

    def __init__(self, folder: Path, prefix: str, plugins: Path) -> None:
        super().__init__(folder)
        self.plugins = plugins
        self.bucket = S3Bucket(prefix)

    def environment(self) -> dict[str, str]:
        return super().environment() | {"EPYFLOW_S3_STORAGE": self.bucket.uri}

    def command(self, *arguments: str, cores: int = 2, **config: object) -> list[str]:
        return super().command("--profile", "profiles/s3", *arguments, cores=cores, **config)

    def outputs(self, run_id: str = "main", experiment: str = "small") -> dict[str, bytes]:
        folder = f"results/{experiment}/{run_id}/outputs"
        names = [name for name in self.bucket.names(folder) if name.endswith(".csv.gz")]
        found = self.bucket.read_all(f"{folder}/{name}" for name in sorted(names))
        return {PurePosixPath(path).name: data for path, data in found.items()}

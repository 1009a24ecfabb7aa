"""Experiments from a private repository, run on Google Batch: the token stays with the starter."""

import gzip
import lzma
import shutil
from collections.abc import Mapping

import pytest
from google.cloud import storage

from google_batch_emulator.emulator import Emulator
from tests.cloud.clouded import Rehearsed
from tests.unit.repositories.serving import BASIC, TOKEN, Repository, served


class Private(Rehearsed):
    """A workspace with a token in its environment."""

    def environment(self) -> dict[str, str]:
        cache = {"XDG_CACHE_HOME": str(self.folder / "cache"), "EPYFLOW_GIT_TOKEN": TOKEN}
        return super().environment() | cache


def plain(data: bytes) -> bytes:
    """Unpack an archive, so that what is in it can be searched."""
    for magic, unpack in ((b"\x1f\x8b", gzip.decompress), (b"\xfd7zXZ", lzma.decompress)):
        if data.startswith(magic):
            return unpack(data)
    return data


def objects(cloud: Mapping[str, str], prefix: str) -> dict[str, bytes]:
    """Return all that lies in the bucket, logs of tasks included."""
    bucket, _, folder = prefix.removeprefix("gs://").partition("/")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in cloud.items():
            patch.setenv(name, value)
        blobs = storage.Client().list_blobs(bucket, prefix=folder)
        return {blob.name: plain(blob.download_as_bytes()) for blob in blobs}


def test_the_token_is_in_no_job_no_object_and_no_file(tmp_path, google_batch: Emulator, prefix):
    private = Private(tmp_path / "workspace", google_batch.environment, prefix)
    repository = Repository(tmp_path / "repository")
    shutil.copytree(private.study, repository.work, dirs_exist_ok=True)
    shutil.rmtree(private.study)
    repository.commit({"README.md": "experiments\n"})
    before = len(google_batch.store.all())

    with served(repository.bare.parent) as server:
        root = f"{server.address}@main"
        done = private.run("--until", "build_inputs", experiments_root=root, build="remote")
        asked = len(server.seen)

    assert done.code == 0, done.text
    jobs = [str(record.definition) for record in google_batch.store.all()][before:]
    assert jobs
    stored = objects(google_batch.environment, prefix)
    # What tasks build inputs from, and what is kept beside the results.
    bundles = [data for name, data in stored.items() if name.endswith("experiment.tar.gz")]
    assert [b"functions/mine.py" in data for data in bundles] == [True, True]
    files = [path for path in private.folder.rglob("*") if path.is_file()]
    written = [*stored.values(), *(plain(path.read_bytes()) for path in files)]
    for secret in (TOKEN, BASIC):
        assert secret not in "".join([done.text, *jobs])
        assert not any(secret.encode() in text for text in written)
    # ls-remote and fetch, by the coordinator alone, each with its advertisement and request.
    assert asked <= 6

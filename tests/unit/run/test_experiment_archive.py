import base64
import hashlib
import os
import tarfile

import pytest

from epyflow.run.experiment_archive import keep_experiment
from epyflow.run.settings import Settings
from epyflow.run.sources import gather
from epyflow.storage.disk import Disk
from tests.workflow.workspace import Workspace

ARCHIVE = "results/small/main/experiment.tar.gz"


@pytest.fixture
def study(tmp_path, monkeypatch):
    """The small study, in the working directory."""
    monkeypatch.chdir(tmp_path)
    return Workspace(tmp_path)


def keep(storage=None, **settings):
    given = {"experiment": "small", "experiments_root": "study"} | settings
    keep_experiment(gather(Settings(**given)), storage or Disk())


def names(path):
    with tarfile.open(path) as archive:
        assert {entry.mtime for entry in archive} == {0}
        return archive.getnames()


def test_the_files_that_the_experiment_names_are_kept_in_order(study):
    (study.study / "secret.txt").write_text("of no concern")

    keep()

    assert names(ARCHIVE) == [
        "bundle.json",
        "data/common-data/doses.csv",
        "experiments/small/config/basemodel.yaml",
        "experiments/small/config/modelset.yaml",
        "experiments/small/config/output.yaml",
        "populations/given/contacts.csv",
        "populations/given/population.csv",
    ]


def test_the_run_has_no_part_in_the_bytes_and_an_equal_archive_is_not_written_again(study):
    keep()
    before = (study.folder / ARCHIVE).read_bytes()
    os.utime(ARCHIVE, (0, 0))

    keep()
    keep(run_id="other", experiments_root=str(study.study))

    assert (study.folder / ARCHIVE).stat().st_mtime == 0
    assert (study.folder / "results/small/other/experiment.tar.gz").read_bytes() == before
    study.write_doses(["MA", "NY"])
    keep()
    assert (study.folder / ARCHIVE).read_bytes() != before


class Bucket:
    """A bucket that knows the checksum of its one file."""

    def __init__(self, data):
        self.digest = base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
        self.uploaded = []

    def names(self, folder):
        assert folder == "results/small/main"
        return {"experiment.tar.gz": self.digest}

    def upload(self, file, path):
        self.uploaded.append((path, file.read_bytes()))


def test_an_archive_that_the_bucket_has_is_not_uploaded_again(study):
    keep()
    data = (study.folder / ARCHIVE).read_bytes()
    same, other = Bucket(data), Bucket(b"other")

    keep(same)
    keep(other)

    assert same.uploaded == []
    assert other.uploaded == [(ARCHIVE, data)]

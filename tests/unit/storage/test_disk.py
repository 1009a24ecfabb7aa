import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from epyflow.errors import EpyflowError
from epyflow.storage.disk import Disk, storage_at
from tests.storage_contract import StorageContract


class TestDisk(StorageContract):
    @pytest.fixture
    def storage(self, tmp_path: Path) -> Disk:
        return Disk(tmp_path / "disk")


def test_without_a_prefix_files_are_in_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    storage_at(None).write("results/a", b"1")

    assert (tmp_path / "results" / "a").read_bytes() == b"1"


@pytest.mark.parametrize("prefix", ["az://bucket/prefix", "prefix", "http://example.org/x"])
def test_another_kind_of_storage_is_refused(prefix):
    with pytest.raises(
        EpyflowError, match=f"{prefix}.*expected gs://<bucket>/<prefix> .*s3://.*fs"
    ):
        storage_at(prefix)


def test_what_is_below_a_folder_has_its_time_and_what_is_being_written_is_left_out(tmp_path):
    disk = Disk(tmp_path)
    disk.write("a/b/one.txt", b"1")
    disk.write("a/b/.three.txt.1-a.tmp", b"3")
    os.utime(tmp_path / "a/b/one.txt", (86400, 86400))

    found = disk.below("a/b")

    assert {path: its.modified for path, its in found.items()} == {
        "one.txt": datetime(1970, 1, 2, tzinfo=UTC)
    }


def test_a_folder_that_machines_share_is_a_storage_if_it_is_there(tmp_path):
    shared = storage_at(str(tmp_path))
    shared.write("results/a", b"1")

    assert shared.uri == str(tmp_path)
    assert (tmp_path / "results" / "a").read_bytes() == b"1"
    with pytest.raises(EpyflowError, match=r"absent: no such folder.* mounted"):
        storage_at(f"{tmp_path}/absent")


@pytest.mark.parametrize(
    "prefix", ["s3://bucket/../x", "s3://bucket/x/./y", "s3://bucket//x", "gs://bucket/.."]
)
def test_folders_that_programs_resolve_are_refused(prefix):
    with pytest.raises(EpyflowError, match="which part of the programs resolve"):
        storage_at(prefix)


@pytest.mark.parametrize(
    "prefix", ["gs://", "s3://", "gs:///q", "gs://b", "gs://Re/q", "gs://[::1/q", "s3://bucket:9/x"]
)
def test_an_address_without_the_name_of_a_bucket_is_refused(prefix):
    with pytest.raises(EpyflowError, match=r"not the name of a bucket|has \["):
        storage_at(prefix)


@pytest.mark.parametrize("prefix", ["gs://bucket/a b", "s3://bucket/a\nb", "gs://bucket/a\x1b"])
def test_an_address_that_is_no_single_word_is_refused(prefix):
    with pytest.raises(EpyflowError, match="a space or a control character"):
        storage_at(prefix)


@pytest.mark.parametrize("prefix", ["gs://b/x#y", "gs://b/x?y", "gs://b/{x}", "s3://b/*/[x]"])
def test_characters_that_mean_something_else_to_a_part_of_the_programs_are_refused(prefix):
    with pytest.raises(EpyflowError, match="take for the beginning of a query, a pattern or a"):
        storage_at(prefix)


def test_what_is_no_regular_file_is_neither_listed_nor_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").write_text("a")
    disk = Disk(tmp_path)

    assert set(disk.below("")) == {"file"}
    for name in ("pipe", "zero"):
        with pytest.raises(EpyflowError, match=f"{name} is not a regular file"):
            disk.read(name)
    with pytest.raises(EpyflowError, match="loop cannot be read: Too many levels"):
        disk.read("loop")
    assert disk.read("file/below") is None


@pytest.mark.parametrize(("seconds", "year"), [(1e17, 2242), (-1e12, 1970), (1735689600.0, 2025)])
def test_a_file_with_a_time_that_no_date_has_is_listed(tmp_path, monkeypatch, seconds, year):
    (tmp_path / "a").touch()
    its = list((tmp_path / "a").stat())
    # Not every file system keeps such a time.
    its[8] = int(seconds)
    monkeypatch.setattr(Path, "stat", lambda _, **__: os.stat_result(its))

    assert Disk(tmp_path).below("")["a"].modified.year == year

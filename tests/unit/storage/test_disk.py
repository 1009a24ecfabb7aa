import os
from datetime import UTC, datetime

import pytest

from epyflow.errors import EpyflowError
from epyflow.storage.disk import Disk, storage_at


def test_what_is_written_is_listed_and_read(tmp_path):
    disk = Disk(tmp_path)
    disk.write("a/b/one.txt", b"1")
    disk.write("a/b/two.txt", b"2")
    disk.write("a/b/below/three.txt", b"3")

    assert set(disk.names("a/b")) == {"one.txt", "two.txt"}
    assert disk.read("a/b/one.txt") == b"1"
    assert disk.read_all(["a/b/two.txt", "a/b/four.txt"]) == {"a/b/two.txt": b"2"}


def test_a_file_that_is_uploaded_is_copied(tmp_path):
    (tmp_path / "here").write_bytes(b"1")

    for path in ("a/b", "a/c"):
        Disk(tmp_path / "disk").upload(tmp_path / "here", path)

    assert Disk(tmp_path / "disk").read("a/b") == Disk(tmp_path / "disk").read("a/c") == b"1"


def test_what_is_not_there_is_nothing(tmp_path):
    disk = Disk(tmp_path)

    assert disk.names("nowhere") == {}
    assert disk.read("nowhere/a") is None
    disk.remove(["nowhere/a"])


def test_what_is_removed_is_gone_and_the_rest_stays(tmp_path):
    disk = Disk(tmp_path)
    for name in ("a", "b", "c"):
        disk.write(name, b"")

    disk.remove(["a", "c"])

    assert set(disk.names(".")) == {"b"}


def test_without_a_prefix_files_are_in_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    storage_at(None).write("results/a", b"1")

    assert (tmp_path / "results" / "a").read_bytes() == b"1"


@pytest.mark.parametrize("prefix", ["s3://bucket/prefix", "prefix", "http://example.org/x"])
def test_another_kind_of_storage_is_refused(prefix):
    with pytest.raises(EpyflowError, match=f"{prefix}.*expected gs://<bucket>/<prefix>"):
        storage_at(prefix)


def test_what_is_below_a_folder_is_listed_with_size_and_time(tmp_path):
    disk = Disk(tmp_path)
    disk.write("a/b/one.txt", b"1")
    disk.write("a/b/below/three.txt", b"333")
    disk.write("a/b/.three.txt.1-a.tmp", b"3")  # being written
    disk.write("a/bc.txt", b"4")
    os.utime(tmp_path / "a/b/one.txt", (86400, 86400))

    found = disk.below("a/b")

    assert {path: its.size for path, its in found.items()} == {"one.txt": 1, "below/three.txt": 3}
    assert found["one.txt"].modified == datetime(1970, 1, 2, tzinfo=UTC)
    assert disk.below("nowhere") == {}


@pytest.mark.parametrize("prefix", ["gs://b/x#y", "gs://b/x?y", "gs://b/{x}", "gs://b/*/[x]"])
def test_characters_that_mean_something_else_to_a_part_of_the_programs_are_refused(prefix):
    with pytest.raises(EpyflowError, match="take for the beginning of a query, a pattern or a"):
        storage_at(prefix)

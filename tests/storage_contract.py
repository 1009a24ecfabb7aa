"""Test a storage: the modules of all storages inherit these tests."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from epyflow.errors import EpyflowError
from epyflow.storage import stored_file
from epyflow.storage.disk import Storage
from epyflow.storage.stored_file import LARGEST_VERSION, VersionedStorage


class StorageContract:
    """The tests of a storage; a subclass has a fixture ``storage``, an empty one."""

    def test_what_is_written_is_listed_and_read(self, storage: Storage) -> None:
        storage.write("a/b/one.txt", b"1")
        storage.write("a/b/two.txt", b"2")
        storage.write("a/b/below/three.txt", b"3")
        storage.write("a/bc.txt", b"4")

        assert set(storage.names("a/b")) == {"one.txt", "two.txt"}
        assert storage.read("a/b/one.txt") == b"1"
        assert storage.read_all(["a/b/two.txt", "a/b/four.txt"]) == {"a/b/two.txt": b"2"}

    def test_what_is_written_again_is_replaced(self, storage: Storage) -> None:
        storage.write("a", b"1")
        storage.write("a", b"2")

        assert storage.read("a") == b"2"

    def test_a_file_that_would_fill_memory_is_not_read(
        self, storage: Storage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        storage.write("a/large", b"1234")
        storage.write("a/small", b"123")
        monkeypatch.setattr(stored_file, "LARGEST_READ", 3)

        assert storage.read("a/small") == b"123"
        with pytest.raises(
            EpyflowError, match="a/large has more than 3 bytes, as no such file of a run"
        ):
            storage.read("a/large")

    def test_of_a_file_a_part_is_read(self, storage: Storage) -> None:
        storage.write("a", b"12345")
        storage.write("empty", b"")

        assert storage.read_part("a", 0, 2) == b"12"
        assert storage.read_part("a", 3, 9) == b"45"
        assert storage.read_part("a", 5, 9) == storage.read_part("empty", 0, 9) == b""
        assert storage.read_part("nowhere/a", 0, 9) is storage.read_part("a/b", 0, 9) is None

    def test_a_file_that_is_uploaded_is_copied(self, storage: Storage, tmp_path: Path) -> None:
        (tmp_path / "here").write_bytes(b"1")

        for path in ("a/b", "a/c"):
            storage.upload(tmp_path / "here", path)

        assert storage.read("a/b") == storage.read("a/c") == b"1"

    def test_copies_are_made_where_the_files_are(self, storage: Storage) -> None:
        storage.write("a/one", b"1")
        storage.write("a/two", b"2")

        storage.copy({"a/one": "b/one", "a/two": "b/c/two"})
        storage.write("a/one", b"3")

        assert storage.read_all(["b/one", "b/c/two"]) == {"b/one": b"1", "b/c/two": b"2"}

    def test_what_is_not_there_is_nothing(self, storage: Storage) -> None:
        assert storage.names("nowhere") == {}
        assert storage.below("nowhere") == {}
        assert storage.read("nowhere/a") is None
        storage.remove(["nowhere/a"])

    def test_what_is_removed_is_gone_and_the_rest_stays(self, storage: Storage) -> None:
        for name in ("a", "b", "c"):
            storage.write(f"x/{name}", b"")

        storage.remove(["x/a", "x/c"])

        assert set(storage.names("x")) == {"b"}

    def test_what_is_below_a_folder_is_listed_with_its_size(self, storage: Storage) -> None:
        storage.write("a/b/one.txt", b"1")
        storage.write("a/b/below/three.txt", b"333")
        storage.write("a/bc.txt", b"4")

        sizes = {path: its.size for path, its in storage.below("a/b").items()}
        everything = storage.below("")

        assert sizes == {"one.txt": 1, "below/three.txt": 3}
        assert set(everything) == {"a/b/one.txt", "a/b/below/three.txt", "a/bc.txt"}
        assert {its.modified.utcoffset().total_seconds() for its in everything.values()} == {0}  # type: ignore[union-attr]


class VersionsContract:
    """The tests of a storage with conditional writes; a subclass has a fixture ``bucket``."""

    def test_of_two_who_replace_one_version_the_second_is_refused(
        self, bucket: VersionedStorage
    ) -> None:
        first = bucket.write_version("a/b", b"1", None)
        assert bucket.write_version("a/b", b"2", None) is None

        second = bucket.write_version("a/b", b"3", first)

        assert bucket.write_version("a/b", b"4", first) is None
        found = bucket.read_version("a/b")
        assert found is not None
        assert (found.data, found.name) == (b"3", second)
        assert abs((datetime.now(UTC) - found.modified).total_seconds()) < 60

    def test_only_the_version_that_was_read_is_removed(self, bucket: VersionedStorage) -> None:
        first = bucket.write_version("a", b"1", None)
        assert first is not None
        second = bucket.write_version("a", b"2", first)
        assert second is not None

        bucket.remove_version("a", first)
        assert bucket.read_version("a") is not None
        bucket.remove_version("a", second)

        assert bucket.read_version("a") is None
        assert bucket.write_version("a", b"3", second) is None

    def test_of_a_version_that_is_too_large_the_beginning_is_read(
        self, bucket: VersionedStorage
    ) -> None:
        bucket.write_version("a", bytes(LARGEST_VERSION + 1), None)

        found = bucket.read_version("a")

        assert found is not None
        assert len(found.data) == LARGEST_VERSION

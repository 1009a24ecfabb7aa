import errno
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from types import SimpleNamespace

import pytest

from epyflow.errors import EpyflowError, UnreachableError, UnreadableError
from epyflow.storage import regular_file
from epyflow.storage.disk import SharedFolder, storage_at
from epyflow.storage.stored_file import VersionedStorage
from tests.storage_contract import VersionsContract


class TestSharedFolder(VersionsContract):
    @pytest.fixture
    def bucket(self, tmp_path: Path) -> SharedFolder:
        return SharedFolder(tmp_path)


def test_the_files_of_the_provider_fs_have_versions_and_those_of_the_work_folder_none(tmp_path):
    assert isinstance(storage_at(str(tmp_path)), VersionedStorage)
    assert not isinstance(storage_at(None), VersionedStorage)


ODD = {
    "link": (lambda path: path.symlink_to(path.with_name("other")), "is a link; remove it"),
    "dangling": (lambda path: path.symlink_to(path.with_name("absent")), "is a link; remove it"),
    "pipe": (os.mkfifo, "is not a regular file; remove it"),
    "folder": (Path.mkdir, r"is not a regular file|cannot be read: Is a directory"),
}


@pytest.mark.parametrize("name", ["a", "a.lock"])
@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_regular_file_is_neither_opened_nor_locked(tmp_path, name, kind):
    (tmp_path / "other").write_bytes(b"of somebody")
    make, message = ODD[kind]
    make(tmp_path / name)
    folder = SharedFolder(tmp_path)

    with pytest.raises(UnreadableError, match=f"{name} ({message})"):
        folder.write_version("a", b"1", None)
    with pytest.raises(UnreadableError, match=f"{name} ({message})"):
        folder.remove_version("a", "1")

    assert (tmp_path / "other").read_bytes() == b"of somebody"
    assert not (tmp_path / "absent").exists()


def test_a_lock_that_another_process_keeps_is_not_waited_for_without_end(tmp_path, monkeypatch):
    def held(*_: object) -> None:
        raise BlockingIOError(errno.EAGAIN, "held")

    waited = list[float]()
    times = SimpleNamespace(monotonic=lambda: sum(waited), sleep=waited.append)
    monkeypatch.setattr(regular_file, "time", times)
    monkeypatch.setattr(regular_file.fcntl, "lockf", held)

    with pytest.raises(UnreachableError, match=r"a.lock: another process has held .* 30 s"):
        SharedFolder(tmp_path).write_version("a", b"1", None)

    assert 30 <= sum(waited) < 31


def test_a_file_system_without_locks_is_named(tmp_path, monkeypatch):
    def fail(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(regular_file.fcntl, "lockf", fail)

    with pytest.raises(EpyflowError, match=r"a.lock cannot be locked: No locks available; "):
        SharedFolder(tmp_path).write_version("a", b"1", None)


def create(folder: Path, number: int) -> bool:
    return SharedFolder(folder).write_version("a", b"%d" % number, None) is not None


def test_of_many_processes_one_creates_a_file(tmp_path):
    with ProcessPoolExecutor(4, get_context("fork")) as pool:
        made = list(pool.map(create, [tmp_path] * 40, range(40)))

    assert made.count(True) == 1


@pytest.fixture
def with_links(tmp_path) -> SharedFolder:
    """A shared folder that itself is a link, with links into it and out of it."""
    stored = tmp_path / "stored"
    (stored / "in").mkdir(parents=True)
    (stored / "in" / "own").write_bytes(b"own")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "secret").write_bytes(b"secret")
    (stored / "in" / "link").symlink_to("own")
    (stored / "in" / "secret").symlink_to(tmp_path / "out" / "secret")
    (stored / "out").symlink_to(tmp_path / "out")
    (tmp_path / "shared").symlink_to(stored)
    regular_file.warn_of_link.cache_clear()
    return SharedFolder(tmp_path / "shared")


def test_links_that_lead_out_are_not_listed_and_named_once(with_links, caplog):
    for _ in range(2):
        assert set(with_links.below("in")) == set(with_links.names("in")) == {"own", "link"}
        assert with_links.below("out") == with_links.names("out") == {}

    assert [said.partition(" leads out of the storage")[0][-11:-1] for said in caplog.messages] == [
        "/in/secret",
        "shared/out",
    ]


@pytest.mark.parametrize("path", ["in/secret", "out/secret"])
def test_links_that_lead_out_are_not_read(with_links, path):
    for read in (with_links.read, lambda path: with_links.read_part(path, 0, 1)):
        assert read("in/own")[:1] == read("in/link")[:1] == b"o"
        with pytest.raises(UnreadableError, match=f"{path} leads out of the storage .*copy it"):
            read(path)


def test_nothing_is_written_through_a_folder_that_leads_out(with_links, tmp_path):
    changes = [
        lambda: with_links.write("out/new", b"1"),
        lambda: with_links.upload(tmp_path / "out" / "secret", "out/new"),
        lambda: with_links.remove(["out/secret"]),
        lambda: with_links.read_version("out/secret"),
        lambda: with_links.write_version("out/new", b"1", None),
        lambda: with_links.remove_version("out/secret", "1"),
    ]

    for change in changes:
        with pytest.raises(UnreadableError, match="out leads out of the storage"):
            change()

    assert [path.name for path in (tmp_path / "out").iterdir()] == ["secret"]


def test_a_link_that_is_changed_while_it_is_read_is_not_followed(with_links, monkeypatch):
    monkeypatch.setattr(SharedFolder, "_place", None)
    before = regular_file.os.open

    def changed(path, *arguments):
        return before(path.parents[1] / "out" / "secret", *arguments)

    monkeypatch.setattr(regular_file.os, "open", changed)

    with pytest.raises(UnreadableError, match="in/own leads out"):
        with_links.read("in/own")

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

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


def create(folder: Path, number: int) -> bool:
    return SharedFolder(folder).write_version("a", b"%d" % number, None) is not None


def test_of_many_processes_one_creates_a_file(tmp_path):
    with ProcessPoolExecutor(4, get_context("fork")) as pool:
        made = list(pool.map(create, [tmp_path] * 40, range(40)))

    assert made.count(True) == 1

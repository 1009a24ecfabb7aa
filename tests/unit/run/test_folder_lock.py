"""Two Snakemake processes in one folder, by the locks that they hold."""

import pytest
from snakemake.exceptions import LockException
from snakemake.persistence.file import FilePersistence

from epyflow.run.folder_lock import keep_locks_of_others


class Process(FilePersistence):
    """A process that reads one file and writes another."""

    def __init__(self, reads: str, writes: str) -> None:
        super().__init__()
        self._reads, self._writes = reads, writes

    def all_inputfiles(self) -> list[str]:
        return [self._reads]

    def all_outputfiles(self) -> list[str]:
        return [self._writes]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder, and Snakemake as a start of a run changes it."""
    monkeypatch.chdir(tmp_path)
    for name in ("_delete_locks", "cleanup_locks"):
        monkeypatch.setattr(FilePersistence, name, getattr(FilePersistence, name))
    keep_locks_of_others()


def test_the_end_of_one_process_leaves_the_lock_of_another():
    with Process("a", "b").lock():
        with Process("c", "d").lock():
            pass

        with pytest.raises(LockException), Process("a", "b").lock():
            pass

    with Process("a", "b").lock():
        pass


def test_unlocking_removes_the_lock_of_a_process_that_was_killed():
    Process("a", "b").lock().__enter__()

    Process("a", "b").cleanup_locks()

    with Process("a", "b").lock():
        pass


def test_a_second_workflow_of_a_process_changes_nothing_more():
    changed = FilePersistence._delete_locks

    keep_locks_of_others()

    assert FilePersistence._delete_locks is changed

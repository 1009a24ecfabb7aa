import pytest

from epyflow.errors import EpyflowError
from epyflow.run import checkpoint_backup
from epyflow.run.checkpoint_backup import Backup
from epyflow.run.layout import RunLayout
from epyflow.storage.disk import Disk

LAYOUT = RunLayout("202501/round1", "main")


class Unreachable(Disk):
    def read(self, path):
        raise EpyflowError("no answer")

    def write(self, path, data):
        raise EpyflowError("no answer")


@pytest.fixture
def file(tmp_path):
    return tmp_path / "checkpoint_00003.pkl"


def test_what_was_stored_is_fetched_to_where_it_is_missing(tmp_path, file):
    copy = Backup(Disk(tmp_path / "bucket"), "runs/checkpoint_00003.pkl")
    file.write_bytes(b"three generations")
    copy.store(file)
    file.unlink()

    copy.fetch(file)

    assert file.read_bytes() == b"three generations"


def test_a_file_that_is_there_is_newer_than_its_copy(tmp_path, file):
    copy = Backup(Disk(tmp_path / "bucket"), "c")
    file.write_bytes(b"three generations")
    copy.store(file)
    file.write_bytes(b"four generations")

    copy.fetch(file)

    assert file.read_bytes() == b"four generations"


def test_without_a_copy_nothing_is_fetched(tmp_path, file):
    Backup(Disk(tmp_path / "bucket"), "c").fetch(file)

    assert not file.exists()


def test_a_copy_that_cannot_be_reached_is_a_warning(tmp_path, file, caplog):
    copy = Backup(Unreachable(tmp_path), "c")

    copy.fetch(file)
    file.write_bytes(b"three generations")
    copy.store(file)

    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert all("no answer" in message for message in caplog.messages)


def test_where_results_are_on_disk_there_is_no_copy():
    assert checkpoint_backup.backup_of_task(LAYOUT, 3, None) is None


def test_once_all_results_stand_only_the_generations_of_failed_tasks_are_kept(tmp_path):
    storage = Disk(tmp_path)
    for name in ("checkpoint_00000.pkl", "checkpoint_00002.pkl", "result_00000.pkl"):
        storage.write(f"results/flu/main/runner-artifacts/{name}", b"")

    checkpoint_backup.remove_checkpoints(storage, RunLayout("flu", "main"), kept=[2, 5])

    assert set(storage.names("results/flu/main/runner-artifacts")) == {
        "checkpoint_00002.pkl",
        "result_00000.pkl",
    }

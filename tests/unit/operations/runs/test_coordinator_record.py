import errno
import fcntl
import json
import math
import subprocess
import sys
import tracemalloc

import pytest
from pydantic import ValidationError

from epyflow.operations.runs.coordinator_process import this_machine
from epyflow.operations.runs.coordinator_record import (
    JOB_VARIABLE,
    Coordinator,
    find_record,
    read_coordinators,
    read_record,
    this_coordinator,
)
from epyflow.operations.runs.own_record import record_start
from epyflow.operations.runs.run_request import Wanted
from epyflow.run.layout import RunLayout
from epyflow.storage.disk import Disk, SharedFolder


@pytest.fixture
def storage(tmp_path):
    return Disk(tmp_path)


def test_one_that_was_killed_is_not_alive(storage):
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    began = this_coordinator("flu", "main").model_copy(update={"pid": child.pid})
    child.kill()
    child.communicate()

    assert began.lives is False


def test_the_machine_is_named_alike_in_all_its_processes():
    program = "from epyflow.operations.runs.coordinator_process import this_machine as machine"
    command = [sys.executable, "-c", f"{program}; print(machine())"]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert this_machine() == found.strip()


def test_a_number_that_another_process_has_by_now_is_not_taken_for_it():
    mine = this_coordinator("flu", "main")

    assert mine.model_copy(update={"process_started": mine.process_started - 60}).lives is False


def test_of_another_machine_or_of_a_batch_job_it_cannot_be_seen_here():
    mine = this_coordinator("flu", "main", {})
    job = "projects/p/locations/r/jobs/epyflow-1"

    assert mine.model_copy(update={"host": "another"}).lives is None
    assert this_coordinator("flu", "main", {JOB_VARIABLE: job}).lives is None
    assert this_coordinator("flu", "main", {JOB_VARIABLE: job}).job == job


@pytest.mark.parametrize("machine", ["another start pid:[1]", None])
def test_an_equal_host_name_alone_says_nothing_of_a_process(machine):
    mine = this_coordinator("flu", "main", {})
    ended = mine.model_copy(update={"machine": machine, "process_started": 0.0})

    assert (ended.lives, ended.process()) == (None, None)
    assert mine.model_copy(update={"process_started": 0.0}).lives is False


@pytest.mark.parametrize("pid", [-1, 2**31, 10**30, "12", 1.5, True, None])
def test_a_process_id_that_no_process_can_have_is_damage(storage, pid):
    content = this_coordinator("flu", "main", {}).model_dump(mode="json") | {"pid": pid}
    storage.write(RunLayout("flu", "main").coordinator_record, json.dumps(content).encode())

    assert read_record("flu", "main", storage) is None


@pytest.mark.parametrize("pid", [0, 2**31 - 1])
def test_a_process_id_that_no_process_has_is_of_none(pid):
    assert this_coordinator("flu", "main", {}).model_copy(update={"pid": pid}).process() is None


@pytest.mark.parametrize("change", [{"host": "h" * 10**7}, {"process_started": math.nan}])
def test_a_name_without_end_and_a_time_that_is_none_are_damage(storage, change):
    content = this_coordinator("flu", "main", {}).model_dump(mode="json") | change
    storage.write(RunLayout("flu", "main").coordinator_record, json.dumps(content).encode())

    assert read_record("flu", "main", storage) is None


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff"])
def test_a_record_that_is_damaged_counts_as_none(storage, content):
    storage.write(RunLayout("flu", "main").coordinator_record, content)

    assert read_record("flu", "main", storage) is None


def test_what_a_later_version_adds_is_passed_over(storage):
    record_start(find_record("flu", "main", storage))
    data = storage.read(RunLayout("flu", "main").coordinator_record)
    storage.write(
        RunLayout("flu", "main").coordinator_record, data.replace(b"{", b'{"later": 1,', 1)
    )

    assert isinstance(read_record("flu", "main", storage), Coordinator)


def test_a_record_is_replaced_rather_than_changed():
    with pytest.raises(ValidationError, match="frozen"):
        this_coordinator("flu", "main").pid = 1


@pytest.mark.parametrize("run_id", ["main", "renamed"])
def test_the_tasks_of_a_run_that_was_renamed_are_unknown(tmp_path, storage, run_id):
    wanted = Wanted(tasks={"main": 2}, unplanned=("hub/a.csv",))
    record_start(find_record("flu", "main", storage), wanted)
    (tmp_path / "coordinator" / "flu" / "main").rename(tmp_path / "coordinator" / "flu" / run_id)

    found = read_record("flu", run_id, storage).wanted

    assert found.tasks == ({"main": 2} if run_id == "main" else {})
    assert found.unplanned == ("hub/a.csv",)


def test_records_of_all_runs_are_read_some_at_a_time(tmp_path):
    data = this_coordinator("flu", "main", {}).model_dump_json().encode()

    class Padded(Disk):
        def read(self, path, most=None):
            return data.ljust(2**20)

    tracemalloc.start()
    try:
        found = read_coordinators(Padded(tmp_path), [RunLayout("flu", f"{n}") for n in range(100)])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert len(found) == 100
    assert peak < 50 * 2**20


def test_of_records_of_all_runs_the_command_and_names_of_missing_files_are_not_kept(storage):
    asked = Wanted(command=("snakemake",), tasks={"main": 3}, unplanned=("hub/a.csv", "hub/b.csv"))
    record_start(find_record("flu", "main", storage), asked)

    found = read_coordinators(storage, [RunLayout("flu", "main")], {"flu/main/hub/b.csv": None})

    assert found["flu/main"].wanted == Wanted(tasks={"main": 3}, unplanned=("hub/b.csv",))
    assert read_record("flu", "main", storage).wanted == asked


def test_a_record_larger_than_any_is_named_and_not_read(storage, tmp_path, caplog):
    record_start(find_record("flu", "main", storage))
    with (tmp_path / RunLayout("flu", "main").coordinator_record).open("r+b") as file:
        file.truncate(2**23 + 1)

    assert read_coordinators(storage, [RunLayout("flu", "main")]) == {}
    assert "coordinator/flu/main/record.json has more than 8,388,608 bytes" in caplog.text


@pytest.mark.parametrize("files", [2, 2_000])
def test_a_record_of_any_size_is_replaced_as_it_was_read_and_not_after_that(tmp_path, files):
    storage = SharedFolder(tmp_path)
    names = tuple(f"hub/{n:01000}.csv" for n in range(files))
    mine = this_coordinator("flu", "main", {}, Wanted(unplanned=names))
    assert find_record("flu", "main", storage).replace(mine)
    found = find_record("flu", "main", storage)

    assert found.record == mine
    assert found.replace(mine.after("complete"))
    assert not found.replace(mine)
    assert read_record("flu", "main", storage).outcome == "complete"


def test_without_locks_that_keep_coordinators_away_a_record_is_written(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(fcntl, "lockf", refuse)
    storage, mine = SharedFolder(tmp_path), this_coordinator("flu", "main", {})

    assert find_record("flu", "main", storage).replace(mine)
    assert read_record("flu", "main", storage) == mine


def test_a_record_that_is_damaged_or_no_file_of_the_folder_is_replaced(tmp_path, caplog):
    storage, mine = SharedFolder(tmp_path), this_coordinator("flu", "main", {})
    path = tmp_path / RunLayout("flu", "main").coordinator_record
    storage.write(RunLayout("flu", "main").coordinator_record, b"{")
    assert find_record("flu", "main", storage).replace(mine)
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere")

    assert find_record("flu", "main", storage).replace(mine)

    assert read_record("flu", "main", storage) == mine
    assert f"{path} is a link; remove it; the run counts as one without a record" in caplog.text

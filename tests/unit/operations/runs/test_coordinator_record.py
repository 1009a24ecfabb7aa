import json
import math
import os
import subprocess
import sys
import time
import tracemalloc

import pytest
from pydantic import ValidationError

from epyflow.operations.runs.coordinator_record import (
    JOB_VARIABLE,
    Coordinator,
    read_coordinators,
    read_record,
    record_end,
    record_request,
    record_start,
    this_coordinator,
    this_machine,
    write_record,
)
from epyflow.operations.runs.experiment_origin import Origin
from epyflow.operations.runs.run_lease import is_alone, new_lease, write_lease
from epyflow.operations.runs.run_request import Wanted
from epyflow.run.layout import RunLayout
from epyflow.storage.disk import Disk, SharedFolder


@pytest.fixture
def storage(tmp_path):
    return Disk(tmp_path)


def test_a_process_that_goes_on_with_a_run_is_found_alive_by_others(storage):
    record_start("us/flu", "main", storage)

    found = read_record("us/flu", "main", storage)

    assert found is not None
    assert (found.exp_id, found.run_id, found.pid) == ("us/flu", "main", os.getpid())
    assert found.lives is True
    assert found.outcome is None


def test_one_that_was_killed_is_not_alive(storage):
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    began = this_coordinator("flu", "main").model_copy(update={"pid": child.pid})
    child.kill()
    child.communicate()

    assert began.lives is False


def test_the_machine_is_named_alike_in_all_its_processes():
    program = "from epyflow.operations.runs.coordinator_record import this_machine as machine"
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


@pytest.mark.parametrize("outcome", ["complete", "failed"])
def test_how_it_ended_is_kept_with_when_it_began(storage, outcome):
    record_start("flu", "main", storage)
    before = read_record("flu", "main", storage)

    record_end("flu", "main", outcome, storage)

    after = read_record("flu", "main", storage)
    assert before is not None
    assert after is not None
    assert (after.outcome, after.lives, after.started) == (outcome, False, before.started)
    assert after.ended is not None
    assert after.ended >= after.started


def test_the_end_of_one_does_not_hide_another_that_has_taken_over(storage):
    other = this_coordinator("flu", "main").model_copy(update={"host": "another"})
    write_record(other, storage)

    record_end("flu", "main", "failed", storage)

    assert read_record("flu", "main", storage) == other


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff"])
def test_a_record_that_is_damaged_counts_as_none(storage, content):
    storage.write(RunLayout("flu", "main").coordinator_record, content)

    assert read_record("flu", "main", storage) is None


def test_what_a_later_version_adds_is_passed_over(storage):
    record_start("flu", "main", storage)
    data = storage.read(RunLayout("flu", "main").coordinator_record)
    storage.write(
        RunLayout("flu", "main").coordinator_record, data.replace(b"{", b'{"later": 1,', 1)
    )

    assert isinstance(read_record("flu", "main", storage), Coordinator)


def test_a_record_is_replaced_rather_than_changed():
    with pytest.raises(ValidationError, match="frozen"):
        this_coordinator("flu", "main").pid = 1


def test_a_start_with_nothing_to_do_records_what_it_was_asked_for_and_keeps_the_command(storage):
    first = Wanted(command=("snakemake", "1"), tasks={"main": 3}, unplanned=("hub/a.csv",))
    origin = Origin(place="/studies", digest="a")
    record_start("flu", "main", storage, first, origin)
    record_end("flu", "main", "stopped", storage)

    part = Wanted(tasks={"main": 2})  # as with --until
    assert record_request("flu", "main", part, storage)
    asked = Wanted(command=("snakemake", "2"), tasks={"main": 2}, whole=True)
    assert record_request("flu", "main", asked, storage)
    assert not record_request("flu", "main", asked, storage)

    found = read_record("flu", "main", storage)
    assert (found.outcome, found.pid) == ("complete", os.getpid())
    assert found.wanted == Wanted(command=("snakemake", "1"), tasks={"main": 2}, whole=True)
    assert found.origin == origin
    edited = Origin(place="/studies", digest="b")
    record_request("flu", "main", asked, storage, edited)
    assert read_record("flu", "main", storage).origin == edited


@pytest.mark.parametrize(("uri", "tasks"), [(None, 2), ("gs://b/p", 3)])
def test_a_coordinator_of_another_machine_has_ended_where_the_folder_was_locked(
    tmp_path, uri, tasks
):
    storage = Disk(tmp_path, uri)
    elsewhere = this_coordinator("flu", "main", {}, Wanted(tasks={"main": 3}))
    write_record(elsewhere.model_copy(update={"host": "another"}), storage)

    record_request("flu", "main", Wanted(tasks={"main": 2}), storage)

    assert read_record("flu", "main", storage).wanted.tasks == {"main": tasks}


@pytest.mark.parametrize(
    ("holder", "hours", "ended"),
    [
        (None, 0, True),
        ("another", 3, False),  # or the clock of this machine is ahead
        ("another", 30, True),
        ("own", 0, True),  # a submitted start has replaced the lease
    ],
)
def test_a_coordinator_of_another_machine_has_ended_if_it_cannot_hold_the_lease(
    tmp_path, monkeypatch, holder, hours, ended
):
    storage = SharedFolder(tmp_path, str(tmp_path))
    elsewhere = this_coordinator("flu", "main", {}, Wanted(tasks={"main": 3}))
    elsewhere = elsewhere.model_copy(update={"host": "another"})
    write_record(elsewhere, storage)
    monkeypatch.setenv(JOB_VARIABLE, "projects/p/locations/l/jobs/a-coordinator")
    if holder is not None:
        mine = this_coordinator("flu", "main")
        write_lease(storage, new_lease(elsewhere if holder == "another" else mine), None)
        renewed = time.time() - 3600 * hours
        os.utime(tmp_path / RunLayout("flu", "main").coordinator_lease, (renewed, renewed))

    record_request("flu", "main", Wanted(tasks={"main": 2}), storage, is_alone=is_alone)

    found = read_record("flu", "main", storage)
    assert found.wanted.tasks == {"main": 2 if ended else 3}
    assert found.outcome == ("complete" if ended else None)


@pytest.mark.parametrize("run_id", ["main", "renamed"])
def test_the_tasks_of_a_run_that_was_renamed_are_unknown(tmp_path, storage, run_id):
    wanted = Wanted(tasks={"main": 2}, unplanned=("hub/a.csv",))
    record_start("flu", "main", storage, wanted)
    (tmp_path / "coordinator" / "flu" / "main").rename(tmp_path / "coordinator" / "flu" / run_id)

    found = read_record("flu", run_id, storage).wanted

    assert found.tasks == ({"main": 2} if run_id == "main" else {})
    assert found.unplanned == ("hub/a.csv",)


def test_a_submitted_start_with_nothing_to_do_records_what_it_was_asked_for(storage, monkeypatch):
    monkeypatch.setenv(JOB_VARIABLE, "projects/p/locations/l/jobs/a-coordinator")
    record_start("flu", "main", storage, Wanted(tasks={"main": 3}))

    record_request("flu", "main", Wanted(tasks={"main": 2}), storage)

    assert read_record("flu", "main", storage).wanted.tasks == {"main": 2}


def test_a_start_with_nothing_to_do_leaves_the_record_of_one_that_may_be_running(storage):
    record_request("flu", "main", Wanted(tasks={"main": 2}), storage)
    assert read_record("flu", "main", storage) is None

    running = Wanted(tasks={"main": 3})
    record_start("flu", "main", storage, running)
    record_request("flu", "main", Wanted(tasks={"main": 2}), storage)

    assert read_record("flu", "main", storage).wanted == running


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
    record_start("flu", "main", storage, asked)

    found = read_coordinators(storage, [RunLayout("flu", "main")], {"flu/main/hub/b.csv": None})

    assert found["flu/main"].wanted == Wanted(tasks={"main": 3}, unplanned=("hub/b.csv",))
    assert read_record("flu", "main", storage).wanted == asked


def test_a_record_larger_than_any_is_named_and_not_read(storage, tmp_path, caplog):
    record_start("flu", "main", storage)
    with (tmp_path / RunLayout("flu", "main").coordinator_record).open("r+b") as file:
        file.truncate(2**23 + 1)

    assert read_coordinators(storage, [RunLayout("flu", "main")]) == {}
    assert "coordinator/flu/main/record.json has more than 8,388,608 bytes" in caplog.text

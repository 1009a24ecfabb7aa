"""A process records itself as the coordinator of a run, and replaces no record of another."""

import os
import time
from pathlib import Path

import pytest

from epyflow.errors import EpyflowError, RunningError
from epyflow.operations.runs.coordinator_record import (
    JOB_VARIABLE,
    Coordinator,
    find_record,
    read_record,
    this_coordinator,
    write_record,
)
from epyflow.operations.runs.experiment_origin import Origin
from epyflow.operations.runs.own_record import record_end, record_request, record_start
from epyflow.operations.runs.run_lease import is_alone, new_lease, write_lease
from epyflow.operations.runs.run_request import Wanted
from epyflow.run.layout import RunLayout
from epyflow.storage.disk import Disk, SharedFolder

OTHER = this_coordinator("flu", "main", {}).model_copy(update={"host": "another"})


@pytest.fixture
def storage(tmp_path):
    return Disk(tmp_path)


class Contended(SharedFolder):
    """A storage in which something happens before the next write: what was read is outdated."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, str(root))
        self.meanwhile = list[Coordinator]()

    def write_version(self, path: str, data: bytes, replaced: str | None) -> str | None:
        if self.meanwhile:
            write_record(self.meanwhile.pop(), self)
        return super().write_version(path, data, replaced)


@pytest.fixture
def contended(tmp_path) -> Contended:
    return Contended(tmp_path)


def test_a_process_that_goes_on_with_a_run_is_found_alive_by_others(storage):
    record_start(find_record("us/flu", "main", storage))

    found = read_record("us/flu", "main", storage)

    assert found is not None
    assert (found.exp_id, found.run_id, found.pid) == ("us/flu", "main", os.getpid())
    assert found.lives is True
    assert found.outcome is None


@pytest.mark.parametrize("outcome", ["complete", "failed"])
def test_how_it_ended_is_kept_with_when_it_began(storage, outcome):
    record_start(find_record("flu", "main", storage))
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


def test_a_start_with_nothing_to_do_records_what_it_was_asked_for_and_keeps_the_command(storage):
    first = Wanted(command=("snakemake", "1"), tasks={"main": 3}, unplanned=("hub/a.csv",))
    origin = Origin(place="/studies", digest="a")
    record_start(find_record("flu", "main", storage), first, origin)
    record_end("flu", "main", "stopped", storage)

    part = Wanted(tasks={"main": 2})  # as with --until
    assert record_request(find_record("flu", "main", storage), part)
    asked = Wanted(command=("snakemake", "2"), tasks={"main": 2}, whole=True)
    assert record_request(find_record("flu", "main", storage), asked)
    assert not record_request(find_record("flu", "main", storage), asked)

    found = read_record("flu", "main", storage)
    assert (found.outcome, found.pid) == ("complete", os.getpid())
    assert found.wanted == Wanted(command=("snakemake", "1"), tasks={"main": 2}, whole=True)
    assert found.origin == origin
    edited = Origin(place="/studies", digest="b")
    record_request(find_record("flu", "main", storage), asked, edited)
    assert read_record("flu", "main", storage).origin == edited


@pytest.mark.parametrize("outcome", ["complete", "failed", "stopped"])
def test_a_part_with_nothing_to_do_leaves_the_record_of_a_start_of_the_whole_run(storage, outcome):
    record_start(find_record("flu", "main", storage), Wanted(tasks={"main": 3}, whole=True))
    record_end("flu", "main", outcome, storage)
    before = read_record("flu", "main", storage)

    part = Wanted(tasks={"main": 2}, files={"run": 2})
    edited = Origin(place="/studies", digest="b")
    assert not record_request(find_record("flu", "main", storage), part, edited)

    assert read_record("flu", "main", storage) == before


@pytest.mark.parametrize(
    ("uri", "whole", "tasks"), [(None, True, 2), (None, False, 3), ("gs://b/p", True, 3)]
)
def test_a_coordinator_of_another_machine_has_ended_where_all_its_files_were_locked(
    tmp_path, uri, whole, tasks
):
    storage = Disk(tmp_path, uri)
    elsewhere = this_coordinator("flu", "main", {}, Wanted(tasks={"main": 3}))
    write_record(elsewhere.model_copy(update={"host": "another"}), storage)

    asked = Wanted(tasks={"main": 2}, whole=whole)
    record_request(find_record("flu", "main", storage), asked)

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

    record_request(
        find_record("flu", "main", storage), Wanted(tasks={"main": 2}), is_alone=is_alone
    )

    found = read_record("flu", "main", storage)
    assert found.wanted.tasks == {"main": 2 if ended else 3}
    assert found.outcome == ("complete" if ended else None)


def test_a_submitted_start_with_nothing_to_do_records_what_it_was_asked_for(storage, monkeypatch):
    monkeypatch.setenv(JOB_VARIABLE, "projects/p/locations/l/jobs/a-coordinator")
    record_start(find_record("flu", "main", storage), Wanted(tasks={"main": 3}))

    record_request(find_record("flu", "main", storage), Wanted(tasks={"main": 2}))

    assert read_record("flu", "main", storage).wanted.tasks == {"main": 2}


def test_a_start_with_nothing_to_do_leaves_the_record_of_one_that_may_be_running(storage):
    record_request(find_record("flu", "main", storage), Wanted(tasks={"main": 2}))
    assert read_record("flu", "main", storage) is None

    running = Wanted(tasks={"main": 3})
    record_start(find_record("flu", "main", storage), running)
    record_request(find_record("flu", "main", storage), Wanted(tasks={"main": 2}))

    assert read_record("flu", "main", storage).wanted == running


def test_a_start_with_nothing_to_do_leaves_the_record_of_one_that_starts_meanwhile(contended):
    write_record(OTHER.after("failed"), contended)
    found = find_record("flu", "main", contended)
    contended.meanwhile = [OTHER]

    assert not record_request(found, Wanted(whole=True), is_alone=is_alone)

    assert read_record("flu", "main", contended) == OTHER


def test_an_end_leaves_the_record_of_one_that_starts_meanwhile(contended):
    record_start(find_record("flu", "main", contended))
    contended.meanwhile = [OTHER]

    record_end("flu", "main", "failed", contended)

    assert read_record("flu", "main", contended) == OTHER


def test_a_start_replaces_what_one_with_nothing_to_do_writes_meanwhile(contended):
    origin = Origin(place="/studies", digest="a")
    found = find_record("flu", "main", contended)
    contended.meanwhile = [OTHER.after("complete").model_copy(update={"origin": origin})]

    record_start(found, Wanted(tasks={"main": 2}))

    now = read_record("flu", "main", contended)
    assert (now.pid, now.outcome, now.wanted.tasks) == (os.getpid(), None, {"main": 2})
    assert now.origin == origin


def test_a_start_leaves_the_record_of_one_that_has_taken_the_run_over(contended):
    def confirm() -> None:
        if read_record("flu", "main", contended) == OTHER:
            raise RunningError("another is its coordinator")

    found = find_record("flu", "main", contended)
    contended.meanwhile = [OTHER]
    with pytest.raises(RunningError, match="another is its coordinator"):
        record_start(found, confirm=confirm)
    assert read_record("flu", "main", contended) == OTHER


def test_a_start_whose_record_others_write_again_and_again_says_so(contended):
    contended.meanwhile = [OTHER.after("failed"), OTHER] * 2

    with pytest.raises(EpyflowError, match="somebody else writes it, too"):
        record_start(find_record("flu", "main", contended))


def test_another_machine_of_the_same_batch_job_ends_by_itself(storage, monkeypatch):
    monkeypatch.setenv(JOB_VARIABLE, "projects/p/locations/l/jobs/a-coordinator")
    mine = this_coordinator("flu", "main")
    snakemake, retried = ({"pid": 11}, {"host": "another", "pid": 11})
    for change, outcome in ((snakemake, "failed"), (retried, None)):
        write_record(mine.model_copy(update=change), storage)

        record_end("flu", "main", "failed", storage)

        assert read_record("flu", "main", storage).outcome == outcome

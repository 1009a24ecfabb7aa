"""A coordinator in the cloud, but for Snakemake, that takes a run over, or is replaced."""

import os
import shutil
from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.operations.detached.made_up_coordinator import CODE, JOB, log, record

from epyflow.errors import EpyflowError, RunningError
from epyflow.operations.detached.supervisor import TAKEN_AWAY
from epyflow.operations.runs import run_lease
from epyflow.operations.runs.coordinator_lease import acquire_lease
from epyflow.operations.runs.coordinator_process import REPLACED
from epyflow.operations.runs.coordinator_record import (
    read_record,
    this_coordinator,
    write_record,
)
from epyflow.operations.runs.held_lease import LEASE_VARIABLE
from epyflow.operations.runs.run_lease import Lease, read_lease
from epyflow.run.layout import RunLayout

OTHER = this_coordinator("flu", "main", {}).model_copy(update={"host": "desktop"})


def test_one_that_another_has_taken_over_from_leaves_the_run_alone(coordinate, storage, told):
    assert coordinate(REPLACED, replaced=True) == REPLACED

    assert record(storage).outcome is None
    assert told == []
    assert storage.read(RunLayout("flu", "main").coordinator_state) is None
    assert "taken this run over" not in log(storage)


def test_snakemake_knows_the_lease_and_its_end_for_want_of_it_changes_nothing(
    coordinate, shared, told
):
    seen: dict[str, Any] = {}

    assert coordinate(REPLACED, seen=seen) == REPLACED

    assert Lease.model_validate_json(seen["environment"][LEASE_VARIABLE]).holder.job == JOB
    assert (record(shared).outcome, told) == (None, [])
    assert shared.read(RunLayout("flu", "main").coordinator_state) is None
    assert "taken this run over" not in log(shared)


def test_it_takes_over_from_the_coordinator_that_was_named_and_waits_for_its_end(
    coordinate, shared, told, monkeypatch
):
    slept: list[float] = []
    monkeypatch.setattr(run_lease, "time", SimpleNamespace(sleep=slept.append))
    first = acquire_lease(OTHER, shared, print)
    named = read_lease("flu", "main", shared)
    assert named is not None

    assert coordinate(0, replaces=named.nonce, meanwhile=lambda: slept.append(0.0)) == 0

    assert (sum(slept), slept[-1]) == (35.0, 0.0)
    with pytest.raises(RunningError, match=r"Batch job epyflow-.*-1 was its coordinator"):
        first.renew()


def test_it_takes_over_from_no_coordinator_that_has_come_since(coordinate, shared, told):
    second = acquire_lease(OTHER, shared, print)

    with pytest.raises(RunningError, match="on desktop is its coordinator"):
        coordinate(0, replaces="the nonce of another")

    second.renew()


def test_an_image_with_other_code_takes_over_from_no_coordinator_that_runs(
    coordinate, shared, told, monkeypatch, tmp_path
):
    """Where the lease of that one has lapsed, the log of the run says what is wrong."""
    monkeypatch.setattr(run_lease, "time", SimpleNamespace(sleep=lambda seconds: None))
    other_code = CODE | {"run": "0123456789ab"}
    first = acquire_lease(OTHER, shared, print)
    named = read_lease("flu", "main", shared)
    assert named is not None

    with pytest.raises(EpyflowError, match="planned by code version 0123456789ab, but this"):
        coordinate(0, packed_by=other_code, replaces=named.nonce)

    first.renew()
    assert (read_record("flu", "main", shared), log(shared), told) == (None, "", [])

    os.utime(tmp_path / "bucket" / named.path, (0, 0))
    shutil.rmtree(tmp_path / "home")
    assert coordinate(0, packed_by=other_code, replaces=named.nonce) == 1
    assert "planned by code version 0123456789ab, but this worker has" in log(shared)


@pytest.mark.parametrize("code", [0, 1])
def test_the_record_of_another_that_has_started_is_left_where_there_are_no_leases(
    coordinate, storage, told, code
):
    assert coordinate(code, meanwhile=lambda: write_record(OTHER, storage)) == code

    assert record(storage) == OTHER


@pytest.mark.parametrize("code", [0, 1, TAKEN_AWAY])
def test_one_that_has_not_noticed_a_take_over_replaces_nothing_of_the_other(
    coordinate, shared, told, code
):
    layout = RunLayout("flu", "main")

    def take_over() -> None:
        acquire_lease(OTHER, shared, print, take_over=True)
        write_record(OTHER, shared)
        for path in (layout.coordinator_state, layout.coordinator_log):
            shared.write(path, b"of the other")

    assert coordinate(code, meanwhile=take_over) == REPLACED

    assert (record(shared), told) == (OTHER, [])
    assert shared.read(layout.coordinator_state) == b"of the other"
    assert log(shared) == "of the other"
    found = read_lease("flu", "main", shared)
    assert found is not None
    assert found.lease is not None
    assert found.lease.holder.host == "desktop"

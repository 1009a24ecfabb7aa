"""A coordinator in the cloud, but for Snakemake: what it makes of each end."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from tests.unit.operations.detached.made_up_coordinator import CODE, JOB, log, record

from epyflow.errors import EpyflowError
from epyflow.operations.detached import main
from epyflow.operations.detached.supervisor import TAKEN_AWAY, TIME_UP, Stop
from epyflow.operations.runs.coordinator_record import (
    find_record,
    this_coordinator,
    write_record,
)
from epyflow.operations.runs.own_record import record_request
from epyflow.operations.runs.run_request import Wanted
from epyflow.provenance.record import git_state
from epyflow.run.layout import RunLayout


def test_snakemake_is_asked_for_the_run_and_knows_the_checkout_it_was_packed_from(
    coordinate, storage, told, tmp_path
):
    seen: dict[str, Any] = {}

    assert coordinate(0, seen=seen) == 0

    assert list(seen["command"][1:]) == [
        *("-m", "snakemake", "--profile", "profiles/gcp"),
        *("--googlebatch-array-run-id", "flu/main", "--retries", "0"),
    ]
    environment = seen["environment"]
    assert git_state(tmp_path, environment) == {"revision": "0123", "dirty": True}
    # Snakemake asks git which files there are, and there is no git in the image.
    program = Path(environment["PATH"].split(":")[0]) / "git"
    assert program.stat().st_mode & 0o777 == 0o755, "only its owner may change it"
    assert (record(storage).outcome, record(storage).job) == ("complete", JOB)
    assert [each["outcome"] for each in told] == ["complete"]


def test_until_snakemake_has_planned_the_plan_of_the_last_start_counts(coordinate, storage, told):
    asked = Wanted(command=("snakemake",), log="a.log", tasks={"main": 2}, files={"run": 2})
    write_record(this_coordinator("flu", "main", {}, asked).after("failed"), storage)

    coordinate(1)

    assert record(storage).job == JOB
    assert record(storage).wanted == Wanted(tasks={"main": 2}, files={"run": 2})


@pytest.mark.parametrize(
    ("earlier", "whole"),
    [
        ({"outcome": "complete"}, True),
        ({"outcome": "failed"}, False),
        ({"outcome": None}, False),
        ({"outcome": None, "job": JOB}, True),  # a machine of this job, which was lost
    ],
)
def test_a_part_with_nothing_to_do_leaves_a_run_complete_that_was(
    coordinate, storage, told, earlier, whole
):
    asked = Wanted(tasks={"main": 2}, whole=True)
    write_record(this_coordinator("flu", "main", {}, asked).model_copy(update=earlier), storage)

    def find_nothing() -> None:
        record_request(find_record("flu", "main", storage), Wanted(tasks={"main": 2}))

    assert coordinate(0, meanwhile=find_nothing) == 0

    assert (record(storage).outcome, record(storage).wanted.whole) == ("complete", whole)


@pytest.mark.parametrize(
    ("code", "outcome", "end"), [(1, "failed", "failed"), (TIME_UP, "failed", "cut off")]
)
def test_a_bad_end_is_on_record_told_and_passed_on(coordinate, storage, told, code, outcome, end):
    assert coordinate(code) == code

    assert record(storage).outcome == outcome
    assert [each["outcome"] for each in told] == [end]
    assert f"ends with exit code {code}" in log(storage)
    assert storage.read(RunLayout("flu", "main").coordinator_state)


def test_a_notification_that_fails_changes_no_exit_code(coordinate, storage, monkeypatch):
    def fail(*_: Any) -> None:
        raise RecursionError("a bug")

    monkeypatch.setattr(main, "message", fail)

    assert coordinate(0) == 0
    assert "RecursionError: a bug" in log(storage)


def test_one_whose_machine_is_taken_away_says_nothing_but_saves_what_it_knows(
    coordinate, storage, told
):
    assert coordinate(TAKEN_AWAY) == TAKEN_AWAY

    assert record(storage).outcome is None
    assert told == []
    assert storage.read(RunLayout("flu", "main").coordinator_state)
    assert "another one continues" in log(storage)


def test_an_image_with_other_code_runs_nothing_and_says_which(coordinate, storage, told):
    seen: dict[str, Any] = {}

    assert coordinate(0, packed_by=CODE | {"run": "0123456789ab"}, seen=seen) == 1

    assert seen == {}
    assert "planned by code version 0123456789ab, but this worker has" in log(storage)
    assert record(storage).outcome == "failed"
    assert json.loads(json.dumps(told))[0]["outcome"] == "failed"


def test_the_signal_of_a_machine_that_is_taken_away_is_heard(monkeypatch, tmp_path):
    def coordinate(home: Path, environment: Any, stop: Stop) -> int:
        assert not home.exists()
        os.kill(os.getpid(), signal.SIGTERM)
        return stop.code or 0

    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "coordinator").mkdir()
    monkeypatch.setattr(main, "coordinate", coordinate)
    before = signal.getsignal(signal.SIGTERM)
    try:
        assert main.main() == TAKEN_AWAY
    finally:
        signal.signal(signal.SIGTERM, before)


def test_started_by_hand_it_says_what_it_is_for(tmp_path):
    with pytest.raises(EpyflowError, match="expected a job of `epyflow submit`"):
        main.coordinate(tmp_path, {}, Stop())

"""A coordinator in the cloud, but for Snakemake: what it makes of each end."""

import hashlib
import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.google.test_site import VARIABLES

from epyflow import provenance
from epyflow.archives import write_archive
from epyflow.errors import EpyflowError, RunningError
from epyflow.operations.detached import main
from epyflow.operations.detached.job_request import (
    PackedFrom,
    Submission,
)
from epyflow.operations.detached.supervisor import TAKEN_AWAY, TIME_UP, Stop
from epyflow.operations.runs import run_lease
from epyflow.operations.runs.coordinator_lease import acquire_lease
from epyflow.operations.runs.coordinator_process import REPLACED
from epyflow.operations.runs.coordinator_record import (
    Coordinator,
    read_record,
    this_coordinator,
    write_record,
)
from epyflow.operations.runs.held_lease import LEASE_VARIABLE
from epyflow.operations.runs.run_lease import Lease, read_lease
from epyflow.operations.runs.run_request import Wanted
from epyflow.provenance.record import git_state
from epyflow.run.layout import RunLayout
from epyflow.stages import STAGES
from epyflow.storage.disk import Disk, SharedFolder

JOB = "projects/my-project/locations/us-central1/jobs/epyflow-coordinator-0-1"
CODE = {stage: provenance.code_version(stage) for stage in STAGES}
OTHER = this_coordinator("flu", "main", {}).model_copy(update={"host": "desktop"})


@pytest.fixture
def storage(tmp_path, monkeypatch) -> Disk:
    """What stands for the bucket."""
    (tmp_path / "bucket").mkdir()
    storage = Disk(tmp_path / "bucket")
    monkeypatch.setattr(main, "storage_at", lambda prefix: storage)
    return storage


@pytest.fixture
def shared(storage, tmp_path, monkeypatch) -> SharedFolder:
    """What stands for the bucket, with a lease."""
    shared = SharedFolder(tmp_path / "bucket")
    monkeypatch.setattr(main, "storage_at", lambda prefix: shared)
    return shared


@pytest.fixture
def told(monkeypatch) -> list[dict[str, Any]]:
    """What others were told."""
    messages: list[dict[str, Any]] = []
    monkeypatch.setattr(main, "notify", lambda told, site, say: messages.append(told))
    return messages


@pytest.fixture
def coordinate(tmp_path, storage, monkeypatch) -> Callable[..., int]:
    """Coordinate a run in which Snakemake, once asked, ends as told."""

    def coordinate(
        code: int,
        *,
        packed_by: dict[str, str] = CODE,
        replaced: bool = False,
        replaces: str = "",
        meanwhile: Callable[[], object] = lambda: None,
        **seen: Any,
    ) -> int:
        stop = Stop()

        def supervise(command, folder, environment, *rest: Any) -> int:
            seen.get("seen", {}).update(command=command, environment=environment)
            mark = folder / ".snakemake" / "incomplete" / "mark"
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.write_text("{}")
            meanwhile()
            if replaced:
                stop.ask(REPLACED)
            return code

        monkeypatch.setattr(main, "supervise", supervise)
        variables = VARIABLES | {
            "EPYFLOW_COORDINATOR_JOB": JOB,
            "EPYFLOW_COORDINATOR_HOURS": "2",
            "EPYFLOW_COORDINATOR_PLAN": "12" * 32,
            "EPYFLOW_COORDINATOR_SOURCES": uploaded(storage, tmp_path, packed_by),
            "EPYFLOW_COORDINATOR_REPLACES": replaces,
        }
        monkeypatch.setenv("EPYFLOW_COORDINATOR_JOB", JOB)
        return main.coordinate(tmp_path / "home", variables, stop)

    return coordinate


def uploaded(storage: Disk, tmp_path: Path, code: dict[str, str]) -> str:
    checkout = PackedFrom(revision="0123", dirty=True)
    said = Submission(
        exp_id="flu", run_id="main", checkout=checkout, code=code, arguments=("--retries", "0")
    )
    path = tmp_path / "sources.tar.gz"
    write_archive(path, {"submission.json": said.model_dump_json().encode()})
    there = RunLayout("flu", "main").coordinator_sources(
        hashlib.sha256(path.read_bytes()).hexdigest()
    )
    storage.write(there, path.read_bytes())
    return there


def record(storage: Disk) -> Coordinator:
    found = read_record("flu", "main", storage)
    assert found is not None
    return found


def log(storage: Disk) -> str:
    return (storage.read(RunLayout("flu", "main").coordinator_log) or b"").decode()


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

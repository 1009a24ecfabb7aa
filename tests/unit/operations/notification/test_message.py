"""The message about the end of a run."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from epyflow.operations.notification.message import Places, message
from epyflow.storage.disk import Disk

PLACES = Places("gs://b/results/us/flu/main", "gs://b/coordinator.log")
STARTED = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
ENDED = STARTED + timedelta(hours=2, minutes=3)


@pytest.fixture
def storage(tmp_path) -> Disk:
    """A run of two tasks, of which the second failed."""
    storage = Disk(tmp_path)
    run = "results/us/flu/main"
    for task in ("00000", "00001"):
        storage.write(f"{run}/builder-artifacts/input_{task}.pkl", b"")
    storage.write(f"{run}/runner-artifacts/result_00000.pkl", b"")
    log = b"2030-01-02 03:04:05,678 ERROR no doses\n"
    storage.write("logs/us/flu/main/run_task/00001.log", log)
    return storage


def told(storage: Disk, end: Any = "failed") -> dict[str, Any]:
    return message("us/flu", "main", end, STARTED, ENDED, PLACES, storage)


def test_a_person_reads_what_happened_where_and_the_first_failures(storage):
    assert told(storage)["text"].splitlines() == [
        "epyflow: us/flu/main failed after 2 h 03 min",
        "tasks: 2 planned, 1 done, 1 failed, 0 missing",
        "logs/us/flu/main/run_task/00001.log: no doses",
        "results: gs://b/results/us/flu/main",
        "log: gs://b/coordinator.log",
    ]


def test_a_program_reads_the_same_as_keys(storage):
    said = told(storage, "complete")

    assert (said["experiment"], said["run_id"], said["outcome"]) == ("us/flu", "main", "complete")
    assert said["tasks"] == {"planned": 2, "done": 1, "failed": 1, "missing": 0}
    assert said["failures"][0]["message"] == "no doses"
    assert said["started"] == "2025-01-02T03:04:05+00:00"


def test_of_a_run_that_left_nothing_it_is_told_that_it_failed(tmp_path):
    said = told(Disk(tmp_path))

    assert said["tasks"] == {}
    assert said["text"].startswith("epyflow: us/flu/main failed")


def test_of_many_failures_three_are_told_and_the_others_counted(storage):
    for task in range(2, 7):
        log = b"2030-01-02 03:04:05,678 ERROR no doses\n"
        storage.write(f"logs/us/flu/main/run_task/{task:05}.log", log)

    said = told(storage)

    assert len(said["failures"]) == 3
    assert "and 3 more failures" in said["text"].splitlines()


def test_the_name_of_a_log_forges_no_line(storage):
    log = b"2030-01-02 03:04:05,678 ERROR no rows\n"
    storage.write("logs/us/flu/main/a\nresults: elsewhere\x1b.log", log)

    lines = told(storage)["text"].splitlines()

    assert r"logs/us/flu/main/a\nresults: elsewhere\x1b.log: no rows" in lines
    assert [line for line in lines if line.startswith("results: ")] == [
        "results: gs://b/results/us/flu/main"
    ]

"""Who wants to know is told how a run ended, and no address is in the log."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.unit.google.test_site import VALUES
from tests.unit.operations.detached.listening import listening

from epyflow.errors import EpyflowError
from epyflow.google.site import Site
from epyflow.operations.detached.notification import message, notify
from epyflow.storage.disk import Disk

TOPIC = "projects/my-project/topics/runs"
SECRET = "projects/my-project/secrets/webhook"  # noqa: S105 - the name of one
SITE = Site(**VALUES, notify_topic=TOPIC, notify_webhook_secret=SECRET)
STARTED = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
ENDED = STARTED + timedelta(hours=2, minutes=3)


@pytest.fixture
def server(monkeypatch):
    with listening() as server:
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", server.host)
        yield server


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
    return message("us/flu", "main", end, STARTED, ENDED, SITE, storage)


def test_a_person_reads_what_happened_where_and_the_first_failures(storage):
    assert told(storage)["text"].splitlines() == [
        "epyflow: us/flu/main failed after 2 h 03 min",
        "tasks: 2 planned, 1 done, 1 failed, 0 missing",
        "logs/us/flu/main/run_task/00001.log: no doses",
        "results: gs://my-bucket/epyflow/results/us/flu/main",
        "log: gs://my-bucket/epyflow/coordinator/us/flu/main/coordinator.log",
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


def test_both_the_topic_and_the_webhook_are_told(server, storage):
    said: list[str] = []
    asked: list[str] = []

    def secret(name: str) -> str:
        asked.append(name)
        return f"http://{server.host}/hook\n"

    notify(told(storage), SITE, said.append, secret)

    assert server.published(TOPIC) == [told(storage)]
    (_, published), webhook = server.seen
    assert published["messages"][0]["attributes"] == {
        "experiment": "us/flu",
        "run_id": "main",
        "outcome": "failed",
    }
    assert webhook == ("/hook", told(storage))
    assert (asked, said) == ([SECRET], [])


def test_what_cannot_be_told_is_said_without_the_address(server, storage):
    said: list[str] = []
    server.answer = 410

    notify(told(storage), SITE, said.append, lambda name: f"http://{server.host}/planted")

    assert said == [
        f"{TOPIC} did not receive the notification: status 410",
        "The webhook did not receive the notification: status 410",
    ]


@pytest.mark.parametrize("address", ["http://example.org/planted", "planted"])
def test_an_address_that_others_could_read_on_the_way_is_not_used(storage, address):
    said: list[str] = []
    site = SITE.model_copy(update={"notify_topic": None})

    notify(told(storage), site, said.append, lambda name: address)

    assert "its secret does not contain an https:// address" in said[0]
    assert "planted" not in said[0]


def test_a_secret_that_cannot_be_read_ends_nothing(storage):
    said: list[str] = []
    site = SITE.model_copy(update={"notify_topic": None})

    def refuse(name: str) -> str:
        raise EpyflowError(f"{name} cannot be read")

    notify(told(storage), site, said.append, refuse)

    assert said == [f"The webhook did not receive the notification: {SECRET} cannot be read"]

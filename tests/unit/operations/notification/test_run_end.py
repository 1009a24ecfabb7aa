"""A run on this machine notifies the receivers of its settings."""

from typing import Any

import pytest
from tests.unit.operations.notification.listening import listening
from tests.unit.operations.runs.made_up import MadeUp

from epyflow.errors import EpyflowError
from epyflow.operations.notification import run_end
from epyflow.operations.notification.run_end import check_receivers, notify_run_end
from epyflow.run.layout import RunLayout
from epyflow.run.settings import read_settings

SETTINGS = read_settings({"experiment": "any"})
STARTED = "2025-01-02T03:04:05+00:00"


def end(environment: dict[str, str], started: str = STARTED, **given: Any) -> list[str]:
    """Let a run end, and return what is said."""
    said: list[str] = []
    settings = SETTINGS.model_copy(update=given)
    layout = RunLayout("us/flu", "main")
    notify_run_end(settings, layout, "failed", started, None, "snake.log", said.append, environment)
    return said


def test_the_webhook_is_told_where_results_and_log_are_on_this_machine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with listening() as server:
        said = end({"EPYFLOW_NOTIFY_WEBHOOK": f"http://{server.host}/hook"})

    ((path, told),) = server.seen
    assert (path, said) == ("/hook", [])
    assert (told["experiment"], told["run_id"], told["outcome"]) == ("us/flu", "main", "failed")
    assert told["results"] == f"{tmp_path}/results/us/flu/main"
    assert told["log"] == f"{tmp_path}/snake.log"


def test_a_coordinator_in_the_cloud_leaves_it_to_its_job():
    environment = {"EPYFLOW_NOTIFY_WEBHOOK": "planted", "EPYFLOW_COORDINATOR_JOB": "j"}

    assert end(environment) == []
    check_receivers(SETTINGS, environment)


def test_what_is_wrong_ends_no_run_and_is_refused_before_one():
    wrong = {"EPYFLOW_NOTIFY_WEBHOOK": "planted"}

    (said,) = end(wrong)
    assert said.startswith("No notification was sent: EPYFLOW_NOTIFY_WEBHOOK does not")
    assert "planted" not in said
    (said,) = end({"EPYFLOW_NOTIFY_WEBHOOK": "https://a/b"}, started="")
    assert said.startswith("No notification was sent")
    with pytest.raises(EpyflowError, match="EPYFLOW_NOTIFY_WEBHOOK"):
        check_receivers(SETTINGS, wrong)


@pytest.mark.parametrize("counts", ["null", '{"tasks": 1e308, "failed": -1e308}', "[" * 100_000])
def test_a_damaged_record_of_another_run_changes_no_notification(tmp_path, monkeypatch, counts):
    monkeypatch.chdir(tmp_path)
    made_up = MadeUp(tmp_path)
    made_up.finished("us/flu/main", tasks=3)
    record = f'{{"exp_id": "us/flu", "run_id": "evil", "failures": [], "counts": {counts}}}'
    made_up.write("results/us/flu/evil/outputs/run_metadata.json", record)

    with listening() as server:
        said = end({"EPYFLOW_NOTIFY_WEBHOOK": f"http://{server.host}/hook"})

    ((_, told),) = server.seen
    assert (told["tasks"]["done"], said) == (3, [])


def test_no_fault_of_the_message_ends_the_run(monkeypatch):
    def fail(*_: object) -> None:
        raise RecursionError("a bug")

    monkeypatch.setattr(run_end, "message", fail)

    assert end({"EPYFLOW_NOTIFY_WEBHOOK": "https://a/b"}) == [
        "No notification was sent: RecursionError: a bug"
    ]

"""The fields of messages, by which Cloud Logging finds them."""

import gc
import json
import logging
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from google.logging.type.log_severity_pb2 import LogSeverity

from epyflow.google.site import Site
from epyflow.run.job_log import log_job, search_less_for_garbage
from epyflow.run.plan import Plan, Population, plan_bytes
from google_batch_emulator.filters import compile_filter
from google_batch_emulator.logbook import LogRecord
from google_batch_emulator.messages import LogEntry
from tests.unit.run.made_up import plan_of, run_plan

DOCS = Path(__file__).resolve().parents[3] / "docs"
VERMONT = Population("United_States_Vermont", "Vermont", "US-VT")

LOG = logging.getLogger("epyflow.somewhere")
RUN = {"exp_id": "202501/round1", "run_id": "main"}


def job(
    path: Any, rule: str, log_format: str | None, plan: Plan | None = None, **wildcards: str
) -> Any:
    config = json.loads(plan_bytes(plan or plan_of(run_plan())))
    config |= {} if log_format is None else {"log_format": log_format}
    return SimpleNamespace(log=[str(path)], rule=rule, config=config, wildcards=wildcards)


@pytest.mark.parametrize(
    ("rule", "wildcards", "fields"),
    [
        (
            "run_task",
            {**RUN, "i": "00001"},
            {"task": 1, "population": "Left", "location": "US-LE"},
        ),
        ("run_task", {**RUN, "i": "00003"}, {"task": 3, "population": "Right", "location": None}),
        ("make_tables", RUN, {}),
        ("build_inputs", {}, {}),
    ],
)
def test_a_message_says_whose_it_is(tmp_path, rule, wildcards, fields):
    plan = plan_of(run_plan(run_id="main" if wildcards else "main/2030-01-05"))
    with log_job(job(tmp_path / "log", rule, "json", plan, **wildcards)):
        LOG.info("member %d", 1)

    found = json.loads((tmp_path / "log").read_text())
    assert found.pop("time").endswith("Z")
    assert found == {
        "level": "INFO",
        "severity": "INFO",
        "message": "member 1",
        **RUN,
        "rule": rule,
        **fields,
    }


@pytest.mark.parametrize("log_format", [None, "text"])
def test_text_is_the_default(tmp_path, log_format):
    with log_job(job(tmp_path / "log", "make_tables", log_format, **RUN)):
        LOG.info("member %d", 1)

    assert (tmp_path / "log").read_text().endswith(" INFO member 1\n")


def entry(log: str, text: str = "", **labels: str) -> LogRecord:
    """Return an entry as Google Batch would make it of a line."""
    made = LogEntry(log_name=f"projects/p/logs/{log}", severity=LogSeverity.ERROR, labels=labels)
    if text:
        made.json_payload.update(json.loads(text))
    return LogRecord(made)


def test_the_documented_filters_find_these_messages(tmp_path):
    filters = re.findall(r"```text\n(log_id.*)\n```", (DOCS / "operating.md").read_text())
    plan = plan_of(run_plan(exp_id="us/flu", run_id="week-1", populations=(VERMONT,)))
    own = {"exp_id": "us/flu", "run_id": "week-1", "i": "00012"}
    plan = replace(plan, runs=(replace(plan.runs[0], tasks=("a",) * 13),))
    with log_job(job(tmp_path / "log", "run_task", "json", plan, **own)):
        LOG.error("generation 1 of 3")
    found = entry("batch_task_logs", (tmp_path / "log").read_text())
    other = entry("batch_task_logs", (tmp_path / "log").read_text().replace("us/flu", "us/rsv"))
    agent = entry("batch_agent_logs", exp_id="us-flu", run_id="week-1")

    matches = [compile_filter(each)[0] for each in filters]

    assert [each(found) for each in matches] == [True, True, True, False]
    assert [each(other) for each in matches] == [False, False, True, False]
    assert [each(agent) for each in matches] == [False, False, False, True]


def test_the_documented_queries_of_the_bill_ask_for_labels_that_jobs_have():
    queries = "".join(re.findall(r"```sql\n(.*?)```", (DOCS / "cost.md").read_text(), re.DOTALL))
    site = Site.model_construct(environment="dev")
    labels = dict(re.findall(r"(?<=[',])([\w-]+)=([\w-]*)", site.labels("run")))

    asked = set(re.findall(r"key = '(\w+)'", queries))
    assert asked == {"exp_id", "run_id", "stage", "component", "environment"}
    assert asked <= labels.keys()
    assert labels["component"] == "epyflow"


def test_imported_objects_are_not_searched_for_garbage(monkeypatch):
    thresholds = []
    monkeypatch.setattr(gc, "set_threshold", lambda *numbers: thresholds.append(numbers))
    gc.unfreeze()

    search_less_for_garbage()

    assert gc.get_freeze_count() > 10_000
    assert thresholds[0][0] > 700
    gc.unfreeze()

from types import SimpleNamespace

import pytest
from google.api_core import exceptions as google

from executor_fakes import PARENT, Clock, State, definition, event, task
from snakemake_executor_plugin_googlebatch_array.arrays import Array
from snakemake_executor_plugin_googlebatch_array.progress_messages import ProgressMessages
from snakemake_executor_plugin_googlebatch_array.status_polls import Answer


class Told:
    def __init__(self):
        self.lines = []
        self.clock = Clock()
        logger = SimpleNamespace(info=self.lines.append, warning=self.lines.append)
        self.messages = ProgressMessages(
            logger, 600, self.clock, lambda text: text.replace("phase-nine", "***")
        )
        self.array = Array(f"{PARENT}/jobs/one", "uid", 0.0)
        self.array.tasks = {0: task()}

    def poll(self, state=State.RUNNING, *events, after=0.0, **counts):
        self.clock.now += after
        self.array.counts = counts
        job = definition([task()])
        job.status.state = state
        job.status.status_events = list(events)
        self.messages.polled(self.array, Answer(job))
        lines = list(self.lines)
        self.lines.clear()
        return lines


@pytest.fixture
def told():
    return Told()


def test_an_array_is_told_in_one_line(told):
    told.messages.created(told.array, [task(i) for i in range(300)], "c4d-standard-2")

    assert told.lines == [
        "Batch job one: 300 tasks of one, attempt 1, on standard c4d-standard-2; "
        "each 1 vCPU, 1024 MiB, at most 1 min."
    ]


def test_changes_are_summed_up_and_not_more_often_than_twice_a_minute(told):
    assert told.poll(PENDING=3) == ["Batch job one: 3 pending."]
    assert told.poll(PENDING=3, after=60) == []
    assert told.poll(PENDING=1, RUNNING=2, after=1) == ["Batch job one: 1 pending, 2 running."]
    assert told.poll(RUNNING=3, after=10) == []
    assert told.poll(RUNNING=3, after=20) == ["Batch job one: 3 running."]


def test_the_end_is_told_at_once(told):
    told.poll(RUNNING=1)
    told.array.tasks = {}

    assert told.poll(SUCCEEDED=1, after=1) == ["Batch job one: 1 succeeded."]


def test_a_job_that_waits_too_long_says_why_once_for_each_reason(told):
    quota = event("CODE_GCE_QUOTA_EXCEEDED")
    assert told.poll(State.QUEUED) == []
    assert told.poll(State.QUEUED, quota, after=599) == []

    (line,) = told.poll(State.QUEUED, quota, after=1)

    assert "has been QUEUED for 10 min: a quota is used up" in line
    assert told.poll(State.QUEUED, quota, after=600) == []
    stock_out = event("CODE_GCE_ZONE_RESOURCE_POOL_EXHAUSTED", second=5)
    (line,) = told.poll(State.SCHEDULED, quota, stock_out, after=60)
    assert "stock-out" in line


def test_a_job_that_runs_does_not_wait(told):
    told.poll(State.QUEUED)
    told.poll(State.RUNNING, RUNNING=1, after=599)

    assert told.poll(State.QUEUED, RUNNING=1, after=599) == []


def test_trouble_is_told_at_first_and_then_every_five_minutes_without_values(told):
    error = google.PermissionDenied("no role for phase-nine")
    for seconds in (0, 10, 299, 300, 400):
        told.clock.now = seconds
        told.messages.trouble(told.array, error, seconds)

    assert len(told.lines) == 2
    assert "roles/batch.jobsEditor" in told.lines[1]
    assert "phase-nine" not in "".join(told.lines)

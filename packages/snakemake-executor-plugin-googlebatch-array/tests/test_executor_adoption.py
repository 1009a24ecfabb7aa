import asyncio
import logging
from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace
from typing import NamedTuple

import pytest

from executor_fakes import PARENT, FakeBatch, State, TaskState, definition, event, task
from snakemake_executor_plugin_googlebatch_array.adoption import Heritage, is_newer, keys_of
from snakemake_executor_plugin_googlebatch_array.api import BatchApi
from snakemake_executor_plugin_googlebatch_array.executor import BatchExecutor
from snakemake_executor_plugin_googlebatch_array.session import Session


class Earlier:
    """Jobs of an earlier coordinator."""

    def __init__(self):
        self.batch = FakeBatch()
        self.api = BatchApi(self.batch, PARENT, 1.0, lambda *_: None)

    def job(self, name, *numbers, run="run", coordinator="earlier", state=State.RUNNING, **changes):
        labels = {"snakemake_run": run, "snakemake_coordinator": coordinator}
        tasks = [replace(task(i), **changes) for i in numbers]
        job = self.api.create(definition(tasks, **labels), name)
        self.batch.jobs[job.name].create_time = {"seconds": 1000 + len(self.batch.jobs)}
        self.batch.set_job(job.name, state)
        return job.name

    def heritage(self):
        return Heritage(self.api, "run", "me", 0.0)


@pytest.fixture
def earlier():
    return Earlier()


def test_a_task_of_the_same_work_that_lives_is_found(earlier):
    name = earlier.job("one", 5, 6)

    found = earlier.heritage().same_work("key6", set())

    assert (found.array.name, found.index) == (name, 1)


@pytest.mark.parametrize(
    ("submitted_by", "is_found"), [({"earlier"}, True), ({"another"}, False), (set(), False)]
)
def test_a_finished_task_is_taken_over_only_if_nobody_saw_its_end(earlier, submitted_by, is_found):
    earlier.job("one", 0, state=State.SUCCEEDED)

    found = earlier.heritage().same_work("key0", submitted_by)

    assert (found is not None) is is_found


def test_finished_jobs_are_looked_into_only_when_a_mark_points_at_their_coordinator(earlier):
    for number in range(5):
        earlier.job(f"old{number}", number, coordinator="long-ago", state=State.SUCCEEDED)
    earlier.batch.calls.clear()

    heritage = earlier.heritage()
    assert heritage.same_work("key0", set()) is None
    assert earlier.batch.calls == ["list_jobs"]

    assert heritage.same_work("key0", {"long-ago"}) is not None


def test_a_failed_task_is_not_taken_over(earlier):
    name = earlier.job("one", 0, 1)
    earlier.batch.set_task(name, 0, TaskState.FAILED, event("failed", 1))

    heritage = earlier.heritage()

    assert heritage.same_work("key0", {"earlier", "me"}) is None
    assert heritage.in_the_way("target0") is None


def test_tasks_of_a_job_that_is_being_deleted_are_in_the_way_and_not_taken_over(earlier):
    earlier.job("one", 0, state=State.DELETION_IN_PROGRESS)

    heritage = earlier.heritage()

    assert heritage.same_work("key0", {"earlier", "me"}) is None
    assert heritage.in_the_way("target0") is not None


def test_running_jobs_are_found_though_the_service_refuses_a_mask_of_fields(earlier):
    earlier.job("one", 0)
    earlier.batch.refuses_masks = True

    assert earlier.heritage().same_work("key0", set()) is not None


def test_jobs_of_other_runs_and_of_ourselves_are_not_looked_at(earlier):
    earlier.job("other", 0, run="another")
    earlier.job("mine", 1, coordinator="me")

    heritage = earlier.heritage()

    assert heritage.same_work("key0", {"earlier", "me"}) is None
    assert heritage.same_work("key1", {"earlier", "me"}) is None
    assert heritage.is_empty


def test_what_has_ended_since_is_seen_after_a_refresh(earlier):
    name = earlier.job("one", 0)
    heritage = earlier.heritage()
    assert heritage.same_work("key0", set()) is not None
    earlier.batch.set_task(name, 0, TaskState.SUCCEEDED)
    earlier.batch.set_job(name, State.SUCCEEDED)

    heritage.refresh()

    assert heritage.same_work("key0", set()) is None
    assert heritage.same_work("key0", {"earlier", "me"}) is not None


def test_a_job_that_is_gone_after_a_refresh_has_no_tasks(earlier):
    name = earlier.job("one", 0)
    heritage = earlier.heritage()
    del earlier.batch.jobs[name]

    heritage.refresh()

    assert heritage.same_work("key0", {"earlier", "me"}) is None
    assert heritage.in_the_way("target0") is None


class Planned:
    """An executor whose graph of jobs lacked outputs, as many of which are there by now."""

    def __init__(self, *there: bool, missing: frozenset[str] | None = frozenset({"out"})):
        reason = SimpleNamespace() if missing is None else SimpleNamespace(missing_output=missing)
        self.dag = SimpleNamespace(reason=lambda job: reason)
        persistence = SimpleNamespace(external_jobids=lambda job: [])
        self.workflow = SimpleNamespace(persistence=persistence, async_run=asyncio.run)
        self.logger = logging.getLogger(__name__)
        self.output = [Output(each) for each in there]

    def is_made(self, task):
        task.job.output = self.output
        return BatchExecutor.is_made(self, task)

    def is_outdated(self, task, array):
        return False


class Output(NamedTuple):
    is_there: bool

    async def exists(self):
        return self.is_there


def place(earlier, executor):
    """Find task 0 as a coordinator in another folder, which has no marks."""
    session = object.__new__(Session)
    session.executor, session._adopted_from = executor, set()
    return session._place(task(0), earlier.heritage())


@pytest.mark.parametrize("state", [State.RUNNING, State.SUCCEEDED])
def test_a_task_that_has_ended_since_the_graph_was_built_is_not_done_again(earlier, state):
    name = earlier.job("one", 0, 1, state=state)
    earlier.batch.set_task(name, 0, TaskState.SUCCEEDED)

    found = place(earlier, Planned(True, True))

    assert (found.array.name, found.index, found.waits) == (name, 0, False)


@pytest.mark.parametrize(
    "executor",
    [Planned(True, False), Planned(True, missing=frozenset()), Planned(True, missing=None)],
    ids=["not all are there", "none was missing", "Snakemake does not say"],
)
def test_a_task_that_ended_before_is_done_again_if_its_target_is_requested(earlier, executor):
    earlier.job("one", 0, state=State.SUCCEEDED)

    assert place(earlier, executor) is None


@pytest.mark.parametrize("coordinator", ["earlier", "between"])
def test_a_finished_task_is_done_again_if_a_later_one_has_replaced_its_files(earlier, coordinator):
    earlier.job("one", 0, state=State.SUCCEEDED)
    earlier.job("two", 0, state=State.SUCCEEDED, key="other", coordinator=coordinator)

    assert place(earlier, Planned(True, True)) is None
    assert earlier.heritage().same_work("key0", {"earlier"}) is None


def test_a_finished_task_waits_for_a_later_one_that_is_replacing_its_files(earlier):
    earlier.job("one", 0, state=State.SUCCEEDED)
    later = earlier.job("two", 0, key="other", coordinator="between")

    found = place(earlier, Planned(True, True))

    assert (found.array.name, found.waits) == (later, True)


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.RUNNING])
def test_a_finished_task_is_taken_over_if_its_files_are_later_than_those_of_others(earlier, state):
    earlier.job("one", 0, state=State.SUCCEEDED)
    earlier.job("two", 0, state=State.SUCCEEDED, key="other", coordinator="between")
    last = earlier.job("three", 0, 1, state=state)
    earlier.batch.set_task(last, 0, TaskState.SUCCEEDED)
    earlier.job("four", 0, state=State.CANCELLED, key="other", coordinator="between")

    assert place(earlier, Planned(True, True)).array.name == last


def test_the_newest_of_several_jobs_counts_first(earlier):
    earlier.job("old", 0)
    new = earlier.job("new", 0)

    assert earlier.heritage().same_work("key0", set()).array.name == new


def test_jobs_that_live_are_named(earlier):
    name = earlier.job("one", 0)
    earlier.job("two", 1, state=State.FAILED)

    assert earlier.heritage().live_names() == [name]


def test_a_job_without_our_keys_has_none():
    from google.cloud import batch_v1

    assert keys_of(batch_v1.Job(task_groups=[batch_v1.TaskGroup(task_count=3)])) == {}


def test_an_input_written_after_the_job_was_created_is_newer():
    created = datetime(1970, 1, 1, 0, 0, 10)

    assert not is_newer([9.0, 10.0], created)
    assert is_newer([9.0, 10.5], created)
    assert not is_newer([], created)

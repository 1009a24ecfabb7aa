import pytest
from google.api_core import exceptions as google

from executor_fakes import PARENT, Clock, FakeBatch, State, TaskState, definition, event, task
from snakemake_executor_plugin_googlebatch_array.api import BatchApi
from snakemake_executor_plugin_googlebatch_array.arrays import array_of
from snakemake_executor_plugin_googlebatch_array.status_polls import Patience, Poller

NAME = f"{PARENT}/jobs/one"


class Watched:
    """An array of tasks, its job in the fake service, and a poller."""

    def __init__(self, count=2, *, width=1, seconds=60):
        self.batch, self.clock = FakeBatch(), Clock()
        self.listed, self.trouble = False, []
        api = BatchApi(self.batch, PARENT, 1.0, lambda *_: None)
        self.tasks = [task(i, seconds=seconds) for i in range(count)]
        job = api.create(definition(self.tasks), "one")
        self.array = array_of(job, PARENT, 0.0, width)
        self.array.tasks = dict(enumerate(self.tasks))
        self.batch.calls.clear()
        self.poller = Poller(
            api,
            Patience(trouble=100, missing=10, settling=50),
            self.clock,
            lambda array, error, seconds: self.trouble.append(seconds),
            lambda array: self.listed,
        )

    def task(self, index, state, *events):
        self.batch.set_task(NAME, index, state, *events)

    def job(self, state, *events):
        self.batch.set_job(NAME, state, *events)

    def poll(self, after=0.0):
        self.clock.now += after
        ((_, _, verdicts),) = self.poller.poll([self.array])
        return [(v.index, v.failure.state if v.failure else "ok") for v in verdicts]


@pytest.fixture
def watched():
    made = Watched()
    yield made
    made.poller.close()


def test_tasks_are_listed_only_when_their_counts_have_changed(watched):
    watched.job(State.RUNNING)
    watched.poll()
    watched.task(0, TaskState.RUNNING)
    watched.job(State.RUNNING)
    watched.batch.calls.clear()

    watched.poll()
    watched.poll()
    assert watched.batch.calls == ["get_job", "get_job"]

    watched.task(0, TaskState.SUCCEEDED)
    watched.job(State.RUNNING)
    assert watched.poll() == [(0, "ok")]
    assert watched.batch.calls == ["get_job"] * 3 + ["list_tasks"]


def test_a_task_that_failed_at_first_is_judged_by_its_final_state(watched):
    preempted = event("preempted", 50001)
    watched.task(0, TaskState.SUCCEEDED, preempted, event("done", 0, 1))
    watched.task(1, TaskState.RUNNING, preempted)
    watched.job(State.RUNNING)

    assert watched.poll() == [(0, "ok")]


def test_a_failure_has_the_last_exit_code(watched):
    watched.task(0, TaskState.FAILED, event("preempted", 50001), event("own fault", 3, 1))
    watched.job(State.RUNNING)

    ((_, _, verdicts),) = watched.poller.poll([watched.array])

    assert verdicts[0].failure.exit_code == 3
    assert not verdicts[0].failure.is_batchs_fault


def test_all_tasks_of_a_job_that_succeeded_have(watched):
    watched.job(State.SUCCEEDED)

    assert watched.poll() == [(0, "ok"), (1, "ok")]
    assert watched.batch.calls == ["get_job"]
    assert not watched.array.wanted


def test_tasks_that_were_not_executed_have_the_events_of_their_job(watched):
    watched.task(0, TaskState.FAILED, event("failed", 1))
    watched.task(1, TaskState.UNEXECUTED)
    watched.job(State.FAILED, event("Job failed due to task failure"))

    ((_, _, verdicts),) = watched.poller.poll([watched.array])

    assert [verdict.failure.state for verdict in verdicts] == ["FAILED", "UNEXECUTED"]
    assert verdicts[1].failure.events[0].text == "Job failed due to task failure"


def test_if_no_task_was_executed_the_job_is_to_blame(watched):
    watched.task(0, TaskState.UNEXECUTED)
    watched.task(1, TaskState.UNEXECUTED)
    watched.job(State.FAILED, event("No zone supports all of the instance templates"))

    assert watched.poll() == [(0, "FAILED"), (1, "FAILED")]


def test_tasks_that_run_on_in_a_failed_job_are_settled_after_a_short_grace():
    made = Watched(seconds=36_000)
    made.task(0, TaskState.FAILED, event("failed", 1))
    made.task(1, TaskState.RUNNING)
    made.job(State.FAILED)
    assert made.poll() == [(0, "FAILED")]

    # 50 s, and not their time limit of ten hours.
    assert made.poll(after=49) == []
    assert made.poll(after=1) == [(1, "RUNNING")]
    assert made.array.abandoned
    made.poller.close()


def test_the_grace_begins_anew_when_a_task_of_a_failed_job_ends():
    made = Watched(3)
    made.task(0, TaskState.FAILED, event("failed", 1))
    made.task(1, TaskState.RUNNING)
    made.task(2, TaskState.RUNNING)
    made.job(State.FAILED)
    made.poll()
    made.task(1, TaskState.SUCCEEDED)
    made.job(State.FAILED)
    assert made.poll(after=49) == [(1, "ok")]

    assert made.poll(after=49) == []
    assert made.poll(after=1) == [(2, "RUNNING")]
    made.poller.close()


def test_tasks_of_a_job_that_is_being_deleted_have_until_their_time_limit(watched):
    watched.task(0, TaskState.RUNNING)
    watched.job(State.DELETION_IN_PROGRESS)
    assert watched.poll() == []

    # 60 s and 50 s more.
    assert watched.poll(after=109) == []
    assert watched.poll(after=1) == [(1, "DELETION_IN_PROGRESS"), (0, "DELETION_IN_PROGRESS")]


def test_tasks_that_end_well_in_a_failed_job_have_succeeded(watched):
    watched.task(0, TaskState.FAILED, event("failed", 1))
    watched.task(1, TaskState.RUNNING)
    watched.job(State.FAILED)
    watched.poll()
    watched.task(1, TaskState.SUCCEEDED)
    watched.job(State.FAILED)

    assert watched.poll(after=30) == [(1, "ok")]


def test_a_job_that_fails_before_it_has_vms_fails_its_tasks(watched):
    watched.job(State.FAILED, event("No zone supports all of the instance templates"))

    assert watched.poll() == []
    assert watched.poll(after=10) == [(1, "FAILED"), (0, "FAILED")]


def test_a_cancelled_job_fails_its_tasks_at_once_but_for_those_that_had_succeeded(watched):
    watched.task(0, TaskState.SUCCEEDED)
    watched.job(State.CANCELLED)

    assert watched.poll() == [(0, "ok"), (1, "CANCELLED")]


def test_a_job_being_deleted_is_waited_for_until_it_is_gone(watched):
    watched.job(State.DELETION_IN_PROGRESS)
    assert watched.poll() == []
    del watched.batch.jobs[NAME]

    ((_, _, verdicts),) = watched.poller.poll([watched.array])

    assert {verdict.failure.state for verdict in verdicts} == {"DELETED"}
    assert all(verdict.failure.lost_with_job for verdict in verdicts)


def test_a_job_that_we_have_deleted_need_not_be_missing_for_long(watched):
    watched.array.stopping = True
    del watched.batch.jobs[NAME]

    assert watched.poll() == [(1, "DELETED"), (0, "DELETED")]


def test_tasks_killed_by_a_deletion_are_told_apart_from_failures(watched):
    watched.task(0, TaskState.FAILED, event("killed", 137))
    watched.job(State.DELETION_IN_PROGRESS)

    assert watched.poll() == [(0, "DELETION_IN_PROGRESS")]


def test_a_job_that_is_not_found_for_a_moment_is_not_lost(watched):
    watched.batch.fail("get_job", *[google.NotFound("404")] * 4)
    for _ in range(4):
        assert watched.poll(after=2) == []
    watched.job(State.SUCCEEDED)

    assert watched.poll() == [(0, "ok"), (1, "ok")]


def test_a_job_that_stays_missing_has_lost_its_tasks(watched):
    del watched.batch.jobs[NAME]
    assert watched.poll() == []
    assert watched.poll(after=5) == []
    assert watched.poll(after=4) == []

    assert watched.poll(after=1) == [(1, "DELETED"), (0, "DELETED")]


def test_a_job_that_is_missing_but_still_listed_is_not_given_up(watched):
    del watched.batch.jobs[NAME]
    watched.listed = True

    for _ in range(10):
        assert watched.poll(after=5) == []


@pytest.mark.parametrize(
    "error",
    [
        google.ResourceExhausted("429"),
        google.InternalServerError("500"),
        google.ServiceUnavailable("503"),
        google.DeadlineExceeded("504"),
        google.PermissionDenied("403"),
        OSError("no network"),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("method", ["get_job", "list_tasks"])
def test_errors_are_waited_out(watched, method, error):
    watched.task(0, TaskState.FAILED, event("failed", 1))
    watched.job(State.RUNNING)
    watched.batch.fail(method, *[error] * 3)

    assert [watched.poll(after=10) for _ in range(3)] == [[], [], []]
    assert watched.trouble == [0, 10, 20]
    assert watched.poll(after=10) == [(0, "FAILED")]


def test_a_list_of_tasks_that_is_not_found_does_not_mean_that_the_job_is_gone(watched):
    watched.task(0, TaskState.SUCCEEDED)
    watched.job(State.RUNNING)
    watched.batch.fail("list_tasks", *[google.NotFound("404")] * 5)

    assert [watched.poll(after=15) for _ in range(5)] == [[]] * 5
    assert watched.poll() == [(0, "ok")]


def test_errors_that_last_longer_than_the_patience_fail_the_tasks_with_the_error(watched):
    watched.batch.fail("get_job", *[google.PermissionDenied("no role")] * 2)
    watched.poll()
    watched.clock.now = 100

    ((_, _, verdicts),) = watched.poller.poll([watched.array])

    assert "no role" in verdicts[0].failure.events[0].text
    assert len(verdicts) == 2


def test_a_task_that_waits_for_another_is_released_when_that_is_over(watched):
    waiting = watched.array.tasks.pop(1)
    watched.array.blocked = {1: [waiting]}
    watched.task(1, TaskState.FAILED, event("failed", 1))
    watched.job(State.RUNNING)

    ((_, _, verdicts),) = watched.poller.poll([watched.array])

    assert [(v.task, v.released) for v in verdicts] == [(waiting, True)]


def test_what_waits_for_a_job_that_is_gone_is_released():
    made = Watched(1)
    made.array.blocked = {0: [made.array.tasks.pop(0)]}
    made.job(State.DELETION_IN_PROGRESS)
    made.poll()
    del made.batch.jobs[NAME]

    ((_, _, verdicts),) = made.poller.poll([made.array])

    assert [verdict.released for verdict in verdicts] == [True]
    made.poller.close()


@pytest.mark.parametrize(
    ("state", "verdicts"), [(State.SUCCEEDED, [(0, "ok")]), (State.FAILED, [(0, "FAILED")])]
)
def test_a_job_on_several_vms_is_judged_as_a_whole(state, verdicts):
    made = Watched(1, width=2)
    made.task(0, TaskState.SUCCEEDED)
    made.task(1, TaskState.FAILED, event("failed", 2))
    made.job(State.RUNNING)
    assert made.poll() == []
    made.job(state)

    assert made.poll() == verdicts
    made.poller.close()

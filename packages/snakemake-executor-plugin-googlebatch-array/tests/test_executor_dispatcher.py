"""Tasks on their way, with a service in memory and a real submitter and poller."""

import time
from types import SimpleNamespace

import pytest
from google.api_core import exceptions as google

from executor_fakes import PARENT, FakeBatch, State, TaskState, definition, event, task
from snakemake_executor_plugin_googlebatch_array.api import BatchApi
from snakemake_executor_plugin_googlebatch_array.arrays import Attached, array_of
from snakemake_executor_plugin_googlebatch_array.dispatcher import Dispatcher, Reporter
from snakemake_executor_plugin_googlebatch_array.job_definition import split
from snakemake_executor_plugin_googlebatch_array.status_polls import Patience, Poller
from snakemake_executor_plugin_googlebatch_array.submission import Submitter


class Run:
    """A dispatcher and what it reports."""

    def __init__(self, parts=1, *, fallback=True):
        self.batch = FakeBatch()
        self.told = []
        api = BatchApi(self.batch, PARENT, 0.2, lambda *_: None, pause=0.001)
        template = SimpleNamespace(
            pieces=lambda tasks: split(tasks, parts),
            define=lambda tasks, name: definition(tasks, snakemake_coordinator="me"),
        )
        self.broken = []
        self.dispatcher = Dispatcher(
            template,
            Submitter(api, "run", "me", time.monotonic, lambda: None),
            Poller(
                api, Patience(1.0, 0.0, 0.0), time.monotonic, lambda *_: None, lambda array: False
            ),
            Reporter(
                submitted=lambda task, array, index: self.told.append(("submitted", task)),
                succeeded=self._succeeded,
                failed=self._failed,
                refused=lambda tasks, error: self.told.append(("refused", list(tasks))),
                array_created=lambda array, tasks: None,
                array_polled=lambda array, answer: None,
                resubmitting=lambda verdicts: self.told.append(("again", len(verdicts))),
            ),
            gather=0.05,
            fallback=fallback,
        )

    def _succeeded(self, task):
        if self.broken:
            raise self.broken.pop()
        self.told.append(("succeeded", task))

    def _failed(self, verdicts):
        for verdict in verdicts:
            verdict.settled = True
            self.told.append(("failed", verdict.task))

    def submit(self, *tasks, jobs=1):
        before = len(self.batch.jobs)
        for each in tasks:
            self.dispatcher.put(each)
        self.until(lambda: len(self.batch.jobs) == before + jobs)
        self.until(lambda: len(self.dispatcher.arrays) >= jobs)
        return sorted(self.batch.jobs)

    def until(self, condition):
        end = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < end, self.told
            self.dispatcher.advance()
            time.sleep(0.01)

    def end(self, name, state, *events):
        for index in self.batch.states[name]:
            self.batch.set_task(name, index, state, *events)
        self.batch.set_job(name, State.SUCCEEDED if state == TaskState.SUCCEEDED else State.FAILED)


@pytest.fixture
def run():
    made = Run()
    yield made
    made.dispatcher.close()


def test_tasks_that_come_together_are_submitted_together(run):
    tasks = [task(i) for i in range(300)]

    (name,) = run.submit(*tasks)

    assert run.batch.calls.count("create_job") == 1
    assert len(run.batch.states[name]) == 300
    assert [what for what, _ in run.told] == ["submitted"] * 300


def test_an_array_that_is_too_large_becomes_several_jobs():
    run = Run(parts=3)
    run.submit(*[task(i) for i in range(7)], jobs=3)

    assert sorted(len(states) for states in run.batch.states.values()) == [2, 2, 3]
    run.dispatcher.close()


def test_a_task_that_succeeded_is_reported_once(run):
    one = task()
    (name,) = run.submit(one)
    run.end(name, TaskState.SUCCEEDED)

    run.dispatcher.poll()
    run.dispatcher.poll()

    assert run.told == [("submitted", one), ("succeeded", one)]
    assert run.dispatcher.arrays == {}


def test_tasks_that_cannot_be_submitted_are_reported(run):
    tasks = [task(0), task(1)]
    run.batch.fail("create_job", google.PermissionDenied("403"))
    for each in tasks:
        run.dispatcher.put(each)

    run.until(lambda: run.told)

    assert run.told == [("refused", tasks)]


def test_tasks_that_cannot_be_defined_are_reported(run):
    def fail(tasks):
        raise ValueError("too long")

    run.dispatcher.template.pieces = fail
    one = task()
    run.dispatcher.put(one)

    run.until(lambda: run.told)

    assert run.told == [("refused", [one])]


def test_a_task_that_lost_its_spot_vms_is_run_on_a_standard_one(run):
    one = task(spot=True)
    (name,) = run.submit(one)
    run.end(name, TaskState.FAILED, event("preempted", 50001))
    run.dispatcher.poll()
    run.until(lambda: len(run.batch.jobs) == 2)

    assert not one.spot
    assert run.told == [("submitted", one), ("again", 1)]


def test_without_the_fall_back_it_has_failed():
    run = Run(fallback=False)
    one = task(spot=True)
    (name,) = run.submit(one)
    run.end(name, TaskState.FAILED, event("preempted", 50001))
    run.dispatcher.poll()

    assert run.told[-1] == ("failed", one)
    run.dispatcher.close()


@pytest.mark.parametrize("code", [1, 137, 50005])
def test_a_tasks_own_failure_is_not_repeated_on_spot_either(run, code):
    one = task(spot=True)
    (name,) = run.submit(one)
    run.end(name, TaskState.FAILED, event("failed", code))
    run.dispatcher.poll()

    assert run.told[-1] == ("failed", one)


def test_a_lost_standard_vm_is_left_to_snakemakes_retries(run):
    one = task()
    (name,) = run.submit(one)
    run.end(name, TaskState.FAILED, event("lost", 50002))
    run.dispatcher.poll()

    assert run.told[-1] == ("failed", one)


def test_a_task_that_was_never_started_is_submitted_again_three_times_at_most(run):
    one = task()
    run.submit(one)
    for _ in range(4):
        name = next(iter(run.dispatcher.arrays))
        run.batch.set_task(name, 1, TaskState.FAILED, event("another's failure", 1))
        run.batch.set_task(name, 0, TaskState.UNEXECUTED)
        run.batch.set_job(name, State.FAILED)
        run.dispatcher.poll()
        if run.told[-1][0] == "again":
            run.until(lambda: run.dispatcher.arrays)

    assert [what for what, _ in run.told if what != "submitted"] == ["again"] * 3 + ["failed"]


def test_an_error_while_reporting_forgets_nobody(run):
    one = task()
    (name,) = run.submit(one)
    run.end(name, TaskState.SUCCEEDED)
    run.broken = [OSError("disk full")]

    with pytest.raises(OSError, match="disk full"):
        run.dispatcher.poll()
    run.dispatcher.poll()

    assert run.told[-1] == ("succeeded", one)


def test_a_task_of_an_earlier_coordinator_is_watched(run):
    job = run.dispatcher.submitter.api.create(definition([task(), task(1)]), "earlier")
    ours = task(1)
    run.dispatcher.put(Attached(ours, array_of(job, PARENT, 0.0), 1, waits=False))
    run.end(job.name, TaskState.SUCCEEDED)

    run.dispatcher.poll()

    assert run.told == [("submitted", ours), ("succeeded", ours)]


def test_a_task_that_has_to_wait_for_another_is_submitted_when_that_is_over(run):
    job = run.dispatcher.submitter.api.create(definition([task()]), "earlier")
    ours = task()
    run.dispatcher.put(Attached(ours, array_of(job, PARENT, 0.0), 0, waits=True))
    run.dispatcher.poll()
    assert run.told == []
    run.end(job.name, TaskState.FAILED, event("failed", 1))

    run.dispatcher.poll()
    run.until(lambda: len(run.batch.jobs) == 2)
    run.until(lambda: run.told)

    assert run.told == [("submitted", ours)]


def test_cancelling_deletes_what_is_not_over_and_submits_nothing_more(run):
    names = run.submit(task(0))
    run.end(names[0], TaskState.SUCCEEDED)
    run.dispatcher.poll()
    run.submit(task(1))
    run.dispatcher.put(task(2))

    left = run.dispatcher.cancel(10)
    run.dispatcher.advance()

    assert left == {}
    assert list(run.batch.jobs) == names
    assert run.batch.calls.count("create_job") == 2


def test_cancelling_deletes_a_job_whose_creation_was_not_confirmed(run):
    run.batch.lose_reply = True
    run.batch.fail("get_job", *[google.ServiceUnavailable("503")] * 3)
    run.dispatcher.submitter.api.stopping.set()
    run.dispatcher.put(task())
    run.until(lambda: run.told)
    assert len(run.batch.jobs) == 1

    run.dispatcher.cancel(10)

    assert run.batch.jobs == {}


def test_what_has_succeeded_since_the_last_poll_is_reported_before_the_rest_is_cancelled(run):
    ended, going = task(0), task(1)
    names = run.submit(ended) + run.submit(going)
    run.end(names[0], TaskState.SUCCEEDED)
    run.batch.fail("get_job", google.ServiceUnavailable("503"), google.ServiceUnavailable("503"))

    run.dispatcher.report_ends()
    run.dispatcher.cancel(10)

    assert run.told.count(("succeeded", ended)) == 1
    assert ("succeeded", going) not in run.told
    assert list(run.batch.jobs) == names[:1]

from unittest.mock import Mock

import pytest
from google.api_core import exceptions as google

from executor_fakes import PARENT, FakeBatch, State, definition, task
from snakemake_executor_plugin_googlebatch_array.api import BatchApi
from snakemake_executor_plugin_googlebatch_array.submission import Submitter


@pytest.fixture
def batch():
    return FakeBatch()


def submitter(batch, coordinator="me", patience=1.0):
    api = BatchApi(batch, PARENT, patience, lambda *_: None, pause=0.001)
    return Submitter(api, "run", coordinator, lambda: 0.0, lambda: None)


def submit(made, tasks):
    labels = {"snakemake_run": made.run, "snakemake_coordinator": made.coordinator}
    return made.submit(tasks, lambda name: definition(tasks, **labels))


def test_an_array_becomes_one_job_whose_tasks_are_in_order(batch):
    tasks = [task(0), task(1)]

    array = submit(submitter(batch), tasks)

    assert list(batch.jobs) == [array.name]
    assert array.tasks == {0: tasks[0], 1: tasks[1]}


def test_no_job_is_created_that_the_workflow_refuses(batch):
    made = submitter(batch)
    made.confirm = Mock(side_effect=[None, RuntimeError("replaced")])
    submit(made, [task(0)])

    with pytest.raises(RuntimeError, match="replaced"):
        submit(made, [task(1)])

    assert batch.calls == ["create_job"]


def test_a_lost_answer_does_not_start_the_work_twice(batch):
    batch.lose_reply = True

    array = submit(submitter(batch), [task()])

    assert list(batch.jobs) == [array.name]
    assert batch.calls == ["create_job", "create_job", "get_job"]


def test_a_job_that_came_into_being_although_all_answers_were_errors_is_found(batch):
    batch.lose_reply = True
    made = submitter(batch, patience=0.0)

    array = submit(made, [task()])

    assert list(batch.jobs) == [array.name]


def test_a_finished_job_of_an_earlier_run_keeps_its_id_and_ours_gets_the_next(batch):
    earlier = submit(submitter(batch, "earlier"), [task()])
    batch.set_job(earlier.name, State.SUCCEEDED)

    array = submit(submitter(batch), [task()])

    assert array.name == f"{earlier.name}-r1"
    assert len(batch.jobs) == 2


def test_a_live_job_of_an_earlier_coordinator_with_the_same_tasks_is_taken_over(batch):
    earlier = submit(submitter(batch, "earlier"), [task()])
    batch.set_job(earlier.name, State.RUNNING)

    array = submit(submitter(batch), [task()])

    assert array.name == earlier.name
    assert len(batch.jobs) == 1


def test_a_job_that_is_being_deleted_is_not_taken_over(batch):
    earlier = submit(submitter(batch, "earlier"), [task()])
    batch.set_job(earlier.name, State.DELETION_IN_PROGRESS)

    assert submit(submitter(batch), [task()]).name != earlier.name


def test_an_existing_job_that_cannot_be_looked_at_is_not_avoided(batch):
    submit(submitter(batch, "earlier"), [task()])
    batch.fail("get_job", google.PermissionDenied("403"))

    with pytest.raises(google.PermissionDenied):
        submit(submitter(batch), [task()])

    assert len(batch.jobs) == 1


def test_the_same_tasks_submitted_again_by_us_get_another_id(batch):
    made = submitter(batch)
    first = submit(made, [task()])

    assert submit(made, [task()]).name != first.name


def test_spot_and_standard_jobs_of_the_same_tasks_differ(batch):
    made = submitter(batch)

    assert submit(made, [task(spot=True)]).name != submit(made, [task()]).name


def test_a_refusal_is_raised_and_the_id_counts_as_perhaps_created(batch):
    batch.fail("create_job", google.PermissionDenied("403"))
    made = submitter(batch)

    with pytest.raises(google.PermissionDenied):
        submit(made, [task()])

    assert len(made.all_names()) == 1
    assert not made.is_busy


def test_not_found_is_given_four_tries(batch):
    batch.fail("create_job", *[google.NotFound("404")] * 3)
    assert submit(submitter(batch), [task()]).tasks

    batch.fail("create_job", *[google.NotFound("404")] * 4)
    with pytest.raises(google.NotFound):
        submit(submitter(batch), [task(1)])

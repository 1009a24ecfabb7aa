from google.api_core import exceptions as google

from executor_fakes import PARENT, FakeBatch, State, definition, task
from snakemake_executor_plugin_googlebatch_array.api import BatchApi
from snakemake_executor_plugin_googlebatch_array.cancellation import delete_all


def setup(count):
    batch = FakeBatch()
    api = BatchApi(batch, PARENT, 1.0, lambda *_: None)
    names = [api.create(definition([task()]), f"job{i}").name for i in range(count)]
    return batch, api, names


def test_all_jobs_are_deleted():
    batch, api, names = setup(30)

    assert delete_all(api, names, 20.0) == {}
    assert batch.jobs == {}


def test_errors_are_repeated_and_a_moments_not_found_is_not_believed():
    batch, api, names = setup(1)
    batch.fail("delete_job", google.ServiceUnavailable("503"), google.NotFound("404"))

    assert delete_all(api, names, 20.0) == {}
    assert batch.jobs == {}


def test_a_job_that_is_gone_already_is_no_problem():
    _, api, _ = setup(0)

    assert delete_all(api, [f"{PARENT}/jobs/none"], 20.0) == {}


def test_a_job_that_is_being_deleted_is_no_problem():
    batch, api, names = setup(1)
    batch.set_job(names[0], State.DELETION_IN_PROGRESS)
    batch.fail("delete_job", google.FailedPrecondition("it is being deleted"))

    assert delete_all(api, names, 20.0) == {}


def test_when_time_is_up_the_jobs_that_may_run_on_are_named_with_the_error():
    batch, api, names = setup(1)
    batch.fail("delete_job", *[google.PermissionDenied("no role")] * 100)

    left = delete_all(api, names, 0.2)

    assert list(left) == names
    assert "no role" in left[names[0]]


def test_without_jobs_nothing_is_asked():
    batch, api, _ = setup(0)

    assert delete_all(api, [], 20.0) == {}
    assert batch.calls == []

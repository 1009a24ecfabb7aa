import pytest
from google.api_core import exceptions as google
from google.auth import exceptions as auth

from executor_fakes import PARENT, FakeBatch, definition, task
from snakemake_executor_plugin_googlebatch_array.api import BatchApi, is_transient

TRANSIENT = [
    google.ResourceExhausted("429"),
    google.InternalServerError("500"),
    google.ServiceUnavailable("503"),
    google.DeadlineExceeded("504"),
    google.Aborted("409"),
    auth.TransportError("no network"),
]
LASTING = [
    google.PermissionDenied("403"),
    google.Unauthenticated("401"),
    google.InvalidArgument("400"),
    google.AlreadyExists("409"),
    google.NotFound("404"),
]


@pytest.fixture
def batch():
    return FakeBatch()


def api(batch, told=None, patience=30.0):
    tell = (lambda method, error: told.append(method)) if told is not None else lambda *_: None
    return BatchApi(batch, PARENT, patience, tell, pause=0.001)


@pytest.mark.parametrize("error", TRANSIENT, ids=lambda error: type(error).__name__)
def test_a_transient_error_is_repeated_and_told(batch, error):
    batch.fail("create_job", error, error)
    told = []

    job = api(batch, told).create(definition([task()]), "one")

    assert job.name == f"{PARENT}/jobs/one"
    assert batch.calls == ["create_job"] * 3
    assert told == ["CreateJob"] * 2


@pytest.mark.parametrize("error", LASTING, ids=lambda error: type(error).__name__)
def test_a_lasting_error_is_not_repeated(batch, error):
    batch.fail("create_job", error)

    with pytest.raises(type(error)):
        api(batch).create(definition([task()]), "one")

    assert batch.calls == ["create_job"]
    assert not is_transient(error)


def test_after_all_patience_the_last_error_is_raised_itself(batch):
    batch.fail("create_job", *[google.ServiceUnavailable("still")] * 1000)

    with pytest.raises(google.ServiceUnavailable, match="still"):
        api(batch, patience=0.05).create(definition([task()]), "one")


def test_once_the_run_is_being_stopped_nothing_is_repeated(batch):
    batch.fail("create_job", google.ServiceUnavailable("503"))
    stopped = api(batch)
    stopped.stopping.set()

    with pytest.raises(google.ServiceUnavailable):
        stopped.create(definition([task()]), "one")

    assert batch.calls == ["create_job"]


def test_tasks_are_returned_by_index(batch):
    api(batch).create(definition([task(0), task(1)]), "one")

    assert list(api(batch).tasks(f"{PARENT}/jobs/one")) == [0, 1]


def test_jobs_are_those_with_the_label_whatever_the_service_makes_of_the_filter(batch):
    api(batch).create(definition([task()], snakemake_run="mine"), "one")
    api(batch).create(definition([task()], snakemake_run="other"), "two")

    found = api(batch).jobs("snakemake-run", "mine")

    assert [job.name for job in found] == [f"{PARENT}/jobs/one"]


@pytest.mark.parametrize(("masks", "filters"), [(True, False), (False, True), (True, True)])
def test_a_filter_or_a_mask_of_fields_that_is_refused_is_left_out(batch, masks, filters):
    api(batch).create(definition([task()], snakemake_run="mine"), "one")
    batch.refuses_masks, batch.refuses_filters = masks, filters

    assert len(api(batch).jobs("snakemake-run", "mine")) == 1


def test_a_list_of_jobs_that_is_refused_whatever_we_ask_gives_the_first_answer(batch):
    batch.fail("list_jobs", *[google.InvalidArgument(f"answer {number}") for number in range(4)])

    with pytest.raises(google.InvalidArgument, match="answer 0"):
        api(batch).jobs("snakemake-run", "mine")


def test_a_request_for_a_job_is_made_once(batch):
    batch.fail("get_job", google.ServiceUnavailable("503"))

    with pytest.raises(google.ServiceUnavailable):
        api(batch).get(f"{PARENT}/jobs/one")


def test_a_deleted_job_is_gone(batch):
    api(batch).create(definition([task()]), "one")

    api(batch).delete(f"{PARENT}/jobs/one", "test")

    assert batch.jobs == {}

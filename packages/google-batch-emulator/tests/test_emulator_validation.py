"""Refuse wrong requests of CreateJob with the status of the service."""

import pytest
from emulator_support import PARENT, Clients, container, job_of, script
from google.api_core import exceptions
from google.cloud import batch_v1
from google.protobuf.duration_pb2 import Duration

from google_batch_emulator.allocation import accelerators_refused, check_allocation, zone_of
from google_batch_emulator.docker_options import read_options
from google_batch_emulator.errors import ApiError
from google_batch_emulator.settings import Limits
from google_batch_emulator.validation import JOB_ID, check_job

OK = script("exit 0")


def check(job: batch_v1.Job, **limits: int) -> None:
    check_job(batch_v1.Job.pb(job), Limits(**limits))


def test_a_good_job_is_taken():
    check(job_of(OK, labels={"a": "b", "a-b_1": ""}, max_retry_count=10, task_count=100_000))


@pytest.mark.parametrize("job_id", ["a", "a-b", "a1", "a" * 63])
def test_good_job_ids(job_id):
    assert JOB_ID.fullmatch(job_id)


@pytest.mark.parametrize("job_id", ["", "A", "1a", "-a", "a-", "a_b", "a.b", "a" * 64])
def test_bad_job_ids(job_id):
    assert not JOB_ID.fullmatch(job_id)


@pytest.mark.parametrize(
    ("job", "message"),
    [
        (batch_v1.Job(), "exactly one task group, and this one has 0"),
        (job_of(), "runnables must have at least one element"),
        (job_of(batch_v1.Runnable()), "none of container, script and barrier"),
        (job_of(container("true", image="")), "image_uri is required"),
        (job_of(OK, max_retry_count=11), "max_retry_count 11 is not in"),
        (job_of(OK, priority=100), "priority 100 is not in"),
        (job_of(OK, task_count=100_001), "task_count 100001 is not in"),
        (job_of(OK, parallelism=5_001), "parallelism 5001 is not in"),
        (job_of(OK, parallelism=2, scheduling_policy="IN_ORDER"), "parallelism must be 1"),
        (job_of(OK, max_run_duration=Duration(seconds=-1)), "max_run_duration -1.0s"),
        (job_of(OK, compute_resource={"memory_mib": -1}), "memory_mib -1 is negative"),
        (job_of(OK, environment={"variables": {"1A": ""}}), 'environment variable: "1A"'),
        (job_of(OK, lifecycle_policies=[{"action": "RETRY_TASK"}]), "needs an action and exit"),
        (job_of(OK, labels={"Up": "x"}), 'label key "Up"'),
        (job_of(OK, labels={"1a": "x"}), 'label key "1a"'),
        (job_of(OK, labels={"goog-a": "x"}), "reserved"),
        (job_of(OK, labels={"a": "With.Dots"}), '"With.Dots" of label "a"'),
        (job_of(OK, labels={"a" * 64: "x"}), "at most 63"),
        (job_of(OK, labels={"a": "x" * 64}), "at most 63"),
        (job_of(OK, labels={f"k{i}": "" for i in range(64)}), "64 labels, and the limit is 63"),
        (
            job_of(OK, vm_labels={f"k{i}": "" for i in range(62)}),
            "62 labels, and the limit is 61",
        ),
    ],
)
def test_a_job_that_breaks_a_rule_is_refused(job, message):
    with pytest.raises(ApiError, match=message) as caught:
        check(job)
    assert caught.value.code.name == "INVALID_ARGUMENT"


def allocation(locations=(), machine_type="", **accelerator):
    """Return an allocation policy as the service reads it."""
    policy = {"machine_type": machine_type}
    if accelerator:
        policy["accelerators"] = [accelerator]
    made = batch_v1.AllocationPolicy(
        location={"allowed_locations": list(locations)}, instances=[{"policy": policy}]
    )
    return batch_v1.AllocationPolicy.pb(made)


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (allocation(["us-central1-a"]), '"us-central1-a" is none of regions/REGION and zones/'),
        (allocation(["zones/us-central1-a", "zones/us-east1-b"]), "is not in the job's region"),
        (allocation(["regions/us-east1"]), "is not in the job's region us-central1"),
        (allocation(type_="T4", count=1), '"T4" is not an accelerator type'),
        (allocation(type_="nvidia-tesla-t4"), "count 0 is none of"),
        (allocation(type_="nvidia-tesla-t4", count=3), "count 3 is none of"),
    ],
)
def test_locations_and_accelerators_that_break_a_rule_are_refused(policy, message):
    with pytest.raises(ApiError, match=message) as caught:
        check_allocation(policy, "us-central1")
    assert caught.value.code.name == "INVALID_ARGUMENT"


def test_vms_are_in_an_allowed_zone():
    zones = ["regions/us-central1", "zones/us-central1-c", "zones/us-central1-b"]
    check_allocation(allocation(zones, type_="nvidia-tesla-t4", count=1), "us-central1")

    assert zone_of(allocation(zones), "us-central1") == "us-central1-b"
    assert zone_of(allocation(), "us-central1") == "us-central1-a"


@pytest.mark.parametrize(
    ("machine", "gpu", "fits"),
    [
        ("n1-standard-4", "nvidia-tesla-t4", True),
        ("", "nvidia-tesla-t4", True),
        ("g2-standard-4", "nvidia-l4", True),
        ("n1-standard-4", "nvidia-l4", False),
        ("c4d-standard-2", "nvidia-tesla-t4", False),
    ],
)
def test_some_series_take_some_gpus(machine, gpu, fits):
    (instance,) = allocation(machine_type=machine, type_=gpu, count=1).instances

    assert (accelerators_refused(instance.policy) is None) == fits


def test_a_definition_over_a_megabyte_is_refused():
    environments = [{"variables": {"TEXT": "x" * 1000}} for _ in range(1000)]
    with pytest.raises(ApiError, match=r"too large: 10[0-9]{5} bytes, and the limit is 1000000"):
        check(job_of(OK, task_environments=environments))


@pytest.mark.parametrize(
    ("job", "what"),
    [
        (job_of(OK, volumes=[{"gcs": {"remote_path": "b"}, "mount_path": "/b"}]), "volumes"),
        (job_of(OK, environment={"encrypted_variables": {"key_name": "k"}}), "encrypted"),
        (job_of(OK, notifications=[{"pubsub_topic": "t"}]), "Pub/Sub"),
        (job_of(OK, provisioning_model=5), "provisioning_model FLEX_START"),
        (job_of(container("true", options="--network none")), "--network"),
        (job_of(container("true", options="--user 1000")), "--user"),
        (job_of(container("true", volumes=["relative:/x"])), "container volume"),
    ],
)
def test_what_is_not_emulated_is_refused(job, what):
    with pytest.raises(ApiError, match=what) as caught:
        check(job)
    assert caught.value.code.name == "UNIMPLEMENTED"


def test_options_of_a_container_are_read():
    options = read_options("--network host -e A='b c' --env=D=e=f --workdir=/x --rm -v /a:/b")

    assert options.environment == {"A": "b c", "D": "e=f"}
    assert options.working_dir == "/x"
    assert options.volumes == ["/a:/b"]


def test_an_option_without_its_value_is_refused():
    with pytest.raises(ApiError, match="--workdir needs a value"):
        read_options("--workdir")


@pytest.mark.parametrize(
    ("parent", "error"),
    [
        ("projects/rehearsal/locations/mars-north1", exceptions.PermissionDenied),
        ("projects/no_such_id/locations/us-central1", exceptions.PermissionDenied),
        ("projects/rehearsal", exceptions.InvalidArgument),
    ],
)
def test_a_parent_that_is_not_there_is_refused(clients: Clients, parent, error):
    with pytest.raises(error):
        clients.batch.create_job(parent=parent, job=job_of(OK), job_id="a")


def test_the_api_refuses_what_breaks_a_rule(clients: Clients):
    with pytest.raises(exceptions.InvalidArgument, match='Invalid job ID "Not-Good"'):
        clients.create(job_of(OK), "Not-Good")
    with pytest.raises(exceptions.InvalidArgument, match="request_id"):
        clients.batch.create_job(
            batch_v1.CreateJobRequest(parent=PARENT, job=job_of(OK), request_id="x")
        )


def test_the_project_can_be_named_by_its_number(clients: Clients):
    job = clients.create(job_of(OK))
    clients.wait(job)

    numbered = job.task_groups[0].name.partition("/taskGroups")[0]
    assert numbered != job.name
    assert clients.batch.get_job(name=numbered).uid == job.uid

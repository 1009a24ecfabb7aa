from google.cloud import batch_v1
from tests.unit.google.test_site import VALUES

from epyflow.google.site import Site
from epyflow.operations.detached.coordinator_job import (
    coordinator_job,
    job_labels,
    job_prefix,
    number_of,
)

ACCOUNT = "epyflow-coordinator@my-project.iam.gserviceaccount.com"
SITE = Site(**VALUES, coordinator_service_account=ACCOUNT, environment="prod")
VARIABLES = {"EPYFLOW_COORDINATOR_HOURS": "2"}


def made(site: Site = SITE, **options) -> batch_v1.Job:
    return coordinator_job(site, job_labels("US/Flu", "main"), VARIABLES, **options)


def test_it_is_one_task_of_the_sites_image_with_nothing_but_what_it_was_told():
    job = made(hours=2)

    (group,) = job.task_groups
    (runnable,) = group.task_spec.runnables
    assert group.task_count == 1
    assert runnable.container.image_uri == VALUES["image"]
    assert list(runnable.container.commands) == ["python", "-m", "epyflow.operations.detached.main"]
    assert dict(group.task_spec.environment.variables) == VARIABLES
    assert group.task_spec.max_run_duration.total_seconds() == 2 * 3600 + 600
    (policy,) = group.task_spec.lifecycle_policies
    assert set(policy.action_condition.exit_codes) == {50001, 50002, 50003, 50004, 50006, 75}
    assert group.task_spec.max_retry_count == 10


def test_its_machine_stays_has_no_address_and_is_the_coordinators():
    policy = made().allocation_policy

    instance, (interface,) = policy.instances[0].policy, policy.network.network_interfaces
    assert instance.machine_type == "e2-standard-2"
    assert instance.provisioning_model == batch_v1.AllocationPolicy.ProvisioningModel.STANDARD
    assert (instance.boot_disk.type_, instance.boot_disk.size_gb) == ("pd-balanced", 30)
    assert interface.no_external_ip_address
    assert interface.subnetwork == "regions/us-central1/subnetworks/default"
    assert policy.service_account.email == ACCOUNT


def test_a_network_and_a_machine_of_ones_own_are_used():
    network = "projects/my-project/global/networks/runs"
    site = SITE.model_copy(update={"network": network})

    policy = made(site, machine_type="c4-standard-2").allocation_policy

    (interface,) = policy.network.network_interfaces
    assert (interface.network, interface.subnetwork) == (network, "")
    assert policy.instances[0].policy.boot_disk.type_ == "hyperdisk-balanced"


def test_it_runs_in_the_zones_that_the_site_allows():
    site = SITE.model_copy(update={"zones": "us-central1-a,us-central1-c"})

    assert made(site).allocation_policy.location.allowed_locations == [
        "zones/us-central1-a",
        "zones/us-central1-c",
    ]
    assert not made().allocation_policy.location.allowed_locations


def test_a_subnetwork_of_ones_own_needs_no_network():
    subnetwork = "projects/my-project/regions/us-central1/subnetworks/runs"
    site = SITE.model_copy(update={"subnetwork": subnetwork})

    (interface,) = made(site).allocation_policy.network.network_interfaces

    assert (interface.network, interface.subnetwork) == ("", subnetwork)


def test_its_costs_are_told_apart_by_labels_on_the_job_and_on_the_machine():
    job = made()

    assert (
        dict(job.labels)
        == dict(job.allocation_policy.labels)
        == {
            "component": "epyflow",
            "stage": "coordinator",
            "exp_id": "us-flu",
            "run_id": "main",
            "environment": "prod",
            "managed-by": "epyflow",
        }
    )


def test_runs_whose_labels_are_equal_have_jobs_of_their_own():
    prefix = job_prefix("gs://bucket/epyflow", "US/Flu", "main")
    job = batch_v1.Job(name=f"projects/p/locations/r/jobs/{prefix}12")

    assert number_of(job, prefix) == 12
    assert number_of(job, job_prefix("gs://bucket/epyflow", "us-flu", "main")) is None
    assert job_prefix("gs://bucket/epyflow/", "US/Flu", "main") == prefix
    assert len(prefix) < 60

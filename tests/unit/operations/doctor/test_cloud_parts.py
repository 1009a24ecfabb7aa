"""Parts of the cloud's checks that the emulated project does not show."""

from types import SimpleNamespace
from typing import Any

import pytest
from google.auth import exceptions as auth
from tests.unit.operations.doctor.answers import HOST, context

from epyflow.google.api_errors import LOG_IN
from epyflow.google.rest import Apis
from epyflow.operations.cost.profile import Profile, Shape
from epyflow.operations.doctor import google_project, image, quota
from epyflow.operations.doctor.api_failures import NETWORK


def index(*platforms: str) -> dict[str, Any]:
    """An index of images, as BuildKit pushes it, with an attestation for each."""
    manifests, documents = [], {}
    for platform in platforms:
        manifests.append({"digest": f"m-{platform}", "platform": {"architecture": platform}})
        manifests.append({"digest": "x", "platform": {"architecture": "unknown"}})
        documents[f"{HOST}/v2/p/r/epyflow/manifests/m-{platform}"] = {
            "config": {"digest": f"c-{platform}"}
        }
        documents[f"{HOST}/v2/p/r/epyflow/blobs/c-{platform}"] = {"architecture": platform}
    documents[f"{HOST}/v2/p/r/epyflow/manifests/sha256:{'1' * 64}"] = {"manifests": manifests}
    return documents


def test_an_image_for_several_processors_is_looked_into():
    found = image.image(context(index("amd64", "arm64")))

    assert (found.state, found.found.endswith("amd64, arm64")) == ("ok", True)


@pytest.mark.parametrize(
    ("machine", "has", "lacks"),
    [("c4d-standard-2", "arm64", "amd64"), ("c4a-standard-2", "amd64", "arm64")],
)
def test_an_image_for_another_processor_is_named(machine, has, lacks):
    shape = Shape(machine, 30, 4096, 1, 100)

    found = image.image(context(index(has), shape))

    assert found.state == "failed"
    assert f"is for {has}, not for {lacks}" in found.found
    assert f"--platform linux/{lacks}" in found.remedy


@pytest.mark.parametrize("name", ["epyflow/cloud", "registry.example.org/epyflow"])
def test_a_registry_that_is_not_googles_is_not_asked(name):
    found = image.image(context(image=f"{name}@sha256:{'1' * 64}"))

    assert found.state == "warning"
    assert "cannot be checked" in found.found
    assert image.image_version(context(image=f"{name}@sha256:{'1' * 64}")).state == "skipped"


def quotas(**limits: float) -> dict[str, Any]:
    region = [{"metric": name, "limit": limit, "usage": 4} for name, limit in limits.items()]
    types = {"zones/europe-west1-b": {"machineTypes": [{"name": "n2-standard-4", "guestCpus": 4}]}}
    return {
        "compute/compute/v1/projects/p/regions/europe-west1": {"quotas": region},
        "compute/compute/v1/projects/p": {},
        "compute/compute/v1/projects/p/aggregated/machineTypes": {"items": types},
    }


N2 = Shape("n2-standard-4", 30, 4096, 2, 50)


def test_what_is_used_already_is_taken_off_a_quota():
    # 50 tasks, two on a machine: 25 machines of 4 vCPUs.
    enough = quota.quota(context(quotas(N2_CPUS=104), N2))
    short = quota.quota(context(quotas(N2_CPUS=103), N2))

    assert (enough.state, enough.found) == ("ok", "room for N2_CPUS 100")
    assert (short.state, "N2_CPUS: 99 left" in short.found) == ("warning", True)
    assert "24 at once" in short.found
    assert "run_task:googlebatch_parallelism=N" in short.remedy


def test_a_disk_that_the_profile_names_is_counted_where_it_counts():
    documents = quotas(N2_CPUS=1000, SSD_TOTAL_GB=504, HDB_TOTAL_GB=1000)
    on_hyperdisk = Shape("n2-standard-4", 30, 4096, 2, 50, disk_type="hyperdisk-balanced")

    assert (
        "SSD_TOTAL_GB: 500 left, run_task asks for 750" in quota.quota(context(documents, N2)).found
    )
    assert quota.quota(context(documents, on_hyperdisk)).state == "ok"


def test_spot_machines_are_counted_by_a_quota_of_their_own_where_there_is_one():
    def found(**limits: float):
        made = context(quotas(**limits), N2)
        made.__dict__["profile"] = Profile({"run_task": (N2,)}, frozenset({"run_task"}))
        return quota.quota(made)

    assert found(N2_CPUS=24, PREEMPTIBLE_CPUS=104).found == "room for PREEMPTIBLE_CPUS 100"
    assert "N2_CPUS: 20 left" in found(N2_CPUS=24, PREEMPTIBLE_CPUS=4).found


def test_the_rule_that_needs_most_is_compared_with_each_quota():
    made = context(quotas(N2_CPUS=104, INSTANCES=30))
    few = Shape("n2-standard-4", 30, 4096, 1, 3)
    made.__dict__["profile"] = Profile({"a": (few,), "b": (N2,), "c": (few,)}, frozenset())

    # b: 25 machines of 4 vCPUs; of 30 instances, 4 are in use.
    assert quota.quota(made).found == "room for N2_CPUS 100, INSTANCES 25"


def test_quotas_of_which_nothing_is_known_are_a_warning():
    found = quota.quota(context(quotas(INSTANCES=100), N2))

    assert (found.state, found.found) == ("warning", "the quota of vCPUs of N2 cannot be read")


def test_a_machine_type_that_the_region_lacks_needs_no_vcpus():
    lacking = Shape("n2-standard-8", 30, 4096, 1, 50)

    # 4 of the 4 vCPUs are in use; the check of the machine types names what is lacking.
    assert quota.quota(context(quotas(N2_CPUS=4), lacking)).found == "room for N2_CPUS 0"


def test_not_even_one_machine_is_a_failure():
    assert quota.quota(context(quotas(N2_CPUS=7), N2)).state == "failed"
    assert quota.quota(context(quotas(N2_CPUS=8), N2)).state == "warning"


def test_the_limit_that_says_most_of_a_family_is_taken():
    buckets = [
        {"effectiveLimit": "24"},
        {"effectiveLimit": "48", "dimensions": {"vm_family": "C4D"}},
        {"effectiveLimit": "8", "dimensions": {"vm_family": "C4D", "region": "us-east1"}},
        {"effectiveLimit": "100", "dimensions": {"vm_family": "C4D", "region": "europe-west1"}},
    ]
    wanted = {"region": "europe-west1", "vm_family": "C4D"}

    assert quota._closest(buckets, wanted) == 100
    assert quota._closest(buckets[:3], wanted) == 48
    assert quota._closest(buckets[2:3], wanted) is None


@pytest.mark.parametrize(
    ("environment", "universe", "url"),
    [
        ({}, None, "https://compute.googleapis.com/a"),
        ({}, "example.goog", "https://compute.example.goog/a"),
        ({"GOOGLE_CLOUD_UNIVERSE_DOMAIN": "other.goog"}, None, "https://compute.other.goog/a"),
        (
            {"GOOGLE_BATCH_EMULATOR_APIS": "http://127.0.0.1:7/"},
            "localhost:1",
            "http://127.0.0.1:7/compute.googleapis.com/a",
        ),
    ],
    ids=["google", "universe", "variable", "emulator"],
)
def test_where_the_apis_are_is_told_by_login_and_environment(environment, universe, url):
    asked = []
    apis = Apis(SimpleNamespace(universe_domain=universe), environment)
    answer = SimpleNamespace(ok=True, headers={}, json=lambda: {"a": 1})
    apis.__dict__["_session"] = SimpleNamespace(
        request=lambda method, url, **options: asked.append((method, url)) or answer
    )

    assert apis.get("compute", "a") == {"a": 1}
    assert asked == [("GET", url)]


def logged_in(kind: str, quota_project: str | None = None, error: Exception | None = None):
    def refresh(login, request):
        if error is not None:
            raise error

    fields = {"quota_project_id": quota_project, "refresh": refresh}
    made = context()
    made.__dict__["credentials"] = type("Credentials", (), {"__module__": kind, **fields})()
    return google_project.credentials(made)


def test_only_a_persons_login_needs_a_project_for_its_requests():
    found = logged_in("google.oauth2.credentials")

    assert found.state == "warning"
    assert found.remedy == "gcloud auth application-default set-quota-project p"
    assert logged_in("google.oauth2.credentials", "p").state == "ok"
    assert logged_in("google.oauth2.service_account").state == "ok"


@pytest.mark.parametrize(
    ("error", "remedy"),
    [(auth.RefreshError("expired"), LOG_IN), (auth.TransportError("no route"), NETWORK)],
)
def test_a_login_that_cannot_be_renewed_is_a_failure_of_the_login_or_of_the_network(error, remedy):
    found = logged_in("google.oauth2.credentials", "p", error)

    assert (found.state, found.remedy) == ("failed", remedy)
    assert str(error) in found.found

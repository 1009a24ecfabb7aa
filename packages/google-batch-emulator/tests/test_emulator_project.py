"""The project around the jobs: what programs find that check it before a run."""

import http.client
import json
from collections.abc import Iterator

import google.auth.transport.requests
import pytest
import requests
from emulator_support import Clients, job_of, script
from google.api_core import exceptions
from google.cloud import secretmanager
from google.oauth2 import service_account
from pydantic import ValidationError

from google_batch_emulator import ApiFault, Emulator, EmulatorError, FaultPlan, Project, Settings

PROJECT = "projects/rehearsal"
RESOURCE_MANAGER = f"cloudresourcemanager.googleapis.com/v1/{PROJECT}"
ACCOUNT = f"iam.googleapis.com/v1/{PROJECT}/serviceAccounts/tasks@rehearsal.iam.gserviceaccount.com"
COMPUTE = f"compute.googleapis.com/compute/v1/{PROJECT}"
FAMILIES = (
    f"serviceusage.googleapis.com/v1beta1/{PROJECT}/services/compute.googleapis.com/"
    "consumerQuotaMetrics/compute.googleapis.com%2Fcpus_per_vm_family"
)
REGISTRY = "us-central1-docker.pkg.dev/v2/rehearsal/epyflow/epyflow"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"


class Apis:
    """Google's own session, with the addresses of the emulator."""

    def __init__(self, emulator: Emulator) -> None:
        path = emulator.environment["GOOGLE_APPLICATION_CREDENTIALS"]
        account = service_account.Credentials.from_service_account_file(path, scopes=[SCOPE])
        self._session = google.auth.transport.requests.AuthorizedSession(account)
        self._url = emulator.environment["GOOGLE_BATCH_EMULATOR_APIS"]

    def ask(self, path: str, body: object = None) -> tuple[int, dict]:
        method = "GET" if body is None else "POST"
        answer = self._session.request(method, f"{self._url}/{path}", json=body)
        return answer.status_code, answer.json()

    def permissions(self, where: str, *names: str) -> tuple[int, dict]:
        return self.ask(f"{where}:testIamPermissions", {"permissions": names})


@pytest.fixture
def apis(clients: Clients) -> Apis:
    return Apis(clients.emulator)


def set_up(clients: Clients, **differs: object) -> None:
    clients.emulator.faults.replace(FaultPlan(project=Project(**differs)))


def test_the_project_is_active_and_another_is_nobodys(clients, apis):
    status, project = apis.ask(RESOURCE_MANAGER)

    assert (status, project["projectId"], project["lifecycleState"]) == (200, "rehearsal", "ACTIVE")
    assert apis.ask(RESOURCE_MANAGER.replace("rehearsal", project["projectNumber"]))[0] == 200
    status, refusal = apis.ask("cloudresourcemanager.googleapis.com/v1/projects/another")
    assert (status, refusal["error"]["status"]) == (403, "PERMISSION_DENIED")
    assert clients.emulator.requests.counts() == {"GetProject": 3}
    assert clients.emulator.requests.failures() == {"GetProject PERMISSION_DENIED": 1}


def test_a_request_without_a_token_is_refused(clients):
    url = clients.emulator.environment["GOOGLE_BATCH_EMULATOR_APIS"]

    answer = requests.get(f"{url}/{RESOURCE_MANAGER}", timeout=10)

    assert (answer.status_code, answer.json()["error"]["status"]) == (401, "UNAUTHENTICATED")


def test_what_is_denied_is_denied_by_every_service(clients, apis):
    set_up(clients, denied_permissions=["batch.jobs.create", "storage.objects.*"])

    asked = ("batch.jobs.create", "batch.jobs.get")
    assert apis.permissions(RESOURCE_MANAGER, *asked) == (200, {"permissions": ["batch.jobs.get"]})
    with pytest.raises(exceptions.PermissionDenied, match=r"batch\.jobs\.create"):
        clients.create(job_of(script("exit 0")))
    with pytest.raises(exceptions.Forbidden, match=r"storage\.objects\.create"):
        clients.bucket.blob("x").upload_from_string(b"1")
    clients.batch.list_jobs(parent=f"{PROJECT}/locations/us-central1")  # is not denied
    asked = ["storage.objects.get", "storage.buckets.get"]
    assert clients.bucket.test_iam_permissions(asked) == ["storage.buckets.get"]


def test_permissions_on_a_bucket_that_is_not_there_are_not_found(clients):
    with pytest.raises(exceptions.NotFound):
        clients.storage.bucket("not-there").test_iam_permissions(["storage.objects.get"])


def test_permissions_of_a_service_account(clients, apis):
    act_as = "iam.serviceAccounts.actAs"

    assert apis.permissions(ACCOUNT, act_as) == (200, {"permissions": [act_as]})
    set_up(clients, denied_permissions=[act_as])
    assert apis.permissions(ACCOUNT, act_as) == (200, {})
    set_up(clients, absent_accounts=["tasks@*"])
    assert apis.permissions(ACCOUNT, act_as)[0] == 404


def test_the_policy_is_read_where_there_is_one(clients, apis):
    assert apis.ask(f"{RESOURCE_MANAGER}:getIamPolicy", {})[0] == 403

    set_up(clients, policy={"roles/viewer": ["user:ada@example.org"]})
    _, policy = apis.ask(f"{RESOURCE_MANAGER}:getIamPolicy", {})
    assert policy["bindings"] == [{"role": "roles/viewer", "members": ["user:ada@example.org"]}]


def test_the_policy_of_a_bucket_is_read_where_there_is_one(clients):
    with pytest.raises(exceptions.Forbidden, match=r"storage\.buckets\.getIamPolicy"):
        clients.bucket.get_iam_policy()

    set_up(clients, bucket_policy={"roles/viewer": ["user:ada@example.org"]})
    (binding,) = clients.bucket.get_iam_policy().bindings
    assert (binding["role"], set(binding["members"])) == ("roles/viewer", {"user:ada@example.org"})
    with pytest.raises(exceptions.NotFound):
        clients.storage.bucket("not-there").get_iam_policy()


@pytest.mark.parametrize("wanted", [[], ["batch.jobs.*"], "batch.jobs.get", None])
def test_a_question_for_no_permission_or_for_a_pattern_is_refused(apis, wanted):
    body = {"permissions": wanted}

    assert apis.ask(f"{RESOURCE_MANAGER}:testIamPermissions", body)[0] == 400


def test_a_service_that_is_not_enabled_says_so_and_serves_nothing(clients, apis):
    set_up(clients, disabled_services=["batch.googleapis.com", "compute.googleapis.com"])

    names = [f"{PROJECT}/services/{name}.googleapis.com" for name in ("batch", "storage")]
    query = "&".join(f"names={name}" for name in names)
    _, found = apis.ask(f"serviceusage.googleapis.com/v1/{PROJECT}/services:batchGet?{query}")
    assert [each["state"] for each in found["services"]] == ["DISABLED", "ENABLED"]
    status, refusal = apis.ask(f"{COMPUTE}/regions/us-central1")
    assert (status, refusal["error"]["details"][0]["reason"]) == (403, "SERVICE_DISABLED")
    with pytest.raises(exceptions.PermissionDenied, match="is disabled"):
        clients.batch.get_job(name=f"{PROJECT}/locations/us-central1/jobs/any")


def test_quotas_of_region_project_and_family(clients, apis):
    set_up(clients, quotas={"CPUS": 24, "CPUS_ALL_REGIONS": 32, "CPUS_PER_VM_FAMILY:C4D": 8})

    _, region = apis.ask(f"{COMPUTE}/regions/us-central1")
    _, project = apis.ask(COMPUTE)
    _, families = apis.ask(FAMILIES)

    limits = {each["metric"]: each["limit"] for each in region["quotas"] + project["quotas"]}
    assert (limits["CPUS"], limits["CPUS_ALL_REGIONS"]) == (24, 32)
    assert limits["E2_CPUS"] > 1000
    buckets = families["consumerQuotaLimits"][0]["quotaBuckets"]
    by_family = {each["dimensions"].get("vm_family"): each["effectiveLimit"] for each in buckets}
    assert by_family == {None: "-1", "C4D": "8"}
    assert apis.ask(FAMILIES.replace("cpus_per_vm_family", "gpus"))[0] == 404
    assert apis.ask(f"{COMPUTE}/regions/nowhere1")[0] == 404


def test_machine_and_disk_types_of_the_zones(clients, apis):
    wanted = '(name = "c4d-standard-2") OR (name = "e2-highmem-2") OR (name = "e9-standard-2")'

    def machine_types() -> list[tuple[str, int]]:
        _, found = apis.ask(f"{COMPUTE}/aggregated/machineTypes?filter={wanted}")
        zone = found["items"]["zones/us-central1-a"]
        return [(each["name"], each["guestCpus"]) for each in zone.get("machineTypes", [])]

    assert machine_types() == [("c4d-standard-2", 2), ("e2-highmem-2", 2)]
    set_up(clients, absent_machine_types=["c4d-*", "e2-*"], absent_disk_types=["hyperdisk-*"])
    assert machine_types() == []
    filtered = 'filter=(name = "pd-balanced") OR (name = "hyperdisk-balanced")'
    _, disks = apis.ask(f"{COMPUTE}/aggregated/diskTypes?{filtered}")
    assert [each["name"] for each in disks["items"]["zones/europe-west1-b"]["diskTypes"]] == [
        "pd-balanced"
    ]


def test_networks(clients, apis):
    place = f"{COMPUTE}/regions/us-central1/subnetworks/epyflow-us-central1"

    _, found = apis.ask(place)
    assert found["privateIpGoogleAccess"] is True
    assert found["network"].endswith("/rehearsal/global/networks/epyflow")
    assert apis.ask(f"{COMPUTE}/global/networks/epyflow")[0] == 200
    set_up(clients, private_google_access=False, absent_networks=["epyflow"])
    assert apis.ask(place)[1]["privateIpGoogleAccess"] is False
    assert apis.ask(f"{COMPUTE}/global/networks/epyflow")[0] == 404


def test_an_image_and_its_labels(clients, apis):
    set_up(clients, image_labels={"org.opencontainers.image.version": "1.2"})

    _, manifest = apis.ask(f"{REGISTRY}/manifests/sha256:{'0' * 64}")
    _, configuration = apis.ask(f"{REGISTRY}/blobs/{manifest['config']['digest']}")

    assert configuration["config"]["Labels"] == {"org.opencontainers.image.version": "1.2"}
    set_up(clients, absent_images=["rehearsal/epyflow/*"])
    status, refusal = apis.ask(f"{REGISTRY}/manifests/sha256:{'0' * 64}")
    assert (status, refusal["errors"][0]["code"]) == (404, "MANIFEST_UNKNOWN")
    assert apis.ask(f"{REGISTRY}/blobs/sha256:{'0' * 64}")[0] == 404


def test_the_bucket_can_be_elsewhere(clients):
    set_up(clients, bucket_location="europe-west1")

    assert clients.storage.get_bucket(clients.bucket.name).location == "EUROPE-WEST1"


def test_a_fault_breaks_one_method(clients, apis):
    fault = ApiFault(method="GetRegion", code="UNAVAILABLE")
    clients.emulator.faults.replace(FaultPlan(api=[fault]))

    assert apis.ask(RESOURCE_MANAGER)[0] == 200
    assert [apis.ask(f"{COMPUTE}/regions/us-central1")[0] for _ in range(2)] == [503, 200]


def test_what_is_not_served_is_said(clients, apis):
    status, refusal = apis.ask("dns.googleapis.com/dns/v1/projects/rehearsal/managedZones")

    assert (status, refusal["error"]["status"]) == (501, "UNIMPLEMENTED")
    assert "dns.googleapis.com" in refusal["error"]["message"]


def test_a_body_that_is_no_document_is_refused(clients, apis):
    url = clients.emulator.environment["GOOGLE_BATCH_EMULATOR_APIS"].removeprefix("http://")
    connection = http.client.HTTPConnection(url, timeout=10)
    connection.request("POST", f"/{RESOURCE_MANAGER}:testIamPermissions", b"[")

    assert json.loads(connection.getresponse().read())["error"]["code"] == 400
    connection.close()


def test_a_project_that_is_set_up_in_no_known_way_is_refused():
    with pytest.raises(ValidationError, match="absent_planets"):
        FaultPlan.model_validate({"project": {"absent_planets": ["*"]}})
    with pytest.raises(ValidationError, match="there is no quota CPUZ"):
        Project(quotas={"CPUZ": 1})


def test_a_port_that_is_taken_is_said(clients):
    port = int(clients.emulator.environment["GOOGLE_BATCH_EMULATOR_APIS"].rpartition(":")[2])

    with pytest.raises(EmulatorError, match=f"project port {port}: "):
        Emulator(Settings(stub=True, project_port=port)).start()


@pytest.fixture
def secrets(tmp_path, monkeypatch) -> Iterator[secretmanager.SecretManagerServiceClient]:
    path = tmp_path / "secrets.json"
    path.write_text(json.dumps({f"{PROJECT}/secrets/token/versions/latest": "much secret"}))
    with Emulator(Settings(stub=True, secrets=path)) as emulator:
        for name, value in emulator.environment.items():
            monkeypatch.setenv(name, value)
        client = secretmanager.SecretManagerServiceClient()
        yield client
        client.transport.close()


def test_a_secret_is_read_by_version(secrets):
    name = f"{PROJECT}/secrets/token/versions/latest"

    assert secrets.access_secret_version(name=name).payload.data == b"much secret"
    with pytest.raises(exceptions.NotFound):
        secrets.access_secret_version(name=name.replace("latest", "7"))

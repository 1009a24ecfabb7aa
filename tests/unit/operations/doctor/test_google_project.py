"""The checks of a Google Cloud project, each with one thing wrong."""

import time
from email.utils import formatdate
from types import SimpleNamespace

import pytest
from google.api_core import exceptions as api
from tests.unit.operations.doctor.answers import context

from epyflow.operations.doctor import google_project

MEMBER = "user:ada@example.org"
TASKS = "tasks@p.iam.gserviceaccount.com"
PROJECT = "cloudresourcemanager/v1/projects/p"
POLICY = f"{PROJECT}:getIamPolicy"
ASK = f"{PROJECT}:testIamPermissions"
ACT_AS = f"iam/v1/projects/p/serviceAccounts/{TASKS}:testIamPermissions"
MAY = {"permissions": ["iam.serviceAccounts.actAs"]}
ALL = {"permissions": list(google_project.ROLES)}


def disabled(message: str) -> api.Forbidden:
    return api.Forbidden(message, error_info={"reason": "SERVICE_DISABLED"})


@pytest.mark.parametrize(
    ("answer", "state", "found"),
    [
        ({"lifecycleState": "ACTIVE"}, "ok", "p is active"),
        ({"lifecycleState": "DELETE_REQUESTED"}, "failed", "p is DELETE_REQUESTED"),
        (api.NotFound("no"), "failed", "there is no project p"),
        (api.Forbidden("no"), "failed", f"p does not exist, or {MEMBER} has no access to it"),
    ],
    ids=["active", "deleted", "absent", "closed"],
)
def test_the_project_has_to_exist_and_be_active(answer, state, found):
    result = google_project.project(context({PROJECT: answer, ASK: {}}))

    assert (result.state, result.found) == (state, found)


def test_a_project_that_only_hides_its_description_is_no_failure_of_the_project():
    with pytest.raises(api.Forbidden):
        google_project.project(context({PROJECT: api.Forbidden("no"), ASK: ALL}))
    with pytest.raises(api.Forbidden, match="switched off"):
        google_project.project(context({PROJECT: disabled("switched off"), ASK: {}}))


@pytest.mark.parametrize(
    ("seconds", "state"), [(0, "ok"), (50, "ok"), (-50, "ok"), (70, "failed"), (-70, "failed")]
)
def test_a_clock_may_be_off_by_a_minute(seconds, state):
    made = context()
    made.apis.dates += [formatdate(0), "", formatdate(time.time() + seconds)]

    assert google_project.clock(made).state == state


def test_without_the_time_of_an_answer_the_clock_is_not_checked():
    made = context()
    made.apis.dates += ["", ""]

    assert google_project.clock(made).state == "skipped"


def enabled(*without: str) -> dict[str, object]:
    services = [
        {
            "name": f"projects/1/services/{service}",
            "state": "DISABLED" if service in without else "ENABLED",
        }
        for service in (*google_project.SERVICES, google_project.SECRET_SERVICE)
    ]
    return {"serviceusage/v1/projects/p/services:batchGet": {"services": services}}


def test_services_that_are_not_enabled_are_named_and_kept_for_other_checks():
    all_there = context(enabled())
    assert google_project.services(all_there).found == "7 are enabled"
    assert all_there.disabled_services == set()

    made = context(enabled("iam.googleapis.com", "batch.googleapis.com"))
    result = google_project.services(made)
    assert (result.state, result.found) == (
        "failed",
        "not enabled: batch.googleapis.com, iam.googleapis.com",
    )
    command = "gcloud services enable batch.googleapis.com iam.googleapis.com --project p"
    assert result.remedy == command
    assert made.disabled_services == {"iam.googleapis.com", "batch.googleapis.com"}


def test_secret_manager_is_needed_where_it_holds_the_token():
    without = enabled(google_project.SECRET_SERVICE)
    assert google_project.services(context(without)).state == "ok"

    made = context(without)
    made.environment = {"EPYFLOW_GIT_TOKEN_SECRET": "projects/p/secrets/token"}
    result = google_project.services(made)
    assert result.found == "not enabled: secretmanager.googleapis.com"


def test_the_service_that_tells_of_services_may_be_disabled_itself():
    path = "serviceusage/v1/projects/p/services:batchGet"

    result = google_project.services(context({path: disabled("no")}))
    assert (result.state, result.found) == ("failed", "not enabled: serviceusage.googleapis.com")
    with pytest.raises(api.Forbidden):
        google_project.services(context({path: api.Forbidden("no")}))


def test_permissions_that_lack_are_named_with_a_command_for_each_role():
    assert google_project.permissions(context({ASK: ALL})).found == f"{MEMBER} has all 7"

    some = [
        name for name in google_project.ROLES if name not in ("batch.jobs.get", "batch.jobs.list")
    ]
    result = google_project.permissions(context({ASK: {"permissions": some}}))
    assert (result.state, result.found) == (
        "failed",
        f"{MEMBER} lacks batch.jobs.get, batch.jobs.list",
    )
    assert result.remedy == (
        f"gcloud projects add-iam-policy-binding p --member={MEMBER} --role=roles/batch.jobsEditor"
    )

    result = google_project.permissions(context({ASK: {}}))
    assert result.state == "failed"
    assert result.remedy.count("gcloud projects add-iam-policy-binding") == 3


def test_a_run_works_without_the_permission_to_read_logs():
    some = [name for name in google_project.ROLES if name != "logging.logEntries.list"]

    assert google_project.permissions(context({ASK: {"permissions": some}})).state == "warning"


def accounts(documents: dict[str, object], coordinator: str | None = None):
    made = context(documents, service_account=TASKS, coordinator_service_account=coordinator)
    return google_project.act_as(made)


def policy(*roles: str) -> dict[str, object]:
    others = {"role": "roles/owner", "members": [MEMBER]}
    mine = [{"role": role, "members": [f"serviceAccount:{TASKS}"]} for role in roles]
    return {"bindings": [others, *mine, {"role": "roles/empty"}]}


@pytest.mark.parametrize(
    ("roles", "state", "lacking"),
    [
        (google_project.TASKS_ROLES, "ok", ()),
        (("roles/editor",), "ok", ()),
        (("roles/logging.logWriter",), "warning", ("roles/batch.agentReporter",)),
        ((), "warning", google_project.TASKS_ROLES),
    ],
    ids=["both", "editor", "one", "none"],
)
def test_the_roles_of_the_tasks_account_are_read_from_the_policy(roles, state, lacking):
    result = accounts({ACT_AS: MAY, POLICY: policy(*roles)})

    assert result.state == state
    assert [role in result.remedy for role in google_project.TASKS_ROLES] == [
        role in lacking for role in google_project.TASKS_ROLES
    ]


def test_a_policy_that_may_not_be_read_is_no_fault():
    result = accounts({ACT_AS: MAY, POLICY: api.Forbidden("no")})

    assert (result.state, "cannot be read" in result.found) == ("ok", True)


def test_both_accounts_have_to_be_there_and_usable():
    result = accounts({ACT_AS: {}})
    assert result.found == f"{MEMBER} may not act as {TASKS} (iam.serviceAccounts.actAs)"

    coordinator = "boss@other.iam.gserviceaccount.com"
    result = accounts({ACT_AS: MAY, POLICY: policy("roles/owner")}, coordinator)
    assert result.found == f"there is no account {coordinator}"
    assert "`coordinator_service_account`" in result.remedy
    assert result.remedy.endswith("gcloud iam service-accounts list --project other")

    path = "iam/v1/projects/p/serviceAccounts/1-compute@developer.gserviceaccount.com"
    default = "1-compute@developer.gserviceaccount.com"
    documents = {ACT_AS: MAY, POLICY: policy("roles/owner"), f"{path}:testIamPermissions": MAY}
    assert accounts(documents, default).state == "ok"


@pytest.mark.parametrize("universe", [None, "example.goog"])
def test_batch_is_asked_in_the_region(monkeypatch, universe):
    asked = []
    client = SimpleNamespace(list_jobs=lambda request, timeout: asked.append(request.parent))
    monkeypatch.setattr(google_project.batch_v1, "BatchServiceClient", lambda: client)
    made = context()
    made.environment = {"GOOGLE_CLOUD_UNIVERSE_DOMAIN": universe} if universe else {}

    result = google_project.batch(made)

    end = f" of {universe}" if universe else ""
    assert (result.state, result.found) == ("ok", f"answers in europe-west1{end}")
    assert asked == ["projects/p/locations/europe-west1"]

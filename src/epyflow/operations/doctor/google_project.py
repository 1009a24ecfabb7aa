"""Check the Google Cloud project: login, services, and permissions of accounts.

Sources: https://cloud.google.com/resource-manager/reference/rest/v1/projects (get, getIamPolicy,
testIamPermissions),
https://cloud.google.com/service-usage/docs/reference/rest/v1/services/batchGet,
https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts/testIamPermissions,
https://cloud.google.com/batch/docs/reference/rest/v1/projects.locations.jobs/list.
"""

import time
from collections.abc import Iterable, Mapping
from email.utils import parsedate_to_datetime

from google.api_core import exceptions as api
from google.auth import exceptions as auth
from google.auth.transport.requests import Request
from google.cloud import batch_v1

from epyflow.errors import EpyflowError
from epyflow.google.api_errors import LOG_IN
from epyflow.google.rest import UNIVERSE_VARIABLE, reason, said
from epyflow.google.site_file import site_path
from epyflow.operations.doctor.api_failures import NETWORK, enable
from epyflow.operations.doctor.check import CheckResult, failed, ok, warning
from epyflow.operations.doctor.context import Context, account_of
from epyflow.repositories.token import SECRET_VARIABLE, read_token
from epyflow.suggest import listed

SERVICES = (
    "artifactregistry.googleapis.com",
    "batch.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "compute.googleapis.com",
    "iam.googleapis.com",
    "logging.googleapis.com",
    "storage.googleapis.com",
)
SECRET_SERVICE = "secretmanager.googleapis.com"  # noqa: S105 - the name of a service

ROLES: Mapping[str, str] = {
    "batch.jobs.create": "roles/batch.jobsEditor",
    "batch.jobs.delete": "roles/batch.jobsEditor",
    "batch.jobs.get": "roles/batch.jobsEditor",
    "batch.jobs.list": "roles/batch.jobsEditor",
    "batch.tasks.list": "roles/batch.jobsEditor",
    "serviceusage.services.use": "roles/serviceusage.serviceUsageConsumer",
    "logging.logEntries.list": "roles/logging.viewer",
}
"""Permissions that starting runs needs in the project, and the role in terraform/iam.tf that
grants each."""

_USEFUL = frozenset({"logging.logEntries.list"})
TASKS_ROLES = ("roles/batch.agentReporter", "roles/logging.logWriter")
"""Roles on the project that the tasks' account gets in terraform/iam.tf and every job needs."""

_EVERYTHING = frozenset({"roles/editor", "roles/owner"})
_ACT_AS = "iam.serviceAccounts.actAs"

_SKEW_S = 60.0
_TIMEOUT = 20.0


def site(context: Context) -> CheckResult:
    """Check that the settings of the user's project are complete and valid."""
    its, path = context.site, site_path(context.environment)
    source = str(path) if path.is_file() else "environment variables"
    return ok(f"{its.project} in {its.region}, {its.storage} ({source})")


def credentials(context: Context) -> CheckResult:
    """Check that there is a login and that it still works."""
    try:
        login = context.credentials
        login.refresh(Request())
    except auth.TransportError as error:
        return failed(f"the login could not be renewed: {error}", NETWORK)
    except auth.GoogleAuthError as error:
        return failed(str(error), LOG_IN)
    who = account_of(login) or "a person's login"
    quota_project = getattr(login, "quota_project_id", None)
    if type(login).__module__ == "google.oauth2.credentials" and not quota_project:
        return warning(
            f"{who}, without a quota project for its requests",
            f"gcloud auth application-default set-quota-project {context.site.project}",
        )
    return ok(who)


def project(context: Context) -> CheckResult:
    """Check that the project exists and is active."""
    name = context.site.project
    remedy = (
        f"check `project` in {site_path(context.environment)}: gcloud projects list; or log in "
        "with an account of the project"
    )
    try:
        found = context.apis.get("cloudresourcemanager", f"v1/projects/{name}")
    except api.NotFound:
        return failed(f"there is no project {name}", remedy)
    except api.Forbidden as error:
        if reason(error) == "SERVICE_DISABLED" or _knows_us(context):
            raise
        return failed(f"{name} does not exist, or {context.member} has no access to it", remedy)
    state = found.get("lifecycleState")
    if state != "ACTIVE":
        return failed(f"{name} is {state}", f"gcloud projects undelete {name}")
    return ok(f"{name} is active")


def _knows_us(context: Context) -> bool:
    """Whether the project exists and this account has any permission in it."""
    try:
        return bool(_granted(context, ROLES))
    except api.GoogleAPICallError:
        return False


def clock(context: Context) -> CheckResult:
    """Check this machine's clock: Google refuses tokens with another time."""
    stamps = [date for date in context.apis.dates if date]
    if not stamps:
        return CheckResult("skipped", "no answer from Google had a time")
    # A request takes a second at most, so the time of the answer is now.
    skew = abs(time.time() - parsedate_to_datetime(stamps[-1]).timestamp())
    if skew > _SKEW_S:
        return failed(
            f"this machine's clock is {skew:,.0f} s off", "set it: timedatectl set-ntp true"
        )
    return ok("within a minute of Google's")


def services(context: Context) -> CheckResult:
    """Check that the services that a run uses are enabled."""
    secret = bool(context.environment.get(SECRET_VARIABLE))
    wanted = (*SERVICES, *([SECRET_SERVICE] if secret else []))
    parent = f"projects/{context.site.project}"
    names = [f"{parent}/services/{service}" for service in wanted]
    try:
        found = context.apis.get("serviceusage", f"v1/{parent}/services:batchGet", names=names)
    except api.Forbidden as error:
        if reason(error) != "SERVICE_DISABLED":
            raise
        service = "serviceusage.googleapis.com"
        return failed(f"not enabled: {service}", _enable(context, [service]))
    states = {each["name"].rpartition("/")[2]: each["state"] for each in found["services"]}
    missing = [service for service in wanted if states.get(service) != "ENABLED"]
    context.disabled_services.update(missing)
    if missing:
        return failed(f"not enabled: {listed(missing)}", _enable(context, missing))
    return ok(f"{len(wanted)} are enabled")


def _enable(context: Context, missing: Iterable[str]) -> str:
    return f"{enable(*missing)} --project {context.site.project}"


def permissions(context: Context) -> CheckResult:
    """Check that this account may start and follow jobs."""
    granted = _granted(context, ROLES)
    missing = [name for name in ROLES if name not in granted]
    if not missing:
        return ok(f"{context.member} has all {len(ROLES)}")
    roles = sorted({ROLES[name] for name in missing})
    remedy = "; ".join(
        f"gcloud projects add-iam-policy-binding {context.site.project} --member={context.member} "
        f"--role={role}"
        for role in roles
    )
    found = f"{context.member} lacks {listed(missing)}"
    if set(missing) <= _USEFUL:
        return warning(f"{found}: the last lines of a failed task are not shown", remedy)
    return failed(found, remedy)


def _granted(context: Context, wanted: Iterable[str]) -> list[str]:
    path = f"v1/projects/{context.site.project}:testIamPermissions"
    found = context.apis.post("cloudresourcemanager", path, {"permissions": list(wanted)})
    return list(found.get("permissions", ()))


def act_as(context: Context) -> CheckResult:
    """Check that this account may start jobs that run as the accounts of tasks and coordinators."""
    for key in ("service_account", "coordinator_service_account"):
        email = getattr(context.site, key)
        refused = None if email is None else _not_to_act_as(context, key, email)
        if refused is not None:
            return refused
    return _with_roles(context, context.site.service_account)


def _not_to_act_as(context: Context, key: str, email: str) -> CheckResult | None:
    host = email.rpartition("@")[2]
    usual = ".iam.gserviceaccount.com"
    # The default accounts of services do not name their project.
    owner = host.removesuffix(usual) if host.endswith(usual) else context.site.project
    path = f"v1/projects/{owner}/serviceAccounts/{email}:testIamPermissions"
    try:
        found = context.apis.post("iam", path, {"permissions": [_ACT_AS]})
    except api.NotFound:
        return failed(
            f"there is no account {email}",
            f"check `{key}` in {site_path(context.environment)}: "
            f"gcloud iam service-accounts list --project {owner}",
        )
    if _ACT_AS in found.get("permissions", ()):
        return None
    return failed(
        f"{context.member} may not act as {email} ({_ACT_AS})",
        f"gcloud iam service-accounts add-iam-policy-binding {email} --project {owner} "
        f"--member={context.member} --role=roles/iam.serviceAccountUser",
    )


def _with_roles(context: Context, email: str) -> CheckResult:
    """Return which roles on the project the tasks' account lacks, if this login may read them."""
    may = f"{context.member} may act as {email}"
    path = f"v1/projects/{context.site.project}:getIamPolicy"
    try:
        policy = context.apis.post("cloudresourcemanager", path, {})
    except api.Forbidden:
        return ok(f"{may}; the roles of that account cannot be read")
    member = f"serviceAccount:{email}"
    has = {each["role"] for each in policy.get("bindings", ()) if member in each.get("members", ())}
    missing = [] if has & _EVERYTHING else [role for role in TASKS_ROLES if role not in has]
    if missing:
        return warning(
            f"{may}, which lacks {listed(missing)} on the project itself: unless a group or a "
            "folder grants them, its machines cannot report",
            "; ".join(
                f"gcloud projects add-iam-policy-binding {context.site.project} --member={member} "
                f"--role={role}"
                for role in missing
            ),
        )
    return ok(f"{may}, which has {listed(TASKS_ROLES)}")


def batch(context: Context) -> CheckResult:
    """Check that Google Batch answers in the region."""
    its = context.site
    parent = f"projects/{its.project}/locations/{its.region}"
    client = batch_v1.BatchServiceClient()
    request = batch_v1.ListJobsRequest(parent=parent, page_size=1)
    try:
        client.list_jobs(request=request, timeout=_TIMEOUT)
    except api.Forbidden as error:
        return failed(
            f"{parent}: {said(error)}",
            "check `region`: Google Batch is not in every region "
            "(https://cloud.google.com/batch/docs/locations)",
        )
    universe = context.environment.get(UNIVERSE_VARIABLE)
    return ok(f"answers in {its.region}" + (f" of {universe}" if universe else ""))


def secret(context: Context) -> CheckResult:
    """Check that the secret with the token can be read; the token is not shown."""
    name = context.environment.get(SECRET_VARIABLE)
    if not name:
        return ok(f"{SECRET_VARIABLE} is not set")
    try:
        read_token(context.environment)
    except EpyflowError as error:
        return failed(
            str(error),
            f"gcloud secrets add-iam-policy-binding {name.partition('/versions/')[0]} "
            f"--member={context.member} --role=roles/secretmanager.secretAccessor; to add a value: "
            "gcloud secrets versions add NAME --data-file=-",
        )
    return ok(f"{name} can be read")

"""Emulate Resource Manager, Service Usage and IAM.

Sources: cloud.google.com/resource-manager/reference/rest/v1/projects,
cloud.google.com/service-usage/docs/reference/rest (v1 services, v1beta1 consumerQuotaMetrics),
cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts.
"""

from typing import Any

from google_batch_emulator.errors import ApiError, denied, invalid, not_found
from google_batch_emulator.identity import project_number
from google_batch_emulator.project.calls import Call, Route
from google_batch_emulator.project_quotas import UNLIMITED, family_limits
from google_batch_emulator.project_state import named

_RESOURCE_MANAGER = r"cloudresourcemanager\.googleapis\.com"
_SERVICE_USAGE = r"serviceusage\.googleapis\.com"
_IAM = r"iam\.googleapis\.com"

_MOST_SERVICES = 30
_FAMILIES = "compute.googleapis.com/cpus_per_vm_family"


def get_project(call: Call) -> object:
    """Return the project."""
    project = call.names["project"]
    return {
        "projectNumber": project_number(project),
        "projectId": project,
        "lifecycleState": call.project.state,
        "name": project,
    }


def test_permissions(call: Call) -> object:
    """Return which of some permissions the account has."""
    asked = call.body.get("permissions")
    if not isinstance(asked, list) or not asked:
        raise invalid("permissions: expected a list of permissions")
    if any("*" in str(each) for each in asked):
        raise invalid("Permissions with wildcards are not allowed.")
    granted = [each for each in asked if not call.project.denies(each)]
    return {"permissions": granted} if granted else {}


def get_policy(call: Call) -> object:
    """Return who has which role on the project, if the account may know."""
    if not call.project.policy:
        raise denied(
            "The caller does not have permission resourcemanager.projects.getIamPolicy on "
            f"project {call.names['project']}."
        )
    bindings = [
        {"role": role, "members": list(members)} for role, members in call.project.policy.items()
    ]
    return {"version": 1, "bindings": bindings}


def test_account_permissions(call: Call) -> object:
    """Return which of some permissions on a service account the account has."""
    email = call.names["account"]
    if named(email, call.project.absent_accounts):
        raise not_found(f"projects/{call.names['project']}/serviceAccounts/{email}")
    return test_permissions(call)


def batch_get_services(call: Call) -> object:
    """Return whether some services are enabled."""
    names = call.query.get("names", [])
    if not 0 < len(names) <= _MOST_SERVICES:
        raise invalid(f"names: expected 1 to {_MOST_SERVICES} services")
    return {"services": [_service(call, name) for name in names]}


def _service(call: Call, name: str) -> dict[str, Any]:
    parent, _, service = name.rpartition("/services/")
    if not parent:
        raise invalid(f"{name}: expected projects/<project>/services/<service>")
    state = "DISABLED" if call.project.disables(service) else "ENABLED"
    return {"name": name, "parent": parent, "state": state, "config": {"name": service}}


def get_quota_metric(call: Call) -> object:
    """Return the quota of vCPUs by family of machines, the only one served here."""
    metric = call.names["metric"]
    if metric != _FAMILIES:
        raise _unknown_metric(metric)
    buckets = [
        {
            "effectiveLimit": str(int(limit)),
            "defaultLimit": str(int(limit)),
            "dimensions": {"vm_family": family} if family else {},
        }
        for family, limit in {"": UNLIMITED, **family_limits(call.project.quotas)}.items()
    ]
    unit = "1/{project}/{region}/{vm_family}"
    return {"metric": metric, "consumerQuotaLimits": [{"unit": unit, "quotaBuckets": buckets}]}


def _unknown_metric(metric: str) -> ApiError:
    return not_found(f"consumerQuotaMetrics/{metric}")


_PROJECT = r"/v1/projects/(?P<project>[^/:]+)"

ROUTES = (
    Route(
        "GetProject",
        _RESOURCE_MANAGER,
        f"GET {_PROJECT}",
        "resourcemanager.projects.get",
        get_project,
    ),
    Route(
        "TestIamPermissions",
        _RESOURCE_MANAGER,
        f"POST {_PROJECT}:testIamPermissions",
        "",
        test_permissions,
    ),
    Route(
        "GetIamPolicy",
        _RESOURCE_MANAGER,
        f"POST {_PROJECT}:getIamPolicy",
        "resourcemanager.projects.getIamPolicy",
        get_policy,
    ),
    Route(
        "BatchGetServices",
        _SERVICE_USAGE,
        r"GET /v1/projects/(?P<project>[^/]+)/services:batchGet",
        "serviceusage.services.get",
        batch_get_services,
    ),
    Route(
        "GetConsumerQuotaMetric",
        _SERVICE_USAGE,
        r"GET /v1beta1/projects/(?P<project>[^/]+)/services/compute\.googleapis\.com"
        r"/consumerQuotaMetrics/(?P<metric>[^/]+)",
        "serviceusage.quotas.get",
        get_quota_metric,
    ),
    Route(
        "TestServiceAccountPermissions",
        _IAM,
        r"POST /v1/projects/(?P<project>[^/]+)/serviceAccounts/(?P<account>[^/:]+)"
        r":testIamPermissions",
        "",
        test_account_permissions,
    ),
)

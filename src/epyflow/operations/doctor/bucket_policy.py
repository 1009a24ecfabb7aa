"""Check that the tasks' account cannot write what other accounts run.

Sources: https://cloud.google.com/storage/docs/json_api/v1/buckets/getIamPolicy and
https://cloud.google.com/storage/docs/access-control/iam-roles.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from google.api_core import exceptions as api
from google.cloud.storage.retry import DEFAULT_RETRY

from epyflow.operations.doctor.check import CheckResult, ok, warning
from epyflow.operations.doctor.context import Context
from epyflow.run.layout import CLOSED_TO_TASKS
from epyflow.suggest import listed

_STORAGE_ROLES = ("admin", "objectAdmin", "objectUser", "objectCreator")
_WRITING = frozenset(
    {
        *("roles/owner", "roles/editor"),
        *("roles/storage.legacyBucketOwner", "roles/storage.legacyBucketWriter"),
        *(f"roles/storage.{name}" for name in _STORAGE_ROLES),
    }
)
_EXCLUDED = r'&&resource\.name\.extract\("/{}/\{{\w+\}}"\)==""'
_EVERYBODY = {"allUsers", "allAuthenticatedUsers"}
_REMEDY = (
    'grant that account the condition of docs/infrastructure.md, "Permissions", and remove the '
    "binding without it: gcloud {service} remove-iam-policy-binding {name} --member={member} "
    "--role={role} --condition=None"
)


def bucket_tasks(context: Context) -> CheckResult:
    """Check that tasks may not write the state and the sources of coordinators and of images."""
    account = context.site.service_account
    if account == context.site.coordinator_service_account:
        return warning(
            f"tasks and coordinators both run as {account}: a task that is taken over can start "
            "jobs, and change what coordinators run",
            "use two accounts, as terraform/iam.tf does, and set `coordinator_service_account`",
        )
    bucket = urlsplit(context.site.storage).netloc
    member = f"serviceAccount:{account}"
    found = _of_bucket(context, bucket)
    commands = [
        _REMEDY.format(service=service, name=name, member=member, role=role)
        for service, name, bindings in (
            ("storage buckets", f"gs://{bucket}", found or ()),
            ("projects", context.site.project, _of_project(context)),
        )
        for role in _open_roles(bindings, member)
    ]
    folders = listed([f"{each}/" for each in CLOSED_TO_TASKS])
    if commands:
        return warning(
            f"{account} may write {folders} in gs://{bucket}: a task that is taken over could run "
            "code as the coordinator's account, or put code into the image",
            "; ".join(commands),
        )
    if found is None:
        return ok(f"the policy of gs://{bucket} cannot be read; an owner of the bucket can")
    return ok(f"{account} has no role that writes {folders} in gs://{bucket}")


def _of_bucket(context: Context, name: str) -> list[Mapping[str, Any]] | None:
    """Return the bindings of the bucket; None if this login may not read them."""
    retry = DEFAULT_RETRY.with_timeout(20.0)
    try:
        found = context.storage.bucket(name).get_iam_policy(requested_policy_version=3, retry=retry)
    except api.Forbidden:
        return None
    return list(found.bindings)


def _of_project(context: Context) -> list[Mapping[str, Any]]:
    """Return the bindings of the project; none if this login may not read them."""
    path = f"v1/projects/{context.site.project}:getIamPolicy"
    try:
        return list(context.apis.post("cloudresourcemanager", path, {}).get("bindings", ()))
    except api.Forbidden:
        return []


def _open_roles(bindings: Iterable[Mapping[str, Any]], member: str) -> Iterator[str]:
    """Yield the roles that let a member write closed folders."""
    for each in bindings:
        text = re.sub(r"\s", "", (each.get("condition") or {}).get("expression") or "")
        excluded = all(re.search(_EXCLUDED.format(folder), text) for folder in CLOSED_TO_TASKS)
        has = {member, *_EVERYBODY} & set(each.get("members", ()))
        if has and each["role"] in _WRITING and not excluded:
            yield each["role"]

"""Find by bucket and project policies whether tasks may write what other accounts run."""

from types import SimpleNamespace
from typing import Any

import pytest
from google.api_core import exceptions as api
from tests.terraform.bucket_conditions import BUCKET, PREFIX, condition
from tests.unit.operations.doctor.answers import context

from epyflow.operations.doctor.bucket_policy import bucket_tasks

TASKS = "tasks@p.iam.gserviceaccount.com"
MEMBER = f"serviceAccount:{TASKS}"
POLICY = "cloudresourcemanager/v1/projects/p:getIamPolicy"


def checked(bindings: Any, project: Any = None, coordinator: str | None = None):
    """Check a bucket that has these bindings; an error is raised when they are read."""

    def read(requested_policy_version: int, retry: Any) -> SimpleNamespace:
        assert requested_policy_version == 3  # others have no conditions
        if isinstance(bindings, Exception):
            raise bindings
        return SimpleNamespace(bindings=bindings)

    made = context(
        {POLICY: project or {}},
        storage=f"gs://{BUCKET}/{PREFIX}",
        service_account=TASKS,
        coordinator_service_account=coordinator,
    )
    bucket = SimpleNamespace(get_iam_policy=read)
    made.__dict__["storage"] = SimpleNamespace(bucket=lambda name: {BUCKET: bucket}[name])
    return bucket_tasks(made)


def binding(role: str, member: str = MEMBER, expression: str | None = None) -> dict[str, Any]:
    plain = {"role": f"roles/{role}", "members": {member}}
    return plain if expression is None else plain | {"condition": {"expression": expression}}


@pytest.mark.parametrize(
    ("bindings", "project", "state"),
    [
        ([binding("storage.objectAdmin")], {}, "warning"),
        ([binding("storage.objectUser", "allUsers")], {}, "warning"),
        ([binding("storage.objectViewer")], {}, "ok"),
        ([binding("storage.objectAdmin", "user:ada@example.org")], {}, "ok"),
        ([], {"bindings": [binding("editor")]}, "warning"),
        (api.Forbidden("no"), {"bindings": [binding("storage.admin")]}, "warning"),
        (api.Forbidden("no"), api.Forbidden("no"), "ok"),
    ],
    ids=["all", "public", "reads", "others", "editor", "admin", "unknown"],
)
def test_a_role_that_writes_closed_folders_is_a_warning(bindings, project, state):
    assert checked(bindings, project).state == state


@pytest.mark.parametrize(("grant", "state"), [("task_results", "ok"), ("results", "warning")])
def test_the_condition_of_terraform_closes_them_to_tasks(grant, state):
    granted = binding("storage.objectAdmin", expression=condition(grant))

    assert checked([granted]).state == state


def test_the_warning_names_account_folders_and_the_binding_to_remove():
    result = checked([binding("storage.objectAdmin")])

    assert result.found.startswith(f"{TASKS} may write coordinator/, build-sources/ in gs://bucket")
    assert result.remedy.endswith(
        f"gcloud storage buckets remove-iam-policy-binding gs://bucket --member={MEMBER} "
        "--role=roles/storage.objectAdmin --condition=None"
    )


def test_tasks_that_run_as_the_coordinators_account_are_a_warning():
    assert checked([], coordinator=TASKS).state == "warning"
    apart = checked([], coordinator="boss@p.iam.gserviceaccount.com")
    assert apart.state == "ok"
    assert "has no role that writes" in apart.found

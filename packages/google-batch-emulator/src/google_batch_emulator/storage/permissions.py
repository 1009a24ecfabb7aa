"""Find the permission that a storage request needs; answer testIamPermissions and getIamPolicy.

Sources: cloud.google.com/storage/docs/access-control/iam-json,
cloud.google.com/storage/docs/json_api/v1/buckets/testIamPermissions and
cloud.google.com/storage/docs/json_api/v1/buckets/getIamPolicy.
"""

import json
import re
from urllib.parse import parse_qs, urlsplit

from google_batch_emulator.project_state import Project
from google_batch_emulator.storage.requests import StorageRequest
from google_batch_emulator.storage.upstream import StorageAnswer

_NEEDED = {
    "upload": "storage.objects.create",
    "upload-chunk": "storage.objects.create",
    "copy": "storage.objects.create",
    "download": "storage.objects.get",
    "get": "storage.objects.get",
    "list": "storage.objects.list",
    "delete": "storage.objects.delete",
    "patch": "storage.objects.update",
    "bucket": "storage.buckets.get",
}
_TEST = re.compile(r"/storage/v1/b/([^/]+)/iam/testPermissions")
_POLICY = re.compile(r"/storage/v1/b/([^/]+)/iam")
_READ_POLICY = "storage.buckets.getIamPolicy"
_OK = 200


def denied(project: Project, request: StorageRequest, target: str) -> str | None:
    """Return the permission that a request lacks, if it lacks one."""
    if is_policy(target):
        closed = not project.bucket_policy or project.denies(_READ_POLICY)
        return _READ_POLICY if closed else None
    needed = _NEEDED.get(request.kind, "")
    if is_test(target) or not needed or not project.denies(needed):
        return None
    return needed


def is_test(target: str) -> bool:
    """Return whether a request asks for the account's permissions on a bucket."""
    return _TEST.fullmatch(urlsplit(target).path) is not None


def is_policy(target: str) -> bool:
    """Return whether a request asks for the policy of a bucket."""
    return _POLICY.fullmatch(urlsplit(target).path) is not None


def bucket_of(target: str) -> str:
    """Return the target that tells whether the bucket of a policy or a test is there."""
    return urlsplit(target).path.partition("/iam")[0]


def policy(project: Project) -> StorageAnswer:
    """Return the policy of every bucket."""
    bindings = [{"role": role, "members": who} for role, who in project.bucket_policy.items()]
    return _document({"kind": "storage#policy", "version": 1, "bindings": bindings})


def tested(project: Project, target: str) -> StorageAnswer:
    """Return which of the permissions asked for the account has on a bucket."""
    asked = parse_qs(urlsplit(target).query).get("permissions", [])
    granted = [each for each in asked if not project.denies(each)]
    return _document({"kind": "storage#testIamPermissionsResponse", "permissions": granted})


def _document(content: dict[str, object]) -> StorageAnswer:
    headers = (("Content-Type", "application/json; charset=UTF-8"),)
    return StorageAnswer(_OK, headers, json.dumps(content).encode())


def located(project: Project, request: StorageRequest, answer: StorageAnswer) -> StorageAnswer:
    """Return the description of a bucket with the location that the project says."""
    if not project.bucket_location or request.kind != "bucket" or answer.status != _OK:
        return answer
    document = json.loads(answer.content)
    if "location" not in document:
        return answer
    document["location"] = project.bucket_location.upper()
    document["locationType"] = "region" if "-" in project.bucket_location else "multi-region"
    return StorageAnswer(answer.status, answer.headers, json.dumps(document).encode())

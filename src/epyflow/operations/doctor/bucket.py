"""The bucket: whether it is there, near the machines, and can be written to.

Sources: https://cloud.google.com/storage/docs/json_api/v1/buckets/testIamPermissions and
https://cloud.google.com/python/docs/reference/storage/latest (Bucket, Blob).
"""

import secrets
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from google.api_core import exceptions as api
from google.cloud.storage.retry import DEFAULT_RETRY

from epyflow.google.rest import said
from epyflow.google.site_file import site_path
from epyflow.operations.doctor.case import Case
from epyflow.operations.doctor.findings import Finding, failed, ok, warning
from epyflow.suggest import listed

_NEEDED = (
    "storage.objects.create",
    "storage.objects.delete",
    "storage.objects.get",
    "storage.objects.list",
)
_ROLE = "roles/storage.objectAdmin"
_RETRY = DEFAULT_RETRY.with_timeout(20.0)
_PROBE = b"written by `epyflow doctor`, and deleted again\n"


def bucket(case: Case) -> Finding:
    """Whether the bucket is there, and in the region of the machines."""
    name, _ = _parts(case)
    remedy = (
        f"check `storage` in {site_path(case.environment)}, or create it: gcloud storage buckets "
        f"create gs://{name} --project {case.site.project} --location {case.site.region} "
        "--uniform-bucket-level-access"
    )
    try:
        # Needs no permission, unlike its description.
        _bucket(case).test_iam_permissions(list(_NEEDED), retry=_RETRY)
        found = case.storage.get_bucket(name, retry=_RETRY)
    except api.NotFound:
        return failed(f"there is no bucket gs://{name}", remedy)
    where, region = str(found.location).lower(), case.site.region
    if region in (where, *(each.lower() for each in found.data_locations or ())):
        return ok(f"gs://{name} in {where}")
    return warning(
        f"gs://{name} is in {where}, the machines in {region}: traffic between them costs money "
        "and time",
        f"a bucket in {region}, or `region: {where}`",
    )


def bucket_write(case: Case) -> Finding:
    """Whether a file below the prefix can be written, read, listed and deleted."""
    name, prefix = _parts(case)
    there = f"gs://{name}/{prefix}".rstrip("/")
    remedy = (
        f"gcloud storage buckets add-iam-policy-binding gs://{name} --member={case.member} "
        f"--role={_ROLE}"
    )
    try:
        granted = _bucket(case).test_iam_permissions(list(_NEEDED), retry=_RETRY)
        missing = [each for each in _NEEDED if each not in granted]
        if missing:
            return failed(f"{there}: {case.member} lacks {listed(missing)}", remedy)
        return _tried(case, there, f"{prefix}.epyflow-doctor-{secrets.token_hex(8)}")
    except api.Forbidden as error:
        return failed(f"{there}: {said(error)}", remedy)


def _tried(case: Case, there: str, path: str) -> Finding:
    blob = _bucket(case).blob(path)
    try:
        blob.upload_from_string(_PROBE, content_type="text/plain", retry=_RETRY)
        read = blob.download_as_bytes(retry=_RETRY)
        found = case.storage.list_blobs(_parts(case)[0], prefix=path, retry=_RETRY)
        names = [each.name for each in found]
    except Exception:
        with suppress(api.GoogleAPICallError):
            blob.delete(retry=_RETRY)
        raise
    blob.delete(retry=_RETRY)
    if read != _PROBE or names != [path]:
        return failed(
            f"{there}: what was written came back otherwise",
            "try again; if it stays so, something between this machine and the bucket alters it",
        )
    return ok(f"{there}: written, listed, read and deleted")


def _parts(case: Case) -> tuple[str, str]:
    """Return the bucket's name, and the prefix with a slash at its end."""
    parts = urlsplit(case.site.storage)
    prefix = parts.path.strip("/")
    return parts.netloc, f"{prefix}/" if prefix else ""


def _bucket(case: Case) -> Any:
    return case.storage.bucket(_parts(case)[0])

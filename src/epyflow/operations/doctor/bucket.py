"""Check the bucket: that it exists, is near the machines, and can be written to.

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
from epyflow.operations.doctor.check import CheckResult, failed, ok, warning
from epyflow.operations.doctor.context import Context
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


def bucket(context: Context) -> CheckResult:
    """Check that the bucket exists and is in the region of the machines."""
    name, _ = _parts(context)
    remedy = (
        f"check `storage` in {site_path(context.environment)}, or create it: gcloud storage "
        f"buckets create gs://{name} --project {context.site.project} "
        f"--location {context.site.region} --uniform-bucket-level-access"
    )
    try:
        # This needs no permission, unlike get_bucket.
        _bucket(context).test_iam_permissions(list(_NEEDED), retry=_RETRY)
        found = context.storage.get_bucket(name, retry=_RETRY)
    except api.NotFound:
        return failed(f"there is no bucket gs://{name}", remedy)
    where, region = str(found.location).lower(), context.site.region
    if region in (where, *(each.lower() for each in found.data_locations or ())):
        return ok(f"gs://{name} in {where}")
    return warning(
        f"gs://{name} is in {where} and the machines are in {region}: traffic between them costs "
        "money and time",
        f"use a bucket in {region}, or set `region: {where}`",
    )


def bucket_write(context: Context) -> CheckResult:
    """Check that a file below the prefix can be written, read, listed and deleted."""
    name, prefix = _parts(context)
    there = f"gs://{name}/{prefix}".rstrip("/")
    remedy = (
        f"gcloud storage buckets add-iam-policy-binding gs://{name} --member={context.member} "
        f"--role={_ROLE}"
    )
    try:
        granted = _bucket(context).test_iam_permissions(list(_NEEDED), retry=_RETRY)
        missing = [each for each in _NEEDED if each not in granted]
        if missing:
            return failed(f"{there}: {context.member} lacks {listed(missing)}", remedy)
        return _tried(context, there, f"{prefix}.epyflow-doctor-{secrets.token_hex(8)}")
    except api.Forbidden as error:
        return failed(f"{there}: {said(error)}", remedy)


def _tried(context: Context, there: str, path: str) -> CheckResult:
    blob = _bucket(context).blob(path)
    try:
        blob.upload_from_string(_PROBE, content_type="text/plain", retry=_RETRY)
        read = blob.download_as_bytes(retry=_RETRY)
        found = context.storage.list_blobs(_parts(context)[0], prefix=path, retry=_RETRY)
        names = [each.name for each in found]
    except Exception:
        with suppress(api.GoogleAPICallError):
            blob.delete(retry=_RETRY)
        raise
    blob.delete(retry=_RETRY)
    if read != _PROBE or names != [path]:
        return failed(
            f"{there}: a file came back with other content than was written",
            "try again; if it happens again, something between this machine and the bucket "
            "changes files",
        )
    return ok(f"{there}: written, listed, read and deleted")


def _parts(context: Context) -> tuple[str, str]:
    """Return the bucket's name, and the prefix with a slash at its end."""
    parts = urlsplit(context.site.shared_storage)
    prefix = parts.path.strip("/")
    return parts.netloc, f"{prefix}/" if prefix else ""


def _bucket(context: Context) -> Any:
    return context.storage.bucket(_parts(context)[0])

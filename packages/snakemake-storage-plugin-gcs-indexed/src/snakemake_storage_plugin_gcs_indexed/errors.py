"""Define the errors of the provider, with the cause of each and what to do."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from google.api_core import exceptions as api
from google.auth import exceptions as auth
from snakemake_interface_common.exceptions import WorkflowError

SIGN_IN = (
    "Sign in with `gcloud auth application-default login`, or name a service account's key file in "
    "GOOGLE_APPLICATION_CREDENTIALS. On Google Cloud, a machine uses the service account that it "
    "was given, with the access scope cloud-platform."
)
ROLES = (
    "Reading takes roles/storage.objectViewer on the bucket, writing and removing "
    "roles/storage.objectAdmin: `gcloud storage buckets add-iam-policy-binding gs://{bucket} "
    "--member=MEMBER --role=roles/storage.objectAdmin`, where MEMBER is user:YOUR_ADDRESS or "
    "serviceAccount:ITS_ADDRESS."
)
BILLING = (
    "Requests name the project of --storage-gcs-indexed-project as the one to be billed, which "
    "takes roles/serviceusage.serviceUsageConsumer on that project: `gcloud projects "
    "add-iam-policy-binding PROJECT --member=MEMBER "
    "--role=roles/serviceusage.serviceUsageConsumer`."
)
NO_BUCKET = (
    "The bucket does not exist, or this account may not see it. Check the name in "
    "--default-storage-prefix. Buckets are not created by a run: `gcloud storage buckets create "
    "gs://{bucket} --project=PROJECT --location=REGION --uniform-bucket-level-access`, in the "
    "region where the jobs run."
)
NOT_NOW = (
    "Google did not recover while the request was repeated {retries} times. Run again later: what "
    "is finished is kept. --storage-gcs-indexed-retries waits longer."
)


class StorageError(WorkflowError):
    """Base class. Raised itself for a request that failed, with its cause and what to do."""


class ChangedByOthersError(StorageError):
    """Another program has written an object since it was looked at."""


class DamagedTransferError(StorageError):
    """The bytes that arrived are not those that were sent."""


@contextmanager
def explained(action: str, bucket: str, retries: int) -> Iterator[None]:
    """Turn Google's errors into ones that name the cause and the remedy.

    Parameters
    ----------
    action
        What was tried, with the object: ``"upload gs://b/o"``.
    bucket
        Its bucket.
    retries
        How often a request was repeated before the error was believed.

    Raises
    ------
    StorageError
        In place of an error of Google's libraries; ``PreconditionFailed`` is left to the caller.
    """
    try:
        yield
    except api.PreconditionFailed:
        raise
    except (api.GoogleAPIError, auth.GoogleAuthError, DamagedTransferError, OSError) as error:
        # A full disk or a missing file is no affair of Google's; its connections break as OSErrors.
        if isinstance(error, OSError) and not _of_network(error):
            raise
        remedy = _remedy(error, bucket, retries)
        raise StorageError(f"Cannot {action}: {brief(error)}\n{remedy}") from error


def _of_network(error: OSError) -> bool:
    from_client = type(error).__module__.startswith("requests.")
    return from_client or isinstance(error, (ConnectionError, TimeoutError))


def brief(error: Exception) -> str:
    """Return what an error says in one line, without the address that was called."""
    text = str(error).strip()
    line = text.splitlines()[0] if text else type(error).__name__
    if not isinstance(error, api.GoogleAPICallError):
        return line
    # The answer to an upload or a download is not taken apart by Google's client.
    stated = re.search(r'"message": ?"((?:[^"\\]|\\.)+)"', text)
    said = stated[1] if stated else re.sub(r"^[0-9]{3} (?:[A-Z]+ \S+: )?", "", line)
    return f"{said.rstrip(':')} ({error.code})"


def _remedy(error: Exception, bucket: str, retries: int) -> str:
    if isinstance(error, (auth.GoogleAuthError, api.Unauthorized)) and not isinstance(
        error, auth.TransportError
    ):
        return f"The credentials are missing, expired or not accepted. {SIGN_IN}"
    if isinstance(error, api.Forbidden):
        if "serviceusage" in str(error):
            return BILLING
        return "The account may not do this. " + ROLES.format(bucket=bucket)
    if isinstance(error, api.NotFound):
        return NO_BUCKET.format(bucket=bucket)
    if isinstance(error, api.ClientError) and not isinstance(error, api.TooManyRequests):
        return "Google refuses the request; repeating it does not help."
    if isinstance(error, DamagedTransferError):
        return (
            f"The transfer was repeated {retries} times and damaged each time: look at what lies "
            "between this machine and Google (proxy, memory, disk)."
        )
    return NOT_NOW.format(retries=retries)

"""Read secrets from Secret Manager; they are written nowhere."""

from collections.abc import Callable
from typing import Any

from google.api_core.exceptions import GoogleAPICallError, RetryError
from google.auth.exceptions import GoogleAuthError

from epyflow.errors import EpyflowError


def read_secret(name: str, named_by: str, client: Callable[[], Any] | None = None) -> str:
    """Return the text of a secret.

    Parameters
    ----------
    name
        ``projects/<project>/secrets/<name>`` for the latest version, or a version of it.
    named_by
        The variable or setting with this name, for messages.
    client
        Makes the client of Secret Manager; None for Google's.

    Raises
    ------
    EpyflowError
        If it cannot be read or is not text; the message does not contain the secret.
    """
    version = name if "/versions/" in name else f"{name}/versions/latest"
    try:
        data: bytes = (client or _google)().access_secret_version(name=version).payload.data
        return data.decode()
    except (GoogleAPICallError, RetryError, GoogleAuthError) as error:
        why = getattr(error, "message", None) or str(error)
        raise EpyflowError(
            f"{named_by} names {name}, which cannot be read: {why}; expected "
            "projects/<project>/secrets/<name>, a version in it, and for you the role "
            "roles/secretmanager.secretAccessor on it"
        ) from None
    except UnicodeError:
        raise EpyflowError(f"{named_by} names {name}, which is not text") from None


def _google() -> Any:
    from google.cloud import secretmanager  # slow to import

    return secretmanager.SecretManagerServiceClient()

"""Turn the errors of Google's client libraries into messages that say what to do.

Source of the codes: https://cloud.google.com/apis/design/errors.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from google.api_core import exceptions as api
from google.auth import exceptions as auth
from requests.exceptions import RequestException

from epyflow.errors import EpyflowError, UnreachableError

LOG_IN = "log in: gcloud auth application-default login"

_SERVER_ERROR, _TOO_MANY = 500, 429
_REMEDIES = {401: LOG_IN, _TOO_MANY: "too many requests; wait a minute and run the command again"}


@contextmanager
def explained(where: str, service: str, remedies: Mapping[int, str]) -> Iterator[None]:
    """Turn an error that a client library raises in the block into an :class:`EpyflowError`.

    Parameters
    ----------
    where
        The resource; the message begins with it.
    service
        Name of the service, such as Google Cloud Storage.
    remedies
        HTTP status to what to do about it, besides those that are the same for every service.

    Raises
    ------
    UnreachableError
        If the service does not answer, or not now: it has failed, or had too many requests.
    EpyflowError
        Naming the resource, the code, and what to do.
    """
    try:
        yield
    except api.RetryError as error:
        raise UnreachableError(
            f"{where}: no answer from {service} ({error.cause or error}); try again later"
        ) from error
    except api.GoogleAPICallError as error:
        code, known = error.code or 0, _REMEDIES | dict(remedies)
        remedy = known.get(code, "run the command again; finished work is kept")
        kind = UnreachableError if code >= _SERVER_ERROR or code == _TOO_MANY else EpyflowError
        raise kind(f"{where}: {error.code} {error.message}; {remedy}") from error
    except (auth.TransportError, RequestException) as error:
        raise UnreachableError(
            f"{where}: no answer from {service} ({type(error).__name__}: {error}); "
            "check the network and run the command again"
        ) from error
    except auth.GoogleAuthError as error:
        raise EpyflowError(f"{where}: {error}; {LOG_IN}") from error

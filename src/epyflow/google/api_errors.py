"""What Google's client libraries raise, as one message that says what to do.

Source of the codes: https://cloud.google.com/apis/design/errors.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from google.api_core import exceptions as api
from google.auth import exceptions as auth
from requests.exceptions import RequestException

from epyflow.errors import EpyflowError

LOG_IN = "log in: gcloud auth application-default login"

_REMEDIES = {401: LOG_IN, 429: "too many requests; wait a minute and start again"}


@contextmanager
def explained(where: str, service: str, remedies: Mapping[int, str]) -> Iterator[None]:
    """Turn what a client library raises in the block into an :class:`EpyflowError`.

    Parameters
    ----------
    where
        What was asked for; the message begins with it.
    service
        Its name, such as Google Cloud Storage.
    remedies
        HTTP status to what to do about it there; a few that are the same everywhere are known.

    Raises
    ------
    EpyflowError
        Naming place, code, and what to do.
    """
    try:
        yield
    except api.RetryError as error:
        raise EpyflowError(
            f"{where}: no answer from {service} ({error.cause or error}); try again later"
        ) from error
    except api.GoogleAPICallError as error:
        known = _REMEDIES | dict(remedies)
        remedy = known.get(error.code or 0, "start again; what is done is kept")
        raise EpyflowError(f"{where}: {error.code} {error.message}; {remedy}") from error
    except auth.GoogleAuthError as error:
        raise EpyflowError(f"{where}: {error}; {LOG_IN}") from error
    except RequestException as error:
        raise EpyflowError(
            f"{where}: no answer from {service} ({type(error).__name__}: {error}); "
            "check the network and start again"
        ) from error

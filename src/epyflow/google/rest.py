"""Call Google's REST APIs that have no client library here: Compute Engine, IAM and others.

Sources: https://googleapis.dev/python/google-auth/latest (``AuthorizedSession``) and
https://cloud.google.com/apis/docs/http.
"""

import os
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from google.api_core import exceptions as api
from google.api_core.retry import Retry, if_transient_error
from google.auth.transport.requests import AuthorizedSession

EMULATOR_VARIABLE = "GOOGLE_BATCH_EMULATOR_APIS"
"""Variable with the address of an emulator, which serves ``<address>/<host>/<path>``."""

UNIVERSE_VARIABLE = "GOOGLE_CLOUD_UNIVERSE_DOMAIN"
USUAL_UNIVERSE = "googleapis.com"

# These have no types.
_error_of: Any = api.from_http_response
_session_of: Any = AuthorizedSession

_TIMEOUT = 20.0
_REPEATED = Retry(
    predicate=if_transient_error, initial=0.5, maximum=5.0, multiplier=2.0, timeout=20.0
)


class Apis:
    """REST APIs, called with given credentials.

    Requests are retried for 20 seconds after a transient error. Responses other than OK are raised
    as ``google.api_core.exceptions.GoogleAPICallError``.

    Parameters
    ----------
    credentials
        From ``google.auth.default``.
    environment
        Variables that say where the APIs are: at Google, in another universe, or at an emulator.
    """

    def __init__(self, credentials: Any, environment: Mapping[str, str] = os.environ) -> None:
        self._credentials = credentials
        self._emulator = environment.get(EMULATOR_VARIABLE, "").rstrip("/")
        given = environment.get(UNIVERSE_VARIABLE)
        its = getattr(credentials, "universe_domain", None)
        self._universe = USUAL_UNIVERSE if self._emulator else given or its or USUAL_UNIVERSE
        self.dates: list[str] = []

    def get(self, service: str, path: str, **query: object) -> dict[str, Any]:
        """Return a document.

        Parameters
        ----------
        service
            The first part of the host, such as ``compute``.
        path
            Below the host, without a slash before it.
        query
            Parameters; a list gives one several values.
        """
        return self._document("GET", f"{service}.{self._universe}", path, params=query)

    def post(self, service: str, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        """Send a document and return the answer."""
        return self._document("POST", f"{service}.{self._universe}", path, json=body)

    def of_host(self, host: str, path: str, accept: str) -> dict[str, Any]:
        """Return a document of another host, such as an image registry."""
        return self._document("GET", host, path, headers={"Accept": accept})

    def _document(self, method: str, host: str, path: str, **options: Any) -> dict[str, Any]:
        root = f"{self._emulator}/{host}" if self._emulator else f"https://{host}"
        answer: Any = _REPEATED(self._ask)(method, f"{root}/{path}", options)
        document: dict[str, Any] = answer.json()
        return document

    def _ask(self, method: str, url: str, options: Mapping[str, Any]) -> Any:
        answer = self._session.request(method, url, timeout=_TIMEOUT, **options)
        self.dates.append(answer.headers.get("Date", ""))
        if not answer.ok:
            raise _refusal(answer)
        return answer

    @cached_property
    def _session(self) -> Any:
        return _session_of(self._credentials)


def _refusal(answer: Any) -> api.GoogleAPICallError:
    """Return a response other than OK as an error; image registries have a format of their own."""
    error: api.GoogleAPICallError = _error_of(answer)
    try:
        errors = answer.json()["errors"]
        error.message = "; ".join(f"{each['code']}: {each['message']}" for each in errors)
    except (ValueError, KeyError, TypeError):
        pass
    return error


def said(error: api.GoogleAPICallError) -> str:
    """Return the message of an API, without the URL."""
    return re.sub(r"^[A-Z]+ https?://\S+: ", "", str(error.message))


def reason(error: api.GoogleAPICallError) -> str:
    """Return the API's reason, such as ``SERVICE_DISABLED``; empty if there is none."""
    return str(error.reason or "")

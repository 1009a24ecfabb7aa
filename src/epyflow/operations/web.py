"""Ask a server by HTTPS: answers are limited, and a token is sent to no other server."""

import http.client
import urllib.request
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.parse import urlsplit

from epyflow.errors import DataError, EpyflowError, UnreachableError

_TIMEOUT_S = 60
_LOCAL = ("127.0.0.1", "localhost", "::1")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follow no redirect: the token would be sent to another server."""

    def redirect_request(self, *arguments: Any, **named: Any) -> None:
        return None


class Answer(NamedTuple):
    """The answer of a server: its HTTP status, and its body."""

    status: int
    body: bytes


def confirm_encrypted(address: str) -> None:
    """Raise unless an address is HTTPS, or HTTP to this machine."""
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOCAL):
        raise EpyflowError(f"{address}: expected an address that begins with https://")


def confirm_token(token: str, variable: str) -> None:
    """Raise if the value of a variable cannot be a token; the message does not contain it."""
    if not token.isascii() or any(not letter.isprintable() for letter in token):
        raise EpyflowError(f"{variable} does not hold a token; expected one line of text")


def ask(url: str, headers: Mapping[str, str], most: int, body: bytes | None = None) -> Answer:
    """Send a request, and return the answer; also that of a refusal or a redirect.

    Parameters
    ----------
    url
        From an address that :func:`confirm_encrypted` admits.
    headers
        Such as that of a token.
    most
        Bytes that the body of the answer may have.
    body
        Sent by POST; None: by GET.

    Raises
    ------
    UnreachableError
        If there is no complete answer.
    DataError
        If it is too large.
    """
    address = url.partition("?")[0]
    request = urllib.request.Request(url, body, dict(headers))  # noqa: S310 - checked by the caller
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=_TIMEOUT_S) as answer:
            given = Answer(answer.status, answer.read(most + 1))
    except HTTPError as error:
        with error:  # it holds the connection
            given = Answer(error.code, _read(error, most))
    except (OSError, http.client.HTTPException) as error:
        raise UnreachableError(
            f"{address}: no complete answer ({type(error).__name__}); try again later"
        ) from None
    if len(given.body) > most:
        raise DataError(f"{address}: the answer has more than {most:,} bytes")
    return given


def _read(refusal: HTTPError, most: int) -> bytes:
    """Return the body of a refusal, as far as there is one."""
    try:
        return refusal.read(most)
    except (OSError, http.client.HTTPException):
        return b""

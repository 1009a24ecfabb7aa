"""Ask a server by HTTPS: answers are limited, and a token is sent to no other server."""

import http.client
import time
import urllib.request
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.parse import urlsplit

from epyflow.errors import DataError, EpyflowError, UnreachableError

_TIMEOUT_S = 60
_LONGEST_S = 600
"""The first for each part of an answer, the second for its body: a server may send it by bytes."""
_BROKEN = (OSError, http.client.HTTPException, ValueError)
"""What a server or a wrong address makes urllib raise; ValueError of lengths, hosts and letters."""
_LOCAL = ("127.0.0.1", "localhost", "::1")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follow no redirect: the token would be sent to another server."""

    def http_error_302(self, *arguments: Any, **named: Any) -> None:
        return None

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


class Answer(NamedTuple):
    """The answer of a server: its HTTP status, and its body."""

    status: int
    body: bytes


def confirm_encrypted(address: str) -> None:
    """Raise unless an address is HTTPS, or HTTP to this machine."""
    try:
        parts = urlsplit(address)
    except ValueError as error:
        raise EpyflowError(f"{address}: is no address: {error}; expected https://...") from None
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
            given = Answer(answer.status, _read(answer, most))
    except HTTPError as error:
        with error:  # it holds the connection
            given = Answer(error.code, _read_refusal(error, most))
    except _BROKEN as error:
        raise UnreachableError(
            f"{address}: no complete answer ({type(error).__name__}); try again later"
        ) from None
    if len(given.body) > most:
        raise DataError(f"{address}: the answer has more than {most:,} bytes")
    return given


def _read(answer: http.client.HTTPResponse, most: int) -> bytes:
    """Return the body, or its begin if it is larger; raise if it ends early or takes too long."""
    body, until = bytearray(), time.monotonic() + _LONGEST_S
    while len(body) <= most and (part := answer.read1(most + 1 - len(body))):
        body += part
        if time.monotonic() > until:
            raise TimeoutError
    if answer.length and len(body) <= most:
        raise http.client.IncompleteRead(bytes(body), answer.length)
    return bytes(body)


def _read_refusal(refusal: HTTPError, most: int) -> bytes:
    """Return the body of a refusal, as far as there is one."""
    try:
        return refusal.read(most)
    except _BROKEN:
        return b""

"""Fetch weekly hospital admissions of the National Healthcare Safety Network from data.cdc.gov.

Source of the interface: dev.socrata.com, "Paging through Data" and "Application Tokens"; the data
set is "Weekly Hospital Respiratory Data (HRD) Metrics by Jurisdiction, NHSN (Preliminary)".
"""

import csv
import http.client
import io
import json
import os
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit

from epyflow.errors import DataError, EpyflowError, PopulationError, UnreachableError
from epyflow.operations.target_data.vintage_store import LARGEST
from epyflow.population.locations import find_any

TOKEN_VARIABLE = "EPYFLOW_SOCRATA_TOKEN"  # noqa: S105 - the name of a variable
ADDRESS = "https://data.cdc.gov/resource/mpgq-jmmr.json"
COLUMNS = {
    "flu": "totalconfflunewadm",
    "covid": "totalconfc19newadm",
    "rsv": "totalconfrsvnewadm",
}
"""Disease to the column of new admissions."""

PAGE = 10_000
"""Rows of a page."""
_MOST_PAGES = 100
_TIMEOUT_S = 60
_DAY, _PLACE = "weekendingdate", "jurisdiction"
_LOCAL = ("127.0.0.1", "localhost", "::1")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follow no redirect: the token would be sent to another server."""

    def redirect_request(self, *arguments: Any, **named: Any) -> None:
        return None


def fetch_admissions(
    disease: str, address: str = ADDRESS, environment: Mapping[str, str] = os.environ
) -> bytes:
    """Return weekly admissions as a CSV with ``date``, ``location`` and ``value``.

    Parameters
    ----------
    disease
        A key of ``COLUMNS``.
    address
        Of the data set; HTTPS, or HTTP to this machine.
    environment
        ``EPYFLOW_SOCRATA_TOKEN`` is an application token, if there is one.

    Returns
    -------
    content
        Rows by date and location, a FIPS code or ``US``; regions of states are left out. ``NA``
        where no number was reported.

    Raises
    ------
    UnreachableError
        If the server does not answer.
    EpyflowError
        If it refuses, or the address is wrong; the message contains no token.
    DataError
        If the answer is not what the interface describes, or too large.
    """
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOCAL):
        raise EpyflowError(f"{address}: expected an address that begins with https://")
    column = COLUMNS[disease]
    rows: dict[tuple[str, str], str] = {}
    for row in _rows(address, column, environment.get(TOKEN_VARIABLE, "")):
        place = _location(str(row.get(_PLACE)))
        if place is None:
            continue
        key = (str(row.get(_DAY))[:10], place)
        if key in rows:
            raise DataError(f"{address}: {place} has {key[0]} twice; expected each week once")
        rows[key] = str(row.get(column, "NA"))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("date", "location", "value"))
    writer.writerows((*key, value) for key, value in sorted(rows.items()))
    return text.getvalue().encode()


def _rows(address: str, column: str, token: str) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of all pages."""
    left = LARGEST
    for page in range(_MOST_PAGES):
        query = {
            "$select": f"{_DAY},{_PLACE},{column}",
            "$order": f"{_DAY},{_PLACE}",
            "$limit": PAGE,
            "$offset": page * PAGE,
        }
        body = _get(f"{address}?{urlencode(query)}", token, left)
        left -= len(body)
        try:
            found = json.loads(body)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise DataError(f"{address}: the answer is not a list of rows; expected JSON")
        yield from found
        if len(found) < PAGE:
            return
    raise DataError(f"{address}: more than {_MOST_PAGES * PAGE:,} rows; expected fewer")


def _get(url: str, token: str, most: int) -> bytes:
    """Return the body of an answer of at most ``most`` bytes."""
    address = url.partition("?")[0]
    if not token.isascii() or any(not letter.isprintable() for letter in token):
        raise EpyflowError(f"{TOKEN_VARIABLE} does not hold a token; expected one line of text")
    headers = {"X-App-Token": token} if token else {}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - checked by the caller
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=_TIMEOUT_S) as answer:
            body: bytes = answer.read(most + 1)
    except HTTPError as error:
        error.close()  # it holds the connection
        advice = {429: f"wait, or set {TOKEN_VARIABLE}", 403: f"look at {TOKEN_VARIABLE}"}
        told = advice.get(error.code, "look at the address, or fetch again later")
        raise EpyflowError(f"{address}: the server answers {error.code}; {told}") from None
    except (OSError, http.client.HTTPException) as error:
        raise UnreachableError(
            f"{address}: no complete answer ({type(error).__name__}); fetch again later"
        ) from None
    if len(body) > most:
        raise DataError(f"{address}: the answers have more than {LARGEST:,} bytes")
    return body


def _location(jurisdiction: str) -> str | None:
    """Return the hubs' code of a jurisdiction; None for a region of several states."""
    try:
        return find_any("US" if jurisdiction == "USA" else jurisdiction).fips
    except PopulationError:
        return None

"""Fetch weekly hospital admissions of the National Healthcare Safety Network from data.cdc.gov.

Source of the interface: dev.socrata.com, "Paging through Data" and "Application Tokens"; the data
set is "Weekly Hospital Respiratory Data (HRD) Metrics by Jurisdiction, NHSN (Preliminary)".
"""

import csv
import io
import json
import os
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from epyflow.errors import DataError, EpyflowError, PopulationError
from epyflow.operations.secret_variables import SOCRATA
from epyflow.operations.target_data.vintage_store import LARGEST
from epyflow.operations.web import ask, confirm_encrypted, confirm_token
from epyflow.population.locations import find_any
from forecast_hub.dates import parse_date

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
_OK = 200
_DAY, _PLACE = "weekendingdate", "jurisdiction"
_SATURDAY = 5
"""Of :meth:`datetime.date.weekday`, which no locale changes."""


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
        If the answer is not what the interface describes, has a week twice or one that ends on
        another day than Saturday, or is too large.
    """
    confirm_encrypted(address)
    column = COLUMNS[disease]
    rows: dict[tuple[str, str], str] = {}
    for row in _rows(address, column, environment.get(SOCRATA, "")):
        place = _location(str(row.get(_PLACE)))
        if place is None:
            continue
        key = (_saturday(address, place, str(row.get(_DAY))[:10]), place)
        value = "NA" if row.get(column) is None else str(row[column])
        if key in rows:
            raise DataError(
                f"{address}: {place} has {key[0]} twice: {rows[key]} and {value}; expected each "
                "week once: fetch later"
            )
        rows[key] = value
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("date", "location", "value"))
    writer.writerows((*key, value) for key, value in sorted(rows.items()))
    return text.getvalue().encode()


def _saturday(address: str, place: str, text: str) -> str:
    """Return a date, unless it is no Saturday; texts that are no dates are refused elsewhere."""
    day = parse_date(text)
    if day is not None and day.weekday() != _SATURDAY:
        raise DataError(
            f"{address}: {place} has {text}, a {day:%A}; expected weeks that end on a Saturday: "
            "fetch later"
        )
    return text


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
    confirm_token(token, SOCRATA)
    status, body = ask(url, {"X-App-Token": token} if token else {}, most)
    if status != _OK:
        advice = {429: f"wait, or set {SOCRATA}", 403: f"look at {SOCRATA}"}
        told = advice.get(status, "look at the address, or fetch again later")
        raise EpyflowError(f"{url.partition('?')[0]}: the server answers {status}; {told}")
    return body


def _location(jurisdiction: str) -> str | None:
    """Return the hubs' code of a jurisdiction; None for a region of several states."""
    try:
        return find_any("US" if jurisdiction == "USA" else jurisdiction).fips
    except PopulationError:
        return None

"""Fetch observations from a source, and keep them as the vintage of a day."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from epyflow.errors import DataError
from epyflow.operations.target_data import nhsn
from epyflow.operations.target_data.hub_copy import read_target_data
from epyflow.operations.target_data.vintage_manifest import Series, Vintage
from epyflow.operations.target_data.vintage_store import keep_vintage

_NHSN = "nhsn-"
NHSN_SOURCES = tuple(f"{_NHSN}{disease}" for disease in nhsn.COLUMNS)
"""Names of the sources that are admissions of the NHSN."""


@dataclass(frozen=True)
class Source:
    """A source of observations.

    Attributes
    ----------
    named
        One of :data:`NHSN_SOURCES`; or a hub: its folder, or the address of its repository.
    file
        The hub's target data; None: as the hubverse names it.
    address
        The NHSN's data set; None: that of data.cdc.gov.
    environment
        ``EPYFLOW_SOCRATA_TOKEN`` is the NHSN's application token, if there is one.
    """

    named: str
    file: str | None = None
    address: str | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)

    @property
    def series(self) -> str:
        """The usual name of its vintages."""
        return self.named if self.named in NHSN_SOURCES else "target-data"

    @property
    def origin(self) -> str:
        """How the description of what is read begins."""
        if self.named not in NHSN_SOURCES:
            return f"{self.named}: {self.file or ''}"
        column = nhsn.COLUMNS[self.named.removeprefix(_NHSN)]
        return f"{self.address or nhsn.ADDRESS}, {column}"

    def read(self) -> tuple[bytes, str, str]:
        """Return the content of the file, its suffix, and where it is from.

        Raises
        ------
        EpyflowError
            If it cannot be read.
        """
        if self.named not in NHSN_SOURCES:
            return read_target_data(self.named, self.file)
        disease, address = self.named.removeprefix(_NHSN), self.address or nhsn.ADDRESS
        content = nhsn.fetch_admissions(disease, address, self.environment)
        return content, ".csv", self.origin


@dataclass(frozen=True)
class Fetched:
    """A vintage that was fetched: its record, its file, and whether it was written now."""

    vintage: Vintage
    path: Path
    is_new: bool

    def __str__(self) -> str:
        its = self.vintage
        return (
            f"{'kept' if self.is_new else 'kept before'}: {its.values:,} values of "
            f"{its.locations:,} locations to {its.last_observation}"
        )


def fetch_vintage(
    source: Source, folder: Path, day: date, max_age: int, name: str | None = None
) -> Fetched:
    """Fetch observations, and keep them as the vintage of a day.

    Parameters
    ----------
    source
        Where they are from.
    folder, name
        Of the vintages; without a name, the source's.
    day, max_age
        See :func:`epyflow.operations.target_data.vintage_store.keep_vintage`, which raises.
    """
    content, suffix, described = source.read()
    series = Series(folder, name or source.series, suffix)
    vintage, is_new = keep_vintage(series, content, day, described, max_age)
    return Fetched(vintage, series.file(vintage) or series.path(day), is_new)


def is_kept(source: Source, folder: Path, day: date) -> bool:
    """Return whether a day's vintage of a source was kept before, under its usual name.

    Raises
    ------
    DataError
        If the day's vintage of that name is from another source.
    """
    kept = Series(folder, source.series, "").kept(day)
    if kept is not None and not kept.source.startswith(source.origin):
        raise DataError(
            f"{folder}: the observations of {day} were fetched from {kept.source}; expected the "
            f"same source again, or another folder for {source.named}"
        )
    return kept is not None

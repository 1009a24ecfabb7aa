"""Record the vintages of a folder in ``vintages.json``: the checksum and the source of each."""

import contextlib
import fcntl
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from operator import attrgetter
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from epyflow.errors import UnreadableError
from epyflow.experiment.format.base import Date
from epyflow.files import sha256_of, write_bytes_atomically
from epyflow.strict import Many, Strict
from forecast_hub.errors import HubError
from forecast_hub.limited_files import SUFFIXES, open_data

MANIFEST = "vintages.json"
_LARGEST_MANIFEST = 2**22

TEMPORARY = ".fetch-"
"""How the name of a file begins that a fetch is writing."""


class Vintage(Strict):
    """The record of one vintage.

    Attributes
    ----------
    day
        The day as of which the data are known.
    sha256
        Checksum of the file.
    source
        Where the data are from.
    last_observation
        The latest date with a value.
    values
        How many values there are.
    locations
        How many locations have a value.
    """

    day: Date
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    source: Annotated[str, Field(max_length=2000)]
    last_observation: Date
    values: Annotated[int, Field(ge=1)]
    locations: Annotated[int, Field(ge=1)]


class _Manifest(Strict):
    vintages: dict[str, Many[Vintage]] = Field(default_factory=dict)
    pending: dict[str, Vintage] = Field(default_factory=dict)


@dataclass(frozen=True)
class Series:
    """A series of vintages: the files of one name in a folder."""

    folder: Path
    name: str
    suffix: str

    def path(self, day: date) -> Path:
        """Return the file of a day's vintage."""
        return self.folder / f"{self.name}_{day}{self.suffix}"

    def vintages(self) -> tuple[Vintage, ...]:
        """Return the records of the vintages, in the order of their days."""
        return _read_manifest(self.folder).vintages.get(self.name, ())

    def kept(self, day: date) -> Vintage | None:
        """Return the record of a day's vintage, if a file of any suffix is what was kept."""
        records = [*self.vintages(), *filter(None, [self.unrecorded()])]
        return next((each for each in records if each.day == day and self.file(each)), None)

    def unrecorded(self) -> Vintage | None:
        """Return the vintage whose fetch was killed after its file had got its name."""
        pending = _read_manifest(self.folder).pending.get(self.name)
        return pending if pending is not None and self.file(pending) else None

    def file(self, vintage: Vintage) -> Path | None:
        """Return the file, of any suffix, that is what was kept; None without one."""
        paths = [replace(self, suffix=each).path(vintage.day) for each in (self.suffix, *SUFFIXES)]
        same = (path for path in paths if path.is_file() and sha256_of(path) == vintage.sha256)
        return next(same, None)


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Wait until no other fetch is in the block, and remove what a killed one has left.

    A folder that cannot be locked, as on NFS, is not.
    """
    number = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(number, fcntl.LOCK_EX)
            for pattern in (f"{TEMPORARY}*", f".{MANIFEST}.*.tmp"):
                for path in folder.glob(pattern):
                    path.unlink(missing_ok=True)
        yield
    finally:
        os.close(number)


def record_vintage(series: Series, vintage: Vintage) -> None:
    """Add a vintage to the records of its series, in place of one of the same day."""
    others = [each for each in series.vintages() if each.day != vintage.day]
    write_manifest(series, sorted([*others, vintage], key=attrgetter("day")))


def write_manifest(
    series: Series, vintages: Sequence[Vintage] | None = None, pending: Vintage | None = None
) -> None:
    """Replace what is pending of a series, and its records if there are new ones."""
    manifest = _read_manifest(series.folder)
    records = dict(manifest.vintages)
    if vintages is not None:
        records[series.name] = tuple(vintages)
    waiting = {name: each for name, each in manifest.pending.items() if name != series.name}
    if pending is not None:
        waiting[series.name] = pending
    content = _Manifest(vintages=dict(sorted(records.items())), pending=waiting)
    text = content.model_dump_json(indent=1, exclude=None if waiting else {"pending"}) + "\n"
    write_bytes_atomically(series.folder / MANIFEST, text.encode())


def _read_manifest(folder: Path) -> _Manifest:
    path = folder / MANIFEST
    try:
        with open_data(path, _LARGEST_MANIFEST) as file:
            return _Manifest.model_validate_json(file.read())
    except FileNotFoundError:
        return _Manifest()
    except ValidationError as error:
        why = first_problem(error)
    except (OSError, HubError, ValueError) as error:
        why = str(error)
    raise UnreadableError(f"{path}: not a manifest of vintages: {why}; restore it")


def first_problem(error: ValidationError) -> str:
    """Return the first problem: its key, if it has one, and what is wrong."""
    first = error.errors(include_url=False)[0]
    return ": ".join(filter(None, (".".join(map(str, first["loc"])), first["msg"])))

"""Describe a file of a storage: size and time in a listing, or one version of it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol, runtime_checkable

from epyflow.errors import UnreadableError


@dataclass(frozen=True)
class Stored:
    """A file in a listing.

    Attributes
    ----------
    size
        In bytes.
    modified
        When it was last written, in UTC.
    """

    size: int
    modified: datetime


_LATEST = 2.0**33


def moment_of(seconds: float) -> datetime:
    """Return a file's time, from seconds since 1970, within 1970 to 2242.

    Some file systems let the owner of a file set years that no date has.
    """
    return datetime.fromtimestamp(min(max(seconds, 0.0), _LATEST), UTC)


LARGEST_READ = 2**31
"""Bytes of the largest file that is read: it is held in memory, and others may write to a bucket.
Results and tables of large runs have some hundred MB."""


LARGEST_TEXT = 2**26
"""Bytes of the largest record or log that is read; ``run_metadata.json`` has some hundred for a
task."""


def confirm_readable(size: int, where: str, most: int | None = None) -> None:
    """Raise UnreadableError if a file, of ``size`` bytes or more, is too large to be read."""
    if size > (limit := most or LARGEST_READ):
        raise UnreadableError(
            f"{where} has more than {limit:,} bytes, as no such file of a run has; nothing of it "
            "was read. Find out who may write it; delete it, or make it again"
        )


LARGEST_VERSION = 2**20
"""Bytes that are read of a file whose version is compared: it is a small record."""


@dataclass(frozen=True)
class Version:
    """A file as it was read.

    Attributes
    ----------
    data
        Its bytes, of a larger file the first :data:`LARGEST_VERSION`.
    name
        Names this version among all versions of the file.
    modified
        When it was written, in UTC, by the clock of the storage.
    """

    data: bytes
    name: str
    modified: datetime


@runtime_checkable
class VersionedStorage(Protocol):
    """A storage in which a file can be written on condition that nobody has changed it."""

    def read_version(self, path: str) -> Version | None:
        """Return a file; None if there is no such file."""

    def write_version(self, path: str, data: bytes, replaced: str | None) -> str | None:
        """Write a file if its version is still ``replaced``; None stands for no file.

        Returns
        -------
        The name of the new version; None if the file has another version. A request whose answer
        was lost is repeated: then the version that is found may be this one.
        """

    def remove_version(self, path: str, version: str) -> None:
        """Remove a file if this is still its version."""


def replace_version(
    storage: VersionedStorage, path: str, data: bytes, replaced: str | None
) -> str | None:
    """Write a file as :meth:`VersionedStorage.write_version` does, also if its answer was lost."""
    version = storage.write_version(path, data, replaced)
    if version is None:
        found = storage.read_version(path)
        version = found.name if found is not None and found.data == data[:LARGEST_VERSION] else None
    return version

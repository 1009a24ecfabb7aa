"""Read and write the files of runs on disk, or in a bucket under a storage prefix.

Snakemake moves the files that the rules declare. This module is for files that no rule can
declare: the inputs that exist before the rules are read, the record of what they were built from,
the checkpoints of a calibration, and the removal of failure records.
"""

import hashlib
import os
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Protocol

from epyflow.errors import EpyflowError, UnreadableError
from epyflow.files import is_below, write_bytes_atomically
from epyflow.storage.address import (
    confirm_address,
    confirm_unambiguous,
    google_bucket,
    s3_bucket,
)
from epyflow.storage.folder_listing import list_below, list_names
from epyflow.storage.regular_file import LEADS_OUT, locked, open_regular
from epyflow.storage.stored_file import (
    LARGEST_VERSION,
    Stored,
    Version,
    confirm_readable,
    moment_of,
)
from forecast_hub.atomic_files import TEMPORARY, replacing

GOOGLE_SCHEMES = ("gs://", "gcs://")
S3_SCHEME = "s3://"
BUCKET_SCHEMES = (*GOOGLE_SCHEMES, S3_SCHEME)


class Storage(Protocol):
    """A tree of files; paths are relative to its top and have forward slashes."""

    @property
    def uri(self) -> str | None:
        """Return the default storage prefix that the rules' files have; None without one.

        With a prefix, a rule's job writes a local copy, which Snakemake moves to this storage.
        """

    def names(self, folder: str) -> Mapping[str, str | None]:
        """Return the files directly in a folder by name, each with its MD5 if it is known."""

    def below(self, folder: str) -> Mapping[str, Stored]:
        """Return the files in a folder and all folders below it, by path relative to it."""

    def unfinished(self, folder: str) -> Mapping[str, Stored]:
        """Return temporary files in a folder, those of killed processes included."""

    def read(self, path: str, most: int | None = None) -> bytes | None:
        """Return a file's bytes; None if there is no such file.

        One of more than ``most`` bytes, by default ``LARGEST_READ``, is an UnreadableError.
        """

    def read_all(self, paths: Iterable[str], most: int | None = None) -> Mapping[str, bytes]:
        """Return the bytes of the files that exist, as :meth:`read` does."""

    def read_part(self, path: str, start: int, count: int) -> bytes | None:
        """Return at most ``count`` bytes of a file from ``start``; None if there is no such file.

        At or after its end, there are none.
        """

    def write(self, path: str, data: bytes) -> None:
        """Write or replace a file; a reader sees the old one or the new one."""

    def upload(self, file: Path, path: str) -> None:
        """Write or replace a file by the content of one of this machine, as :meth:`write` does."""

    def copy(self, targets: Mapping[str, str]) -> None:
        """Copy files, path to path of the copy, where they are; replace as :meth:`write` does."""

    def remove(self, paths: Iterable[str]) -> None:
        """Remove files; missing ones are no error."""

    def prune(self, folder: str) -> None:
        """Remove a folder and the folders below it, if they are empty."""


class Disk:
    """Files below a folder, by default the working directory.

    Parameters
    ----------
    root
        The folder.
    uri
        See :attr:`Storage.uri`.
    """

    def __init__(self, root: Path | None = None, uri: str | None = None) -> None:
        self._root, self._uri = root or Path(), uri

    @property
    def uri(self) -> str | None:
        """The folder, if it is the default storage prefix; None for the working directory."""
        return self._uri

    def holds(self, path: Path) -> bool:
        """Return whether a file or folder may be read, its links followed."""
        del path
        return True  # the working directory is one's own

    def names(self, folder: str) -> Mapping[str, str | None]:
        """List a folder; nothing if it does not exist. Checksums are not computed."""
        return dict.fromkeys(list_names(self._root / folder, self.holds))

    def _open(self, path: str) -> BinaryIO:
        name = self._root / path
        file = open_regular(name, os.O_RDONLY, links=True)
        opened = Path(f"/proc/self/fd/{file.fileno()}")  # the link may have been changed meanwhile
        if self.holds(opened if opened.exists() else name):
            return file
        file.close()
        raise UnreadableError(f"{name} {LEADS_OUT}")

    def _place(self, path: str) -> Path:
        target = self._root / path
        if not self.holds(target.parent):
            raise UnreadableError(f"{target.parent} {LEADS_OUT}")
        return target

    def below(self, folder: str) -> Mapping[str, Stored]:
        """List a folder and the folders below it; nothing if it does not exist.

        Files whose name starts with a dot are omitted: they are temporary. Links to folders
        are not followed.
        """
        return list_below(self._root / folder, lambda name: not name.startswith("."), self.holds)

    def unfinished(self, folder: str) -> Mapping[str, Stored]:
        """List temporary files of :func:`forecast_hub.atomic_files.replacing`."""
        return list_below(
            self._root / folder, lambda name: TEMPORARY.fullmatch(name) is not None, self.holds
        )

    def read(self, path: str, most: int | None = None) -> bytes | None:
        """Read a file.

        Raises
        ------
        UnreadableError
            If it is too large, is no regular file, or cannot be read.
        """
        try:
            with self._open(path) as file:
                size = os.fstat(file.fileno()).st_size
                confirm_readable(size, str(self._root / path), most)
                return file.read()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def read_all(self, paths: Iterable[str], most: int | None = None) -> Mapping[str, bytes]:
        """Read files one after another."""
        found = {path: self.read(path, most) for path in paths}
        return {path: data for path, data in found.items() if data is not None}

    def read_part(self, path: str, start: int, count: int) -> bytes | None:
        """Read a part of a file.

        Raises
        ------
        UnreadableError
            If it is no regular file, or cannot be read.
        """
        try:
            with self._open(path) as file:
                file.seek(start)
                return file.read(count)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def write(self, path: str, data: bytes) -> None:
        """Write a file, and the folder it is in."""
        target = self._place(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        write_bytes_atomically(target, data)

    def upload(self, file: Path, path: str) -> None:
        """Copy a file."""
        target = self._place(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as temporary:
            shutil.copyfile(file, temporary)

    def copy(self, targets: Mapping[str, str]) -> None:
        """Copy files one after another."""
        for source, target in targets.items():
            self.upload(self._root / source, target)

    def remove(self, paths: Iterable[str]) -> None:
        """Remove files."""
        for path in paths:
            self._place(path).unlink(missing_ok=True)

    def prune(self, folder: str) -> None:
        """Remove empty folders, the deepest first."""
        for where, _, _ in os.walk(self._root / folder, topdown=False):
            with suppress(OSError):  # it is not empty
                Path(where).rmdir()


class SharedFolder(Disk):
    """A folder that is the default storage prefix of the storage provider ``fs``.

    A conditional write locks a file beside, which stays. The file system has to support locks of
    POSIX between its machines, as NFS and Lustre can; a machine that ends releases its locks.
    Others may write there: links that lead out of it are not followed.
    """

    def holds(self, path: Path) -> bool:
        """Return whether a file or folder, its links followed, is below the folder."""
        return is_below(path, (self._root,))

    def read_version(self, path: str) -> Version | None:
        """Read a file; its version is named by its content."""
        try:
            with open_regular(self._place(path), os.O_RDONLY) as file:
                data, its = file.read(LARGEST_VERSION), os.fstat(file.fileno())
        except (FileNotFoundError, NotADirectoryError):
            return None
        modified = moment_of(its.st_mtime)
        return Version(data, hashlib.sha256(data).hexdigest(), modified)

    def write_version(self, path: str, data: bytes, replaced: str | None) -> str | None:
        """Write a file if its content is still the one that was read."""
        with locked(self._place(f"{path}.lock")):
            found = self.read_version(path)
            if replaced != (None if found is None else found.name):
                return None
            self.write(path, data)
            return hashlib.sha256(data[:LARGEST_VERSION]).hexdigest()

    def remove_version(self, path: str, version: str) -> None:
        """Remove a file if its content is still the one that was read."""
        with locked(self._place(f"{path}.lock")):
            found = self.read_version(path)
            if found is not None and found.name == version:
                self.remove([path])


def storage_at(prefix: str | None) -> Storage:
    """Return the files under a default storage prefix.

    Parameters
    ----------
    prefix
        ``gs://bucket/prefix``, ``s3://bucket/prefix``, a folder that exists, or None for the
        working directory.

    Raises
    ------
    EpyflowError
        If it is another kind of storage, whose files cannot be listed, has characters that address
        other files in another program, or if the packages for it are not installed.
    """
    if prefix is None:
        return Disk()
    if not prefix.startswith((*BUCKET_SCHEMES, "/")):
        raise EpyflowError(
            f"default-storage-prefix {prefix!r} is not a storage that epyflow can list; expected "
            "gs://<bucket>/<prefix> with the storage provider gcs or gcs-indexed, "
            "s3://<bucket>/<prefix> with s3, or a folder, /<path>, with fs"
        )
    confirm_unambiguous(prefix)
    if prefix.startswith("/"):
        return _folder(prefix)
    confirm_address(prefix)
    return s3_bucket(prefix) if prefix.startswith(S3_SCHEME) else google_bucket(prefix)


def _folder(prefix: str) -> Storage:
    if not Path(prefix).is_dir():
        raise EpyflowError(
            f"default-storage-prefix {prefix}: no such folder; expected one that all machines of "
            "the run share. Make it first: if it is missing, the folder may not be mounted"
        )
    return SharedFolder(Path(prefix), prefix)

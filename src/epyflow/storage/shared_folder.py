"""Write files of a folder that machines share on condition that nobody else has changed them."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from epyflow.storage.disk import Disk
from epyflow.storage.stored_file import LARGEST_VERSION, Version


class SharedFolder(Disk):
    """A folder that is the default storage prefix of the storage provider ``fs``.

    A conditional write locks a file beside, which stays. The file system has to support locks of
    POSIX between its machines, as NFS and Lustre can; a machine that ends releases its locks.
    """

    def read_version(self, path: str) -> Version | None:
        """Read a file; its version is named by its content."""
        try:
            with (self._root / path).open("rb") as file:
                data, its = file.read(LARGEST_VERSION), os.fstat(file.fileno())
        except FileNotFoundError:
            return None
        modified = datetime.fromtimestamp(its.st_mtime, UTC)
        return Version(data, hashlib.sha256(data).hexdigest(), modified)

    def write_version(self, path: str, data: bytes, replaced: str | None) -> str | None:
        """Write a file if its content is still the one that was read."""
        with self._locked(path):
            found = self.read_version(path)
            if replaced != (None if found is None else found.name):
                return None
            self.write(path, data)
            return hashlib.sha256(data[:LARGEST_VERSION]).hexdigest()

    def remove_version(self, path: str, version: str) -> None:
        """Remove a file if its content is still the one that was read."""
        with self._locked(path):
            found = self.read_version(path)
            if found is not None and found.name == version:
                self.remove([path])

    @contextmanager
    def _locked(self, path: str) -> Iterator[None]:
        target = self._root / f"{path}.lock"
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("ab") as file:
            fcntl.lockf(file, fcntl.LOCK_EX)
            yield

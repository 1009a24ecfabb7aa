"""Compute checksums of files in the form that Google reports them."""

import base64
from pathlib import Path
from typing import IO

from google_crc32c import Checksum

BLOCK = 1 << 20


def crc32c_of(path: Path) -> str:
    """Return a file's CRC32C, big-endian in base64, as in an object's metadata.

    Source: https://cloud.google.com/storage/docs/data-validation.
    """
    checksum = Checksum()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            checksum.update(block)
    return _text(checksum)


class CheckedWriter:
    """A file being written that knows the length and checksum of what went through."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._checksum = Checksum()
        self.size = 0

    def write(self, block: bytes) -> int:
        """Write, and remember."""
        self._checksum.update(block)
        self.size += len(block)
        return self._file.write(block)

    def seek(self, offset: int) -> int:
        """Begin anew: what Google's library does when a server cannot resume."""
        if offset:
            raise ValueError(f"only the beginning can be sought, not {offset}")
        self._file.truncate(0)
        self._checksum = Checksum()
        self.size = 0
        return self._file.seek(0)

    @property
    def crc32c(self) -> str:
        """The checksum so far."""
        return _text(self._checksum)


def _text(checksum: Checksum) -> str:
    return base64.b64encode(checksum.digest()).decode("ascii")

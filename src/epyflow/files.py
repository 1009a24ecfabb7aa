"""Write files as a whole or not at all, with bytes that depend on their content alone."""

import gzip
import hashlib
import io
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

from epyflow.errors import EpyflowError, user_errors
from forecast_hub.atomic_files import gzip_writer, replacing
from forecast_hub.errors import HubError
from forecast_hub.limited_files import open_table

GZIP_LEVEL = 4
"""Level 6 takes four times as long for tables that are four per cent smaller."""

SMALL, RATIO = 2**28, 250
"""Tables and experiments above 256 MiB are not compressed further than this."""

LONGEST_NAME = 100
"""Characters of a name that files and folders are named by: ends are added to it, and systems allow
255 bytes."""

CONTROL_CHARACTERS = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""Characters that change what a terminal shows, except the tab, and lone surrogates, which no file
holds. Sources: ECMA-48 (control characters); Unicode Standard Annex 9 (direction of text).
"""


LEADS_OUT = (
    "leads out of the root through a link; expected a file below the root, or the folder of the "
    "link's target among allowed_data_roots"
)
"""What is wrong with a file of an experiments' root, for messages that begin with its name."""


Holds = Callable[[Path], bool]
"""Says whether a file may be read, its links followed."""


def is_below(path: Path, folders: Iterable[Path]) -> bool:
    """Return whether a path, its links followed, is one of some folders, or below one."""
    real = Path(os.path.realpath(path))  # resolve() raises an error of links in a circle
    return any(real.is_relative_to(os.path.realpath(folder)) for folder in folders)


def write_bytes_atomically(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path``: a reader finds the old file or the new one, never a part."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def most_content(size: int) -> int:
    """Return the most bytes that a file of ``size`` compressed bytes may hold."""
    return SMALL + RATIO * size


@contextmanager
def table_reader(path: Path) -> Iterator[BinaryIO]:
    """Open a table of a run for pandas, decompressed if its name ends in ``.gz``.

    Raises
    ------
    EpyflowError
        If it holds more than :func:`most_content`, or has too many columns. If it is not a complete
        gzip file, or the block raises a :class:`ValueError`, as pandas does for an empty table.
    OSError
        If it cannot be read.
    """
    try:
        with user_errors(HubError), open_table(path, most_content(path.stat().st_size)) as table:
            yield table
    except (ValueError, gzip.BadGzipFile) as error:
        raise EpyflowError(
            f"{path}: damaged: {error}; delete it and run again, which writes it anew"
        ) from error


@contextmanager
def gzip_text_writer(path: Path) -> Iterator[TextIO]:
    r"""Open ``path`` for gzipped UTF-8 text, atomically; the content can be streamed.

    Equal text gives equal bytes, as with :func:`forecast_hub.atomic_files.gzip_writer`; ``\n`` is
    written as it is on every platform.

    Parameters
    ----------
    path
        The file to write or replace. Its folder must exist.

    Yields
    ------
    TextIO
        Open for writing; closed at the end of the block.
    """
    with (
        gzip_writer(path, GZIP_LEVEL) as packed,
        io.TextIOWrapper(packed, encoding="utf-8", newline="") as text,
    ):
        yield text


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of the file's bytes, 64 hexadecimal digits, reading it in pieces."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

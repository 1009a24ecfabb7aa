"""Write a file as a whole or not at all, gzipped with bytes that depend on its content alone.

A process that is killed must not leave a partial file that looks like its output. So each file is
written under a temporary name in the same folder, and renamed at the end.
"""

import gzip
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

TEMPORARY = re.compile(r"\.(.+)\.\d+-[0-9a-f]{8}\.tmp")
"""Name of a file that is being written, or was being written when its process was killed; the group
is the name that it gets."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary name beside ``path``; rename it to ``path`` when the block succeeds.

    If the block raises, the temporary file is deleted and ``path`` is unchanged.

    Parameters
    ----------
    path
        The file to write or replace. Its folder must exist.

    Yields
    ------
    Path
        A name that no other process uses, hidden (it starts with a dot), in the same folder.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def gzip_writer(path: Path, level: int) -> Iterator[BinaryIO]:
    """Open ``path`` for gzipped bytes, atomically; the content can be streamed.

    Equal bytes give equal files of a level: the header holds neither a file name nor a time.

    Parameters
    ----------
    path
        The file to write or replace. Its folder must exist.
    level
        Level of compression, 1 to 9.

    Yields
    ------
    BinaryIO
        Open for writing; closed at the end of the block.
    """
    with (
        replacing(path) as temporary,
        temporary.open("wb") as raw,
        gzip.GzipFile("", "wb", level, raw, mtime=0) as packed,
    ):
        yield cast("BinaryIO", packed)

"""Open and lock files of a folder that others may write to: no links, pipes or devices."""

import fcntl
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO

from epyflow.errors import EpyflowError, UnreachableError, UnreadableError

_log = logging.getLogger(__name__)

_PATIENCE_SECONDS, _LOOK_SECONDS = 30.0, 0.05
"""A lock is held while a small file is written."""

LEADS_OUT = (
    "leads out of the storage through a link, which is not followed; expected a file below the "
    "storage's folder: copy it there, or name a folder above both as the storage"
)


@cache
def warn_of_link(path: Path) -> None:
    """Warn once of a link in a listing."""
    _log.warning("%r %s", str(path), LEADS_OUT)


def open_regular(path: Path, flags: int, *, links: bool = False) -> BinaryIO:
    """Open a regular file.

    Parameters
    ----------
    path
        The file.
    flags
        Of :func:`os.open`: ``O_RDONLY``, or ``O_RDWR``, with ``O_CREAT`` to make it.
    links
        Whether the file may be a link to one.

    Raises
    ------
    FileNotFoundError, NotADirectoryError
        If there is none.
    UnreadableError
        If it is something else, or may not be opened.
    """
    try:
        # Opening a pipe would wait for another process.
        kinds = os.O_NONBLOCK | os.O_CLOEXEC | (0 if links else os.O_NOFOLLOW)
        number = os.open(path, flags | kinds, 0o666)
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError as error:
        if path.is_symlink() and not links:
            raise UnreadableError(f"{path} is a link; remove it") from None
        raise unreadable(path, error) from None
    if not S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise UnreadableError(f"{path} is not a regular file; remove it")
    return os.fdopen(number, "rb" if flags == os.O_RDONLY else "r+b")


def unreadable(path: Path, error: OSError) -> UnreadableError:
    """Return an error that says why a file or folder cannot be read."""
    remedy = "ask its owner for permission, or remove it"
    return UnreadableError(f"{path} cannot be read: {error.strerror}; {remedy}")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the POSIX lock of a file in the block. The file is made, and stays.

    Raises
    ------
    UnreachableError
        If another process holds it for long.
    EpyflowError
        If the file system has no locks.
    UnreadableError
        If it is no regular file, or may not be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with open_regular(path, os.O_RDWR | os.O_CREAT) as file:
        limit = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if not isinstance(error, BlockingIOError | PermissionError):
                    raise EpyflowError(
                        f"{path} cannot be locked: {error.strerror}; expected a file system with "
                        "locks of POSIX between machines"
                    ) from None
                if time.monotonic() >= limit:
                    raise UnreachableError(
                        f"{path}: another process has held this lock for {_PATIENCE_SECONDS:.0f} "
                        "s, which takes an instant otherwise; find out which (lslocks) and end it"
                    ) from None
                time.sleep(_LOOK_SECONDS)
        yield

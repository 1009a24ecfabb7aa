"""Read the files that a command names, and print what others wrote."""

import json
import os
import re
from pathlib import Path
from stat import S_ISREG

from google_batch_emulator.errors import EmulatorError

_LARGEST = 2**24
"""Bytes; a job of Google Batch has at most some million."""

_CONTROL = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""Characters that change what a terminal shows, except the tab, and lone surrogates.

Sources: ECMA-48 (control characters); Unicode Standard Annex 9 (direction of text).
"""


def read_text(path: Path) -> str:
    """Read a file.

    Raises
    ------
    EmulatorError
        If it is absent, is no regular file, has more than 16 MiB, or is not UTF-8.
    """
    try:
        # Opening a pipe would wait for another process.
        number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        if not S_ISREG(os.fstat(number).st_mode):
            os.close(number)
            raise EmulatorError(f"{path}: expected a regular file")
        with os.fdopen(number, "rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise EmulatorError(f"{path}: {error.strerror}") from error
    if len(data) > _LARGEST:
        raise EmulatorError(f"{path}: more than {_LARGEST:,} bytes")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise EmulatorError(f"{path}: not UTF-8 text: {error.reason}") from error


def read_json(path: Path) -> object:
    """Read a file of JSON.

    Raises
    ------
    EmulatorError
        As :func:`read_text`, and if it is no JSON.
    """
    text = read_text(path)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise EmulatorError(f"{path}:{error.lineno}: not JSON: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        raise EmulatorError(f"{path}: not JSON: {error}") from error


def printable(text: str) -> str:
    r"""Return one line in which characters that a terminal obeys are escaped: ``\x1b``."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)

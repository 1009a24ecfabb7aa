"""Check preconditions of requests; fake-gcs-server does so for some uploads only.

Source: cloud.google.com/storage/docs/request-preconditions
"""

import re
from dataclasses import dataclass
from typing import Final

NOT_MODIFIED: Final = 304
FAILED: Final = 412

_CONDITIONS = (
    ("ifGenerationMatch", "generation", True),
    ("ifGenerationNotMatch", "generation", False),
    ("ifMetagenerationMatch", "metageneration", True),
    ("ifMetagenerationNotMatch", "metageneration", False),
)
_RANGE = re.compile(r"bytes (?:\d+-(\d+)|\*)/(\d+)")


@dataclass(frozen=True)
class Version:
    """Which version of an object is there; 0 and 0 if none is."""

    generation: int = 0
    metageneration: int = 0


def has_conditions(query: dict[str, str]) -> bool:
    """Return whether a request depends on the version of its object."""
    return any(name in query for name, _, _ in _CONDITIONS)


def violation(query: dict[str, str], version: Version, reading: bool) -> int | None:
    """Return the status of a request whose conditions are not met; None if they are.

    Parameters
    ----------
    query
        Parameters of the request.
    version
        What is there.
    reading
        Whether the request reads: then an unwanted version is "not modified".
    """
    for name, attribute, match in _CONDITIONS:
        if name not in query:
            continue
        found = getattr(version, attribute)
        if (str(found) == query[name]) != match:
            return FAILED if match or not reading else NOT_MODIFIED
    return None


def is_last_chunk(content_range: str, received: int) -> bool:
    """Return whether a part of an upload is the last, by its Content-Range.

    Parameters
    ----------
    content_range
        As in ``bytes 0-99/*``, ``bytes 100-149/150``; empty if all comes at once. ``bytes */150``
        asks how far the upload is, and ends it if everything has come.
    received
        Bytes that have come before.
    """
    if not content_range:
        return True
    match = _RANGE.fullmatch(content_range)
    if match is None:
        return False
    return (received if match[1] is None else int(match[1]) + 1) == int(match[2])

"""Upload files, and overwrite only the generation of an object that was seen before.

An upload names the generation that it replaces, 0 for none, and Google refuses it if the object has
another one: https://cloud.google.com/storage/docs/request-preconditions. What the refusal means is
decided in this module.
"""

from datetime import UTC, datetime
from pathlib import Path

from google.api_core.exceptions import PreconditionFailed

from .checksums import crc32c_of
from .errors import ChangedByOthersError
from .index import Entry
from .indexed_bucket import IndexedBucket

# Somebody removing and writing at the same time could refuse us for ever.
ROUNDS = 4

OLDER = 10.0
"""Seconds by which an object is certainly not of this process, whatever the clocks say."""


def store_file(indexed: IndexedBucket, name: str, path: Path) -> Entry:
    """Upload a file and record what the bucket answers.

    What we have looked at is replaced if it is still the same. Without having looked we expect
    nothing, and replace what is older than this process: an earlier attempt's output. A process on
    a machine that was given up may still be writing; it is not to win over, or to be mixed with,
    the attempt that replaced it.

    Parameters
    ----------
    indexed
        Where to.
    name
        The object's name.
    path
        A file.

    Returns
    -------
    Entry
        The stored object.

    Raises
    ------
    ChangedByOthersError
        If somebody else has written the object since we looked, with other bytes.
    WorkflowError
        If Google refuses for another reason.
    """
    bucket, index = indexed.bucket, indexed.index
    looked = index.peek(name)
    expected = looked.entry.generation if looked is not None and looked.entry is not None else 0
    for _ in range(ROUNDS):
        try:
            stored = bucket.upload(name, path, expected)
        except PreconditionFailed:
            found = bucket.describe(name)
        else:
            index.put(name, stored)
            return stored
        if found is None:
            expected = 0
        elif _same_bytes(found, path) and (looked is not None or _age(found, indexed) < OLDER):
            # Ours: the answer to the upload was lost, or another attempt came to the same result.
            index.put(name, found)
            return found
        elif looked is None and _age(found, indexed) >= 0.0:
            # With the same bytes, too: they were made of older inputs, and the time has to say that
            # they are of the new ones.
            expected = found.generation
        else:
            break
    raise ChangedByOthersError(_changed(bucket.url(name), expected, found))


def _age(entry: Entry, indexed: IndexedBucket) -> float:
    """Return for how many seconds an object had been there when this process began."""
    return indexed.bucket.opened - (entry.updated or 0.0)


def _same_bytes(entry: Entry, path: Path) -> bool:
    return entry.size == path.stat().st_size and entry.crc32c == crc32c_of(path)


def _changed(url: str, expected: int, found: Entry | None) -> str:
    before = f"generation {expected}" if expected else "no object"
    now = "gone" if found is None else f"generation {found.generation} of {_time(found.updated)}"
    return (
        f"{url} was changed by somebody else: {before} was expected, it is {now}. It has not been "
        "overwritten. Does another run, or a job on a machine that was given up, write to the same "
        "prefix? Once it has ended, run again: the job is repeated and replaces the object."
    )


def _time(updated: float | None) -> str:
    return "unknown time" if updated is None else datetime.fromtimestamp(updated, UTC).isoformat()

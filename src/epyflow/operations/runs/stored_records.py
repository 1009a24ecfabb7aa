"""Read files of runs. Others may have written them: one that is damaged is named, and left out."""

import logging
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from epyflow.errors import ArtifactError, UnreadableError
from epyflow.operations.runs.log_lines import printable
from epyflow.storage.disk import Storage
from epyflow.storage.stored_file import LARGEST_TEXT, Stored

_AT_ONCE = 2**28
"""Bytes of logs that are held in memory at once."""

_THREADS = 10

_log = logging.getLogger(__name__)


class Record(BaseModel):
    """A record; other keys are ignored, since another version may have written it."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True, allow_inf_nan=False)


R = TypeVar("R", bound=BaseModel)
T = TypeVar("T")


def parse_record(kind: type[R], data: bytes, path: str) -> R:
    """Read a record from its bytes. The parser limits depth and digits, and refuses surrogates.

    Raises
    ------
    ArtifactError
        If it is damaged: it names the file, the key and what is expected.
    """
    try:
        return kind.model_validate_json(data)
    except ValidationError as problem:
        first = problem.errors(include_url=False, include_input=False)[0]
        key = ".".join(map(str, first["loc"]))
        raise ArtifactError(f"{path}: damaged: {key}{': ' * bool(key)}{first['msg']}") from None


def read_records(
    kind: type[R], storage: Storage, listed: Iterable[str], instead: str
) -> dict[str, R]:
    """Read records, and leave out those that are damaged or too large, with a warning for each.

    Parameters
    ----------
    kind
        What they are.
    storage
        Holds them.
    listed
        Their paths.
    instead
        What is done without a record, for the warning.
    """
    return parse_records(kind, read_readable(storage, listed, instead), instead)


def look_into(
    storage: Storage, listed: Mapping[str, Stored], look: Callable[[bytes], T], instead: str
) -> dict[str, T]:
    """Read files, some at a time, and return what ``look`` finds in each.

    Parameters
    ----------
    storage, listed, instead
        As in :func:`read_records`.
    look
        Called with the bytes of each file.
    """
    parts, size = [list[str]()], 0
    for path, its in listed.items():
        size += min(its.size, LARGEST_TEXT)
        if size > _AT_ONCE:
            parts, size = [*parts, []], min(its.size, LARGEST_TEXT)
        parts[-1].append(path)
    return {
        path: look(data)
        for part in parts
        for path, data in read_readable(storage, part, instead).items()
    }


def read_readable(storage: Storage, paths: Iterable[str], instead: str) -> Mapping[str, bytes]:
    """Read records or logs; leave out those that cannot be read, with a warning for each.

    Parameters
    ----------
    storage, paths
        The storage and the files; missing ones are left out.
    instead
        What is done without a file, for the warning.
    """
    wanted = list(paths)
    try:
        return storage.read_all(wanted, LARGEST_TEXT)
    except UnreadableError:
        pass  # not by this user, or one of them is too large or no file: which?

    def read(path: str) -> bytes | None:
        try:
            return storage.read(path, LARGEST_TEXT)
        except UnreadableError as problem:
            warn_once(f"{problem}; {instead}")
            return None

    with ThreadPoolExecutor(_THREADS) as pool:
        found = dict(zip(wanted, pool.map(read, wanted), strict=True))
    return {path: data for path, data in found.items() if data is not None}


def parse_records(kind: type[R], read: Mapping[str, bytes], instead: str) -> dict[str, R]:
    """Read records from their bytes, by path; see :func:`read_records`."""
    found = {}
    for path, data in read.items():
        try:
            found[path] = parse_record(kind, data, path)
        except ArtifactError as problem:
            warn_once(f"{problem}; {instead}")
    return found


@cache
def warn_once(text: str) -> None:
    """Warn: a command that reads a record several times says so once."""
    _log.warning("%s", printable(text))

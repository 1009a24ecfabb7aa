"""Read files of runs. Others may have written them: one that is damaged is named, and left out."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import repeat
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from epyflow.errors import ArtifactError, UnreadableError
from epyflow.operations.runs.log_lines import printable
from epyflow.storage.disk import Storage
from epyflow.storage.stored_file import LARGEST_TEXT, Stored

PIECE = 2**22
"""Bytes of a log that are held in memory at once."""

_AT_ONCE = 2**26
"""Bytes of records or logs that are read at once."""

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
    kind: type[R], storage: Storage, listed: Mapping[str, Stored], instead: str
) -> dict[str, R]:
    """Read records, and leave out those that are damaged or too large, with a warning for each.

    They are read some at a time: of each the fields of ``kind`` alone stay in memory.

    Parameters
    ----------
    kind
        What they are.
    storage
        Holds them.
    listed
        Their paths, with their sizes.
    instead
        What is done without a record, for the warning.
    """
    found: dict[str, R] = {}
    for part in _parts({path: its.size for path, its in listed.items()}):
        found |= parse_records(kind, read_readable(storage, part, instead), instead)
    return found


def _parts(sizes: Mapping[str, int]) -> Iterator[list[str]]:
    """Yield the files in their order, as many at a time as may be in memory."""
    part, size = list[str](), 0
    for path, its in sizes.items():
        if part and size + its > _AT_ONCE:
            yield part
            part, size = [], 0
        part.append(path)
        size += its
    yield part


@dataclass(frozen=True)
class LogEnd:
    """The end of a log.

    Attributes
    ----------
    data
        The log; of one of more than :data:`PIECE` bytes, the lines at its end.
    left_out
        The number of bytes before them.
    """

    data: bytes
    left_out: int = 0


def look_into(
    storage: Storage, listed: Mapping[str, Stored], look: Callable[[bytes], T], instead: str
) -> dict[str, T]:
    """Read the ends of logs, some at a time, and return what ``look`` finds in each.

    Parameters
    ----------
    storage, listed, instead
        As in :func:`read_ends`.
    look
        Called with the bytes of each end.
    """
    return {path: look(end.data) for path, end in read_ends(storage, listed, instead)}


def read_ends(
    storage: Storage, listed: Mapping[str, Stored], instead: str
) -> Iterator[tuple[str, LogEnd]]:
    """Read the ends of logs in their order, some at a time; leave out those that cannot be read.

    Parameters
    ----------
    storage
        Holds them.
    listed
        The logs, with their sizes.
    instead
        What is done without a log, for the warning.
    """
    with ThreadPoolExecutor(_THREADS) as pool:
        for part in _parts({path: min(its.size, PIECE) for path, its in listed.items()}):
            starts = [max(0, listed[path].size - PIECE) for path in part]
            read = pool.map(
                read_part, repeat(storage), part, starts, repeat(PIECE), repeat(instead)
            )
            for path, start, data in zip(part, starts, read, strict=True):
                if data is not None:
                    cut = data.find(b"\n", 0, -1) + 1 if start else 0
                    yield path, LogEnd(data[cut:], start + cut)


def read_pieces(storage: Storage, path: str, start: int, instead: str) -> Iterator[bytes]:
    """Read a log from ``start`` in pieces that end with a line; the end of the log may not.

    A line of more than :data:`PIECE` bytes is cut.
    """
    while (data := read_part(storage, path, start, PIECE, instead)) is not None:
        end = data.rfind(b"\n") + 1
        if len(data) < PIECE:
            yield from filter(None, (data[:end], data[end:]))
            return
        yield (piece := data[: end or PIECE])
        start += len(piece)


def read_part(storage: Storage, path: str, start: int, count: int, instead: str) -> bytes | None:
    """Read a part of a log, as a storage does; None with a warning if it cannot be read."""
    try:
        return storage.read_part(path, start, count)
    except UnreadableError as problem:
        warn_once(f"{problem}; {instead}")
        return None


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

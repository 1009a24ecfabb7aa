"""Follow the logs of a run: return new lines as they are written."""

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from epyflow.operations.runs.log_lines import Filter, log_text, printable
from epyflow.operations.runs.run_list import Run
from epyflow.operations.runs.run_logs import (
    LEFT_OUT,
    Choice,
    find_snakemake_log,
    job_of,
    list_logs,
)
from epyflow.operations.runs.run_parts import ended_with_error
from epyflow.operations.runs.stored_records import PIECE, read_part, read_pieces
from epyflow.run.layout import COORDINATOR
from epyflow.storage.disk import Storage
from epyflow.storage.stored_file import Stored


@dataclass(frozen=True)
class Line:
    """A line of a log: its log, rule and job, and its text."""

    path: str
    rule: str
    job: str
    text: str


_COMPARED = 2**16
"""Bytes before a new line that are compared with those that were read."""


class _Place(NamedTuple):
    """Where a log is read."""

    storage: Storage
    name: str


@dataclass
class _Tail:
    """The part of a log that has been read.

    Attributes
    ----------
    seen
        Entry of the listing when it was read.
    rest
        Where an incomplete line follows; None without one.
    size
        The number of bytes up to the last complete line.
    before, digest
        The number of bytes before them that are compared, and their digest: a log with others was
        written again.
    filter
        Selects its lines.
    """

    seen: Stored | None = None
    rest: _Place | None = None
    size: int = 0
    before: int = 0
    digest: bytes = b""
    filter: Filter = field(default_factory=lambda: Filter(None, None))


class Follower:
    """Reads new lines of the logs of a run.

    Parameters
    ----------
    storage, run
        From :func:`epyflow.operations.runs.run_lookup.find_run`.
    choice
        Selects logs and lines. A log without an error is read again when it grows.
    last
        Number of lines of each existing log; None for all.
    """

    def __init__(self, storage: Storage, run: Run, choice: Choice, last: int | None = None) -> None:
        self._storage, self._run, self._choice, self._last = storage, run, choice, last
        self._tails: dict[str, _Tail] = {}
        self._elsewhere: dict[str, set[str]] = {}
        self._first = True

    def printed(self, lines: Iterable[Line]) -> None:
        """Record lines that were printed from another source: they are not returned again."""
        for line in lines:
            self._elsewhere.setdefault(line.path, set()).add(line.text)

    def poll(self) -> Iterator[Line]:
        """Yield the complete lines that are new since the last call, log by log.

        Raises
        ------
        EpyflowError
            If the storage cannot be read.
        """
        for path, (its, place) in self._listed().items():
            if self._tail(path, its).seen != its:
                yield from self._added(path, place, its)
        self._first = False

    def _listed(self) -> dict[str, tuple[Stored, _Place]]:
        # A rule may have no log yet.
        wanted = list_logs(self._storage, self._run, self._choice, strict=False)
        if self._choice.rule == COORDINATOR and not wanted:
            found = find_snakemake_log(self._storage, self._run)
            if found is not None:
                folder, path, its = found
                return {str(path): (its, _Place(folder, path.name))}
        return {path: (its, _Place(self._storage, path)) for path, its in wanted.items()}

    def rest(self) -> Iterator[Line]:
        """Yield incomplete last lines, once the run has ended."""
        for path, tail in self._tails.items():
            if tail.rest is not None:
                for piece in _pieces(tail.rest, tail.size):
                    yield from self._lines(path, tail, piece.splitlines())
                tail.rest = None

    def _tail(self, path: str, its: Stored) -> _Tail:
        if path not in self._tails:
            self._tails[path] = _Tail(filter=self._filter(its.modified))
        return self._tails[path]

    def _filter(self, modified: datetime) -> Filter:
        return Filter(self._choice.since, self._choice.level, modified)

    def _added(self, path: str, place: _Place, its: Stored) -> Iterator[Line]:
        tail = self._tails[path]
        before = _before(place, tail)
        if before is None:
            return  # the job is started again, or it may not be read
        if tail.size and hashlib.sha256(before).digest() != tail.digest:
            self._tails[path] = tail = _Tail(filter=self._filter(its.modified))
            before = b""
            yield Line(
                path,
                *job_of(path, self._run),
                "(the job was started again: its log follows from the beginning)",
            )
        tail.seen = its
        if self._choice.failed and not any(map(ended_with_error, _pieces(place, 0))):
            return
        new = self._new(path, place, tail, before)
        yield from new if not self._first or self._last is None else deque(new, self._last)

    def _new(self, path: str, place: _Place, tail: _Tail, before: bytes) -> Iterator[Line]:
        """Yield the complete lines after those that were read."""
        tail.rest = None
        for piece in _pieces(place, tail.size):
            if not piece.endswith(b"\n") and len(piece) < PIECE:
                tail.rest = place
                return
            yield from self._lines(path, tail, piece.splitlines())
            before = (before + piece)[-_COMPARED:]
            tail.size, tail.before = tail.size + len(piece), len(before)
            tail.digest = hashlib.sha256(before).digest()

    def _lines(self, path: str, tail: _Tail, lines: Iterable[bytes]) -> Iterator[Line]:
        told = self._elsewhere.get(path, ())
        for line in lines:
            for text in log_text(line).splitlines() or [""]:
                if tail.filter.wants(text) and printable(text) not in told:
                    yield Line(path, *job_of(path, self._run), printable(text))


def _before(place: _Place, tail: _Tail) -> bytes | None:
    start, count = tail.size - tail.before, tail.before
    return read_part(*place, start, count, LEFT_OUT) if tail.size else b""


def _pieces(place: _Place, start: int) -> Iterator[bytes]:
    return read_pieces(*place, start, LEFT_OUT)

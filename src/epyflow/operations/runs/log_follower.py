"""Follow the logs of a run: return new lines as they are written."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from epyflow.operations.runs.log_lines import Filter, log_text, printable
from epyflow.operations.runs.run_list import Run
from epyflow.operations.runs.run_logs import (
    LEFT_OUT,
    Choice,
    job_of,
    list_logs,
    read_snakemake_log,
)
from epyflow.operations.runs.run_parts import ended_with_error
from epyflow.operations.runs.stored_records import read_readable
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


@dataclass
class _Tail:
    """The part of a log that has been read.

    Attributes
    ----------
    seen
        Entry of the listing when it was read.
    size, digest
        Of the bytes up to the last complete line: a log with another beginning was written again.
    rest
        The incomplete line after them.
    filter
        Selects its lines.
    """

    seen: Stored | None = None
    size: int = 0
    digest: bytes = b""
    rest: bytes = b""
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
        wanted, read = self._changed()
        for path, data in read.items():
            yield from self._added(path, data, wanted[path])
        self._first = False

    def _changed(self) -> tuple[Mapping[str, Stored], Mapping[str, bytes]]:
        """List the logs, and read those that have changed."""
        # A rule may have no log yet.
        wanted = list_logs(self._storage, self._run, self._choice, strict=False)
        own = self._choice.rule == COORDINATOR and not wanted
        found = read_snakemake_log(self._storage, self._run) if own else None
        if found is not None:
            path, its, data = found
            return {path: its}, {path: data} if self._tail(path, its).seen != its else {}
        changed = [path for path, its in wanted.items() if self._tail(path, its).seen != its]
        read = read_readable(self._storage, changed, LEFT_OUT)
        return wanted, {path: read[path] for path in changed if path in read}

    def rest(self) -> Iterator[Line]:
        """Yield incomplete last lines, once the run has ended."""
        for path, tail in self._tails.items():
            if tail.rest:
                yield from self._lines(path, tail, [tail.rest])
                tail.rest = b""

    def _tail(self, path: str, its: Stored) -> _Tail:
        if path not in self._tails:
            self._tails[path] = _Tail(filter=self._filter(its.modified))
        return self._tails[path]

    def _filter(self, modified: datetime) -> Filter:
        return Filter(self._choice.since, self._choice.level, modified)

    def _added(self, path: str, data: bytes, its: Stored) -> Iterator[Line]:
        tail = self._tails[path]
        if hashlib.sha256(data[: tail.size]).digest() != tail.digest and tail.size:
            self._tails[path] = tail = _Tail(filter=self._filter(its.modified))
            yield Line(
                path,
                *job_of(path, self._run),
                "(the job was started again: its log follows from the beginning)",
            )
        tail.seen = its
        if self._choice.failed and not ended_with_error(data):
            return
        end = data.rfind(b"\n") + 1
        whole, tail.rest = data[tail.size : end].splitlines(), data[end:]
        tail.size, tail.digest = end, hashlib.sha256(data[:end]).digest()
        found = list(self._lines(path, tail, whole))
        keep = self._last if self._first and self._last is not None else len(found)
        yield from found[len(found) - min(keep, len(found)) :]

    def _lines(self, path: str, tail: _Tail, lines: Iterable[bytes]) -> Iterator[Line]:
        told = self._elsewhere.get(path, ())
        for line in lines:
            for text in log_text(line).splitlines() or [""]:
                if tail.filter.wants(text) and printable(text) not in told:
                    yield Line(path, *job_of(path, self._run), printable(text))

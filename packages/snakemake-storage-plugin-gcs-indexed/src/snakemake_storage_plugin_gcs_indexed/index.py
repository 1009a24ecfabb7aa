"""Index the objects of a bucket, with as few listings as possible.

A listing returns the names that follow a given one, in order, with their metadata. A page of a
thousand names therefore tells of every name in its range whether it exists. The index keeps the
objects and the ranges of the pages, each with its time, and requests another page only where none
is recent enough.

Source: https://cloud.google.com/storage/docs/json_api/v1/objects/list, "startOffset" and the order
of items (by UTF-8 bytes, which is Python's order of strings); listings are strongly consistent,
https://cloud.google.com/storage/docs/consistency.
"""

import math
import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from .listed_ranges import ListedRanges, after

FOREVER = math.inf
NEVER = -math.inf


@dataclass(frozen=True)
class Entry:
    """One object.

    Parameters
    ----------
    generation
        Names this content among all that the object has had.
    size
        Bytes.
    crc32c
        Base64 of the checksum as Google gives it; None if it did not say.
    updated
        Seconds since 1970; None where an answer did not say, as a download's headers do not.
    """

    generation: int
    size: int
    crc32c: str | None = None
    updated: float | None = None


@dataclass(frozen=True)
class Page:
    """One answer to a listing: the first names from ``start`` on.

    ``complete`` says that no name follows the last one.
    """

    entries: tuple[tuple[str, Entry], ...]
    complete: bool


@dataclass(frozen=True)
class Trust:
    """How old an answer may be, in seconds: that something is there, that it is not."""

    present: float = FOREVER
    absent: float = FOREVER


ALWAYS = Trust()


@dataclass(frozen=True)
class Known:
    """What was last seen of a name, and when: None is an object that was not there."""

    entry: Entry | None
    seen: float


class Index:
    """The objects of one bucket, asked for page by page. Threads may share it.

    Parameters
    ----------
    list_from
        Fetches the page that starts with a name; called by one thread at a time.
    wide
        Whether many names will be asked for, as by a coordinator: then a page begins where it
        answers most of them. Otherwise it begins with the name asked for.
    clock
        Seconds, never going back.
    """

    def __init__(
        self,
        list_from: Callable[[str], Page],
        *,
        wide: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.wide = wide
        self.page_seconds = 0.0  # of the last page
        self._list_from = list_from
        self._clock = clock
        self._state = threading.RLock()
        self._asking = threading.Lock()
        self._there: dict[str, Known] = {}
        # Names of the objects in _there, in order: to find what lies below a directory.
        self._names: list[str] = []
        # What we know to be absent from elsewhere than a listing.
        self._gone: dict[str, float] = {}
        self._covered = ListedRanges()
        self._scopes: list[str] = []

    def find(self, name: str, trust: Trust = ALWAYS) -> Entry | None:
        """Return the object called ``name``, None if there is none; asks only if need be."""
        known = self._recall(name, trust)
        if known is None:
            with self._asking:
                known = self._recall(name, trust)
                if known is None:
                    self._ask(name, trust.absent)
                    known = self._recall(name, ALWAYS)
        if known is None:
            raise AssertionError(f"a listing from {name!r} on must tell whether it exists")
        return known.entry

    def has_below(self, directory: str, trust: Trust = ALWAYS) -> bool:
        """Whether any object's name starts with ``directory``, which ends in a slash."""
        answer = self._recall_below(directory, trust)
        if answer is None:
            with self._asking:
                answer = self._recall_below(directory, trust)
                if answer is None:
                    self._ask(directory, trust.absent)
                    answer = self._recall_below(directory, ALWAYS)
        return bool(answer)

    def peek(self, name: str) -> Known | None:
        """Return what was last seen of ``name``, however long ago; None if it never was."""
        with self._state:
            return self._recall(name, ALWAYS)

    def put(self, name: str, entry: Entry) -> None:
        """Record what the bucket itself has just said of an object."""
        with self._state:
            if name not in self._there:
                self._names.insert(bisect_left(self._names, name), name)
            before = self._entry(name)
            if before is not None and replace(before, updated=entry.updated) == entry:
                # The same object. A download does not say when it was written.
                entry = replace(entry, updated=entry.updated or before.updated)
            self._there[name] = Known(entry, self._clock())
            self._gone.pop(name, None)

    def drop(self, name: str) -> None:
        """Record that there is no object called ``name``."""
        with self._state:
            if self._there.pop(name, None):
                del self._names[bisect_left(self._names, name)]
            self._gone[name] = self._clock()

    def below(self, directory: str) -> dict[str, Entry]:
        """Fetch everything whose name starts with ``directory``: as many pages as it takes."""
        with self._asking:
            start: str | None = directory
            began = self._clock()
            while start is not None and start.startswith(directory):
                start = self._fetch(start)
            with self._state:
                names = [n for n in self._listed_below(directory) if self._there[n].seen >= began]
                return {name: entry for name in names if (entry := self._entry(name))}

    def _entry(self, name: str) -> Entry | None:
        known = self._there.get(name)
        return None if known is None else known.entry

    def _recall(self, name: str, trust: Trust) -> Known | None:
        with self._state:
            known: Known = self._there.get(name) or self._absent(name)
            age = self._clock() - known.seen
        limit = trust.absent if known.entry is None else trust.present
        return known if known.seen > NEVER and age <= limit else None

    def _absent(self, name: str) -> Known:
        covered = self._covered.seen(name)
        return Known(None, max(NEVER if covered is None else covered, self._gone.get(name, NEVER)))

    def _recall_below(self, directory: str, trust: Trust) -> bool | None:
        with self._state:
            now = self._clock()
            ages = [now - self._there[name].seen for name in self._listed_below(directory)]
            covered = self._covered.seen(directory)
        if any(age <= trust.present for age in ages):
            return True
        if covered is not None and now - covered <= trust.absent:
            return bool(ages)
        return None

    def _listed_below(self, directory: str) -> Iterator[str]:
        i = bisect_left(self._names, directory)
        while i < len(self._names) and self._names[i].startswith(directory):
            yield self._names[i]
            i += 1

    def _ask(self, name: str, age: float) -> None:
        """Fetch pages until one covers ``name``: two at most."""
        if age != FOREVER:
            with self._state:
                self._covered.forget(before=self._clock() - age)
        start = self._widest(name, age) if self.wide else None
        if start is not None and start != name:
            self._fetch(start)
            with self._state:
                if self._covered.seen(name) is not None:
                    return
        self._fetch(name)

    def _widest(self, name: str, age: float) -> str | None:
        """Where a page is to start so that it answers ``name`` and most of what comes next."""
        scopes = self._open_scopes(name)
        if age == FOREVER:
            # List the smallest one in order, page by page, as far as names are asked for.
            return self._covered.end_of(scopes[-1]) if scopes else None
        return next((scope for scope in scopes if self._covered.reached(scope, name)), None)

    def _open_scopes(self, name: str) -> list[str]:
        """Return the directories around ``name`` that are worth listing, the largest first.

        The first question opens the directory it is in; one beside it, what they share. Never the
        whole bucket.
        """
        if not any(name.startswith(scope) for scope in self._scopes):
            scope = _directory(name)
            if self._scopes:
                scope = _common(scope, self._scopes[-1]) or scope
            if scope:
                self._scopes.append(scope)
        return sorted((scope for scope in self._scopes if name.startswith(scope)), key=len)

    def _fetch(self, start: str) -> str | None:
        """Fetch and keep one page; return where the next one would start, None at the end."""
        asked = self._clock()
        page = self._list_from(start)
        self.page_seconds = self._clock() - asked
        end = None if page.complete else after(page.entries[-1][0])
        with self._state:
            self._keep(start, end, page, asked)
        return end

    def _keep(self, start: str, end: str | None, page: Page, asked: float) -> None:
        first = bisect_left(self._names, start)
        last = len(self._names) if end is None else bisect_left(self._names, end)
        # What we wrote or removed while the page was under way, it may not show.
        ours = {n: self._there[n] for n in self._names[first:last] if self._there[n].seen > asked}
        removed = {name for name, seen in self._gone.items() if seen > asked}
        listed = {n: Known(entry, asked) for n, entry in page.entries if n not in removed}
        for name in self._names[first:last]:
            del self._there[name]
        self._there.update(listed | ours)
        self._names[first:last] = sorted(listed | ours)
        self._covered.add(start, end, asked)


def _directory(name: str) -> str:
    return name[: name.rfind("/") + 1]


def _common(one: str, other: str) -> str:
    """Return the longest directory that both are in, with its slash; '' for the bucket itself."""
    length = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        length += 1
    return _directory(one[:length])

"""Keep the ranges of names that listings have covered, with their times."""

from bisect import bisect_right
from dataclasses import dataclass


def after(name: str) -> str:
    """Return the first string that sorts after ``name``."""
    return name + "\0"


@dataclass(frozen=True)
class ListedRange:
    """Names from ``start`` up to but not including ``end`` (None: all that follow)."""

    start: str
    end: str | None
    seen: float

    def contains(self, name: str) -> bool:
        """Whether the range says something of ``name``."""
        return self.start <= name and (self.end is None or name < self.end)


class ListedRanges:
    """ListedRanges that do not overlap, in order. The latest listing counts."""

    def __init__(self) -> None:
        self._ranges: list[ListedRange] = []
        # How far the last page went that started with a name: to know when it is not worth asking.
        self._reach: dict[str, str | None] = {}

    def seen(self, name: str) -> float | None:
        """Return when ``name`` was last covered, None if it never was."""
        listed = self._at(name)
        return None if listed is None else listed.seen

    def end_of(self, start: str) -> str:
        """Return the first name from ``start`` on that is not covered, up to the last if all are.

        Adjoining ranges are followed.
        """
        listed = self._at(start)
        while listed is not None and listed.end is not None:
            start = listed.end
            listed = self._at(start)
        return start

    def reached(self, start: str, name: str) -> bool:
        """Whether a page from ``start`` on can be hoped to reach ``name``."""
        reach = self._reach.get(start)
        return start <= name and (reach is None or name < reach)

    def add(self, start: str, end: str | None, seen: float) -> None:
        """Record a listing; what it covers replaces what older ones said."""
        kept = [part for old in self._ranges for part in _cut(old, start, end)]
        kept.append(ListedRange(start, end, seen))
        self._ranges = sorted(kept, key=lambda listed: listed.start)
        self._reach[start] = end

    def forget(self, before: float) -> None:
        """Drop what was covered before a time."""
        self._ranges = [listed for listed in self._ranges if listed.seen >= before]

    def _at(self, name: str) -> ListedRange | None:
        i = bisect_right(self._ranges, name, key=lambda listed: listed.start) - 1
        if i >= 0 and self._ranges[i].contains(name):
            return self._ranges[i]
        return None


def _cut(old: ListedRange, start: str, end: str | None) -> list[ListedRange]:
    """Return what is left of a range on both sides of a newer one."""
    parts = []
    if old.start < start:
        left_end = start if old.end is None or old.end > start else old.end
        parts.append(ListedRange(old.start, left_end, old.seen))
    if end is not None and (old.end is None or old.end > end):
        parts.append(ListedRange(max(old.start, end), old.end, old.seen))
    return parts

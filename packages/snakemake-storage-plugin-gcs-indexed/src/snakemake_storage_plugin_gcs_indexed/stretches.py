"""The stretches of names that listings have covered, and when."""

from bisect import bisect_right
from dataclasses import dataclass


def after(name: str) -> str:
    """Return the first string that sorts after ``name``."""
    return name + "\0"


@dataclass(frozen=True)
class Stretch:
    """Names from ``start`` up to but not including ``end`` (None: all that follow)."""

    start: str
    end: str | None
    seen: float

    def contains(self, name: str) -> bool:
        """Whether the stretch says something of ``name``."""
        return self.start <= name and (self.end is None or name < self.end)


class Stretches:
    """Stretches that do not overlap, in order. The latest listing counts."""

    def __init__(self) -> None:
        self._stretches: list[Stretch] = []
        # How far the last page went that started with a name: to know when it is not worth asking.
        self._reach: dict[str, str | None] = {}

    def seen(self, name: str) -> float | None:
        """Return when ``name`` was last covered, None if it never was."""
        stretch = self._at(name)
        return None if stretch is None else stretch.seen

    def end_of(self, start: str) -> str:
        """Return the first name from ``start`` on that is not covered, up to the last if all are.

        Adjoining stretches are followed.
        """
        stretch = self._at(start)
        while stretch is not None and stretch.end is not None:
            start = stretch.end
            stretch = self._at(start)
        return start

    def reached(self, start: str, name: str) -> bool:
        """Whether a page from ``start`` on can be hoped to reach ``name``."""
        reach = self._reach.get(start)
        return start <= name and (reach is None or name < reach)

    def add(self, start: str, end: str | None, seen: float) -> None:
        """Record a listing; what it covers replaces what older ones said."""
        kept = [part for old in self._stretches for part in _cut(old, start, end)]
        kept.append(Stretch(start, end, seen))
        self._stretches = sorted(kept, key=lambda stretch: stretch.start)
        self._reach[start] = end

    def forget(self, before: float) -> None:
        """Drop what was covered before a time."""
        self._stretches = [stretch for stretch in self._stretches if stretch.seen >= before]

    def _at(self, name: str) -> Stretch | None:
        i = bisect_right(self._stretches, name, key=lambda stretch: stretch.start) - 1
        if i >= 0 and self._stretches[i].contains(name):
            return self._stretches[i]
        return None


def _cut(old: Stretch, start: str, end: str | None) -> list[Stretch]:
    """Return what is left of a stretch on both sides of a newer one."""
    parts = []
    if old.start < start:
        left_end = start if old.end is None or old.end > start else old.end
        parts.append(Stretch(old.start, left_end, old.seen))
    if end is not None and (old.end is None or old.end > end):
        parts.append(Stretch(max(old.start, end), old.end, old.seen))
    return parts

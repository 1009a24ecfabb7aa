"""Count requests by method, for benchmarks and tests."""

import threading
from collections import Counter


class Requests:
    """Counts of requests by name; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()

    def made(self, name: str) -> None:
        """Count a request, whatever its answer."""
        with self._lock:
            self._made[name] += 1

    def failed(self, name: str, why: str) -> None:
        """Count an answer other than OK, as ``name why``."""
        with self._lock:
            self._failed[f"{name} {why}"] += 1

    def counts(self) -> dict[str, int]:
        """Return the requests by name, sorted."""
        with self._lock:
            return dict(sorted(self._made.items()))

    def failures(self) -> dict[str, int]:
        """Return the answers other than OK by name and reason, sorted."""
        with self._lock:
            return dict(sorted(self._failed.items()))

    def reset(self) -> None:
        """Begin at 0."""
        with self._lock:
            self._made.clear()
            self._failed.clear()

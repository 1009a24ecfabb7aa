"""Call functions at set times, on one thread."""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable

_logger = logging.getLogger(__name__)


class Timers:
    """Calls functions when their time has come, in the order of their times."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._serial = itertools.count()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="timers", daemon=True)
        self._thread.start()

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        """Call a function once, that many seconds from now."""
        with self._changed:
            heapq.heappush(self._heap, (time.monotonic() + seconds, next(self._serial), call))
            self._changed.notify()

    def stop(self) -> None:
        """Forget what is still to be done; return when the thread has ended."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while (call := self._due()) is not None:
            try:
                call()
            except Exception:
                _logger.exception("A timer failed")

    def _due(self) -> Callable[[], None] | None:
        """Wait for the next call; None at the end."""
        with self._changed:
            while not self._stopped:
                if not self._heap:
                    self._changed.wait()
                    continue
                left = self._heap[0][0] - time.monotonic()
                if left <= 0:
                    return heapq.heappop(self._heap)[2]
                self._changed.wait(left)
        return None


def once(call: Callable[[], None]) -> Callable[[], None]:
    """Return a function that calls another one the first time, and does nothing after that."""
    lock = threading.Lock()
    return lambda: call() if lock.acquire(blocking=False) else None

"""Tell, now and then, how far a long piece of work has come."""

import logging
import time


class Progress:
    """Logs a line when work begins to be long, and then every so often.

    Parameters
    ----------
    log
        Where the lines go.
    what
        Name of one unit, such as ``member``.
    total
        Units in all.
    every
        Seconds between two lines.
    """

    def __init__(self, log: logging.Logger, what: str, total: int, every: float = 10.0) -> None:
        self._log = log
        self._what = what
        self._total = total
        self._every = every
        self._done = 0
        self._start = self._last = time.monotonic()

    def step(self) -> None:
        """Count one unit as done."""
        self._done += 1
        now = time.monotonic()
        if now - self._last < self._every and self._done < self._total:
            return
        self._last = now
        elapsed = now - self._start
        left = elapsed / self._done * (self._total - self._done)
        self._log.info(
            "%s %d of %d, %.1f s, %.0f s left", self._what, self._done, self._total, elapsed, left
        )

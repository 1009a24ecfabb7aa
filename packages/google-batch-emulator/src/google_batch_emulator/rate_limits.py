"""Limit requests per minute; requests over the limit get RESOURCE_EXHAUSTED."""

import threading
import time
from collections import deque
from collections.abc import Callable

from google_batch_emulator.errors import exhausted

_WINDOW_SECONDS = 60.0


class Quota:
    """A limit on requests in any sixty seconds; safe to use from several threads.

    Parameters
    ----------
    limit
        Requests allowed in sixty seconds.
    metric
        What is limited, for the message: "Read requests".
    service
        Whose limit it is: "logging.googleapis.com".
    consumer
        Number of the project, for the message.
    """

    def __init__(
        self,
        limit: int,
        metric: str,
        service: str,
        consumer: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = limit
        self._what = (
            f"Quota exceeded for quota metric '{metric}' and limit '{metric} per minute' "
            f"of service '{service}' for consumer 'project_number:{consumer}'."
        )
        self._clock = clock
        self._lock = threading.Lock()
        self._times: deque[float] = deque()

    def take(self) -> None:
        """Count a request.

        Raises
        ------
        ApiError
            RESOURCE_EXHAUSTED, if the minute's requests are used up. Such a request costs nothing.
        """
        with self._lock:
            now = self._clock()
            while self._times and now - self._times[0] >= _WINDOW_SECONDS:
                self._times.popleft()
            if len(self._times) >= self._limit:
                raise exhausted(self._what)
            self._times.append(now)

"""Hold the tasks of a job at a barrier until all of them have reached it."""

import threading
from collections import defaultdict
from collections.abc import Callable


class Barriers:
    """The barriers of all jobs."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._arrived: dict[tuple[str, int], set[int]] = defaultdict(set)

    def wait(
        self,
        uid: str,
        place: int,
        index: int,
        count: int,
        given_up: Callable[[], bool],
        seconds: float | None,
    ) -> bool:
        """Wait for the other tasks.

        Parameters
        ----------
        uid, place
            The job, and the place of the barrier among its runnables.
        index, count
            The task that has come, and the number of tasks.
        given_up
            Whether to stop waiting; asked after `wake`.
        seconds
            How long to wait at most; None for ever.

        Returns
        -------
        bool
            Whether all have come.
        """
        with self._changed:
            arrived = self._arrived[uid, place]
            arrived.add(index)
            self._changed.notify_all()
            self._changed.wait_for(lambda: len(arrived) == count or given_up(), seconds)
            return len(arrived) == count

    def wake(self) -> None:
        """Let everybody ask again whether to stop waiting."""
        with self._changed:
            self._changed.notify_all()

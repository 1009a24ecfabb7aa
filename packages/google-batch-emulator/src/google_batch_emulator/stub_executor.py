"""End task attempts with success, without running them."""

from collections.abc import Callable

from google_batch_emulator.records import Attempt, Outcome
from google_batch_emulator.timers import Timers


class StubExecutor:
    """Lets every attempt succeed.

    Parameters
    ----------
    timers
        Where the end of an attempt is noted down.
    seconds
        How long an attempt takes.
    """

    def __init__(self, timers: Timers, seconds: float) -> None:
        self._timers = timers
        self._seconds = seconds

    def start(
        self, attempt: Attempt, begun: Callable[[], None], over: Callable[[Outcome], None]
    ) -> None:
        """Begin, and be over after the chosen time."""
        ended = False

        def end() -> None:
            nonlocal ended
            if not ended:
                ended = True
                over(Outcome(0))

        def begin() -> None:
            begun()
            attempt.when_cut(lambda: self._timers.after(0, end))
            self._timers.after(self._seconds, end)

        self._timers.after(0, begin)

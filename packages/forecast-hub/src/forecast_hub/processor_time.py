"""Limit the processor time of work that others' files decide, such as matching their patterns."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def processor_time(seconds: float) -> Iterator[None]:
    """Raise an error in a block that takes too long.

    Only the main thread can be interrupted, and not on Windows: elsewhere there is no limit.

    Parameters
    ----------
    seconds
        Processor time of the process.

    Raises
    ------
    TimeoutError
        If the block takes more.
    """
    interruptible = threading.current_thread() is threading.main_thread()
    if not (interruptible and hasattr(signal, "SIGVTALRM")):
        yield
        return

    def stop(*_: object) -> None:
        raise TimeoutError(f"it takes more than {seconds:g} s of processor time")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)

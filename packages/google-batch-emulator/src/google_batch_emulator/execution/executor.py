"""Run task attempts, each on a thread of its own."""

import logging
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from google_batch_emulator import exit_codes
from google_batch_emulator.execution.context import Context
from google_batch_emulator.execution.runnable_sequence import AttemptRun
from google_batch_emulator.records import Attempt, Outcome

_logger = logging.getLogger(__name__)


class LocalExecutor:
    """Executes the runnables of attempts as local processes.

    Parameters
    ----------
    context
        What every attempt needs.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        # What tasks leave is removed behind their backs: some disks take long for that.
        self._cleaner = ThreadPoolExecutor(1, "cleaner")
        self._lock = threading.Lock()
        self._threads: set[threading.Thread] = set()

    def start(
        self, attempt: Attempt, begun: Callable[[], None], over: Callable[[Outcome], None]
    ) -> None:
        """Begin an attempt and return at once."""
        run = AttemptRun(self._context, attempt)

        def work() -> None:
            try:
                outcome = run.perform(begun)
            except Exception as error:
                # A task that hangs in RUNNING would hide the fault; this one is reported.
                _logger.exception("An attempt could not be run")
                outcome = Outcome(exit_codes.OTHER, f"{type(error).__name__}: {error}")
            over(outcome)
            self._clean(run.folder)
            with self._lock:
                self._threads.discard(threading.current_thread())

        # A process is killed with the thread that started it: no thread may end before its tasks.
        thread = threading.Thread(target=work, name=f"task-{attempt.task.index}", daemon=True)
        with self._lock:
            self._threads.add(thread)
        thread.start()

    def _clean(self, folder: Path) -> None:
        # While the emulator stops, the cleaner takes no more; everything is removed then.
        with suppress(RuntimeError):
            if not self._context.settings.keep_task_files:
                self._cleaner.submit(shutil.rmtree, folder, ignore_errors=True)

    def join(self, seconds: float) -> bool:
        """Wait for every attempt; return whether all ended in time."""
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(seconds)
        self._cleaner.shutdown(cancel_futures=True)
        return not any(thread.is_alive() for thread in threads)

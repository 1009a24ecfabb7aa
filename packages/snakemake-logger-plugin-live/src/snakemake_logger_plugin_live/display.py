"""Draw the display at the bottom of a terminal, on a thread of its own."""

import contextlib
import io
import os
import re
import threading
import time

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from .capture import Capture
from .job_text import counts, duration, time_left
from .jobs import Jobs
from .progress_reports import last_report

_REFRESH = 0.5
_FAILED_SHOWN = 3
_OTHER_LINES = 10
"""Of the terminal's height, beside the running jobs."""


class Display:
    """Draws a run's jobs.

    Parameters
    ----------
    jobs
        What is known; changed while the display is there.
    lock
        Held by those who change or read ``jobs``.
    pattern
        What is shown of the logs of running jobs.
    rows
        How many running jobs are listed at most.
    """

    def __init__(
        self, jobs: Jobs, lock: threading.RLock, pattern: re.Pattern[str] | None, rows: int
    ) -> None:
        self._jobs, self._lock, self._pattern, self._rows = jobs, lock, pattern, rows
        self._began = time.time()
        self._ended = threading.Event()
        self._capture = Capture(self.write)
        file = io.TextIOWrapper(
            os.fdopen(os.dup(self._capture.terminal), "wb"), write_through=True, encoding="utf-8"
        )
        self._console = Console(file=file, highlight=False)
        self._live = Live(
            self._drawn(),
            console=self._console,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
            transient=True,
        )
        try:
            self._live.start(refresh=True)
        except Exception:
            self._capture.stop()
            raise
        self._thread = threading.Thread(target=self._keep, daemon=True)
        self._thread.start()

    def write(self, text: str) -> None:
        """Print text above the display."""
        self._console.print(Text.from_ansi(text.rstrip("\n")), soft_wrap=True)

    def stop(self) -> None:
        """Remove the display; what was captured is printed."""
        self._ended.set()
        self._thread.join(2 * _REFRESH)
        try:
            self._live.stop()
        finally:
            self._capture.stop()

    def _keep(self) -> None:
        while not self._ended.wait(_REFRESH):
            # A picture less, should it fail; the run goes on.
            with contextlib.suppress(Exception):
                self._live.update(self._drawn(), refresh=True)

    def _drawn(self) -> RenderableType:
        now = time.time()
        with self._lock:
            running = sorted(self._jobs.running.values(), key=lambda job: job.since)
            failed = [job.label for job in self._jobs.failed.values()]
            done, total = len(self._jobs.done), self._jobs.total
            words = [counts(self._jobs), time_left(self._jobs, now)]
        words.append(f"{duration(now - self._began)} so far")
        head = Text(", ".join(word for word in words if word), overflow="fold")
        bar = Table.grid(expand=True)
        bar.add_row(ProgressBar(max(total, 1), done))
        parts: list[RenderableType] = [bar, head]
        shown = running[: max(1, min(self._rows, self._console.height - _OTHER_LINES))]
        if shown:
            table = Table.grid(padding=(0, 2), expand=True)
            table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
            table.add_column(no_wrap=True, justify="right")
            table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
            for job in shown:
                report = last_report(job.logs, self._pattern)
                table.add_row(Text(job.label), duration(now - job.since), Text(report))
            parts.append(table)
        if len(running) > len(shown):
            parts.append(Text(f"and {len(running) - len(shown)} more", style="dim"))
        for label in failed[:_FAILED_SHOWN]:
            parts.append(Text(f"failed: {label}", style="bold red", overflow="ellipsis"))
        if len(failed) > _FAILED_SHOWN:
            parts.append(Text(f"and {len(failed) - _FAILED_SHOWN} more failed", style="bold red"))
        return Group(*parts)

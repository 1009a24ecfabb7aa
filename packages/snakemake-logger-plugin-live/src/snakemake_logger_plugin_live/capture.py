"""Capture everything that a run writes to the terminal, and print it above the display.

Jobs are processes that write to the same terminal. What they write would land in the display and
be overwritten with it. So their output, and Snakemake's own, goes through a pipe, and is printed
above the display.
"""

import contextlib
import os
import threading
from collections.abc import Callable

_JOIN = 2.0


class Capture:
    """Takes over the file descriptors 1 and 2 until it is stopped.

    Parameters
    ----------
    sink
        Prints text above the display. If it raises, the text goes to the terminal as it is: a
        pipe that nobody empties would stop every job.
    """

    def __init__(self, sink: Callable[[str], None]) -> None:
        self._sink = sink
        self._saved = {number: os.dup(number) for number in (1, 2)}
        reading, writing = os.pipe()
        self.terminal = os.dup(2)
        """Where the display writes."""
        for number in self._saved:
            os.dup2(writing, number)
        os.close(writing)
        self._reader = threading.Thread(target=self._read, args=(reading,), daemon=True)
        self._reader.start()

    def stop(self) -> None:
        """Give the descriptors back; what was written before is printed first."""
        for number, saved in self._saved.items():
            os.dup2(saved, number)
            os.close(saved)
        self._saved = {}
        # Jobs that outlive the run still have the pipe; the thread goes on with what they write.
        self._reader.join(_JOIN)

    def _read(self, reading: int) -> None:
        rest = b""
        while data := os.read(reading, 65536):
            whole, newline, rest = (rest + data).rpartition(b"\n")
            if newline:
                self._print(whole + newline)
        self._print(rest)
        os.close(reading)

    def _print(self, data: bytes) -> None:
        if not data:
            return
        try:
            self._sink(data.decode(errors="replace"))
        except Exception:
            with contextlib.suppress(OSError):
                os.write(self.terminal, data)

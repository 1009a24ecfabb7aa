"""Read progress from the log files of running jobs."""

import re
from collections.abc import Sequence
from pathlib import Path

_TAIL = 16 * 1024
"""Bytes that are read, from the end of a log."""


def last_report(logs: Sequence[str], pattern: re.Pattern[str] | None) -> str:
    """Return what the last matching line of a job's logs says, as ``name value, name value``.

    Parameters
    ----------
    logs
        Paths; one that is not on this machine, or not there yet, says nothing.
    pattern
        With named groups, whose names and values are shown; None for no report.
    """
    if pattern is None:
        return ""
    for path in logs:
        for line in reversed(_tail(path).splitlines()):
            if found := pattern.search(line):
                named = {name: value for name, value in found.groupdict().items() if value}
                return ", ".join(f"{name} {value}" for name, value in named.items())
    return ""


def _tail(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _TAIL))
            return file.read().decode(errors="replace")
    except OSError:
        return ""

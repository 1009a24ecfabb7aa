"""Describe jobs in words, for log lines and for the display."""

import time

from .jobs import Jobs


def counts(jobs: Jobs) -> str:
    """Return ``3 of 12 jobs done, 2 running, 1 failed``."""
    return (
        f"{len(jobs.done)} of {jobs.total} jobs done, {len(jobs.running)} running, "
        f"{len(jobs.failed)} failed"
    )


def time_left(jobs: Jobs, now: float) -> str:
    """Return ``about 3 min left``, ``at least 3 min left``, or nothing while nothing is known."""
    left = jobs.left(now)
    if left is None or not (jobs.running or len(jobs.done) < jobs.total):
        return ""
    if left.at_least and left.seconds < 1:
        return ""  # says nothing
    return f"{'at least' if left.at_least else 'about'} {duration(left.seconds)} left"


def duration(seconds: float) -> str:
    """Return ``35 s``, ``2 min 05 s`` or ``1 h 02 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def clock(at: float) -> str:
    """Return the time of day."""
    return time.strftime("%H:%M:%S", time.localtime(at))

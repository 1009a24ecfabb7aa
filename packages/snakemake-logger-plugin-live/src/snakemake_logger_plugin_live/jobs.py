"""Count jobs that are done, running and failed, and estimate the remaining time."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

TARGET = "all"
"""The usual name of the rule that only asks for files: its time is nothing."""


@dataclass(frozen=True)
class Job:
    """A job that was started.

    Attributes
    ----------
    rule, label
        Its rule, and what people call it.
    logs
        Its log files.
    since
        When it was started, in seconds.
    """

    rule: str
    label: str
    logs: Sequence[str]
    since: float


class Left(NamedTuple):
    """Seconds until the run ends; at least that, where jobs of unknown length remain."""

    seconds: float
    at_least: bool


@dataclass
class Jobs:
    """The jobs of a run, by what Snakemake's events tell of them.

    Attributes
    ----------
    planned
        Rule to the number of its jobs.
    slots
        Jobs at once, if that is known: cores, for the local executor.
    running, failed
        By Snakemake's number of the job; a failed job that is started again is running.
    done
        Numbers of finished jobs.
    """

    planned: Mapping[str, int] = field(default_factory=dict)
    slots: int | None = None
    running: dict[object, Job] = field(default_factory=dict)
    failed: dict[object, Job] = field(default_factory=dict)
    done: dict[object, Job] = field(default_factory=dict)
    _seconds: Counter[str] = field(default_factory=Counter)
    _timed: Counter[str] = field(default_factory=Counter)
    _most: int = 1

    @property
    def total(self) -> int:
        """Jobs in all."""
        return max(sum(self.planned.values()), len(self.done))

    def start(self, number: object, job: Job) -> None:
        """Note that a job was started, for the first time or again."""
        self.failed.pop(number, None)
        self.running[number] = job
        self._most = max(self._most, len(self.running))

    def finish(self, number: object, at: float) -> Job | None:
        """Note that a job has succeeded, and return it."""
        job = self.running.pop(number, None)
        if job is not None:
            self._seconds[job.rule] += at - job.since  # type: ignore[assignment]
            self._timed[job.rule] += 1
            self.done[number] = job
        return job

    def fail(self, number: object) -> None:
        """Note that a job has failed; Snakemake may start it again."""
        job = self.running.pop(number, None)
        if job is not None:
            self.failed[number] = job

    def left(self, now: float) -> Left | None:
        """Estimate the time until the run ends, from the jobs of each rule so far.

        Work that remains, divided by the jobs at once; but not less than the running job that
        takes longest. None while no job has finished.
        """
        means = {rule: self._seconds[rule] / count for rule, count in self._timed.items()}
        if not means:
            return None
        running = Counter(job.rule for job in self.running.values())
        gone = Counter(job.rule for job in (*self.done.values(), *self.failed.values()))
        work, unknown = 0.0, False
        for rule, count in self.planned.items():
            waiting = max(0, count - running[rule] - gone[rule])
            work += waiting * means.get(rule, 0.0)
            unknown |= rule not in means and rule != TARGET and waiting + running[rule] > 0
        rests = [
            max(0.0, means.get(job.rule, 0.0) - (now - job.since)) for job in self.running.values()
        ]
        slots = min(self.slots, self._most) if self.slots else self._most
        return Left(max((work + sum(rests)) / slots, *rests, 0.0), unknown)

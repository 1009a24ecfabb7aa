"""The log files of a run's jobs."""

import re
from dataclasses import dataclass
from datetime import datetime

from epyflow.errors import EpyflowError
from epyflow.runs.finding import Run, ended_with_error
from epyflow.storage import Storage

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}/")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Characters that a terminal would obey; the tab is none of them."""


@dataclass(frozen=True)
class Log:
    """A job's log.

    Attributes
    ----------
    path
        Below the place that holds ``logs/``.
    rule
        That wrote it.
    job
        Which job of the rule, such as the five digits of a task; empty where it has but one.
    modified
        When it was last written.
    failed
        Whether there is an error in it.
    lines
        Without what a terminal would obey.
    """

    path: str
    rule: str
    job: str
    modified: datetime
    failed: bool
    lines: tuple[str, ...]


def read_logs(
    storage: Storage,
    run: Run,
    *,
    rule: str | None = None,
    task: int | None = None,
    failed: bool = False,
) -> list[Log]:
    """Read logs of a run, in the order in which they were last written.

    Parameters
    ----------
    storage, run
        From :func:`epyflow.runs.choosing.chosen`.
    rule
        Only of this rule.
    task
        Only of the rule ``run_task``, of this task; in a replay, of that of each date.
    failed
        Only those with an error.

    Raises
    ------
    EpyflowError
        If the run has no such rule; the message lists those it has.
    """
    folder = f"logs/{run.folder}"
    listed = {path: its for path, its in storage.below(folder).items() if path.endswith(".log")}
    jobs = {path: _job(path) for path in listed}
    rule = "run_task" if task is not None and rule is None else rule
    rules = sorted({name for name, _ in jobs.values()})
    if rule is not None and rule not in rules:
        raise EpyflowError(
            f"{folder} has no log of the rule {rule}; it has those of {', '.join(rules) or 'none'}"
        )
    wanted = [
        path
        for path, (name, job) in jobs.items()
        if rule in (None, name) and (task is None or job == f"{task:05d}")
    ]
    wanted.sort(key=lambda path: (listed[path].modified, path))
    read = storage.read_all(f"{folder}/{path}" for path in wanted)
    logs = []
    for path in wanted:
        data = read.get(f"{folder}/{path}")
        if data is None:
            continue  # the job is being run again
        wrong = ended_with_error(data)
        if wrong or not failed:
            its = (*jobs[path], listed[path].modified, wrong, _lines(data))
            logs.append(Log(f"{folder}/{path}", *its))
    return logs


def _job(path: str) -> tuple[str, str]:
    """Return the rule and the job of a log; the date of a replay is no part of them."""
    rule, _, job = _DATE.sub("", path, count=1).removesuffix(".log").partition("/")
    return rule, job


def _lines(data: bytes) -> tuple[str, ...]:
    text = data.decode("utf-8", errors="replace")
    return tuple(_CONTROL.sub("", line) for line in text.splitlines())

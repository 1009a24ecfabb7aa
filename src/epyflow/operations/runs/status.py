"""Report the progress and the failures of each stage of a run."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from epyflow.errors import UnreadableError
from epyflow.operations.runs.log_lines import is_message, log_text, printable, shorten_line
from epyflow.operations.runs.run_list import Run
from epyflow.operations.runs.run_lookup import reload_run
from epyflow.operations.runs.run_parts import ended_with_error
from epyflow.operations.runs.stored_records import look_into
from epyflow.run.layout import result_name
from epyflow.run.path_patterns import split_date, stage_of, task_of_log
from epyflow.stages import STAGES, stage_of_rule
from epyflow.storage.disk import Storage

_UNREAD = "its job counts as one without an error"
_MESSAGE = re.compile(r"\S+ \S+ (?:ERROR|CRITICAL) (.*)")
_TRACEBACK = "Traceback"


@dataclass(frozen=True)
class Progress:
    """Progress of a stage of a run.

    Attributes
    ----------
    name
        One of :data:`epyflow.stages.STAGES`.
    files
        Number of its files: inputs, results, tables, figures and so on.
    failed
        Number of jobs whose log has an error; for ``run``, of failed tasks.
    wanted
        Number of files that it has to make; None if no coordinator has recorded it.
    """

    name: str
    files: int
    failed: int
    wanted: int | None = None


@dataclass(frozen=True)
class Status:
    """A run, its stages, and the log and message of every failed job."""

    run: Run
    stages: tuple[Progress, ...]
    failures: Mapping[str, str]

    @property
    def failed(self) -> bool:
        """Whether a job or the coordinator failed, or the hub would refuse the submission."""
        failed = self.run.state == "failed" or self.run.submission == "refused"
        return failed or bool(self.failures)

    @property
    def over(self) -> bool:
        """Whether the run is complete, or has failed without a missing task."""
        return self.run.complete or (self.failed and not self.run.missing)

    def as_dict(self) -> dict[str, Any]:
        """Return it as a JSON document."""
        stages = [
            {
                "stage": each.name,
                "files": each.files,
                "failed": each.failed,
                "wanted": each.wanted,
            }
            for each in self.stages
        ]
        failures = [{"log": log, "message": text} for log, text in self.failures.items()]
        return {
            **self.run.as_dict(),
            "unplanned": self.run.unplanned,
            "stages": stages,
            "failures": failures,
        }


def status(
    storage: Storage,
    run: Run,
    wanted: Mapping[str, int] | None = None,
    since: datetime | None = None,
) -> Status:
    """Return the current progress of a run; for a replay, of all its reference dates together.

    Parameters
    ----------
    storage, run
        From :func:`epyflow.operations.runs.run_lookup.find_run`; the run is read again.
    wanted
        Number of files that each stage has to make, from the record of the run's coordinator.
    since
        Start of a coordinator that is running although it does not renew its lease, as a Batch job
        that waits for a machine: tasks that failed earlier count as missing.

    Raises
    ------
    UnreadableError
        If the run is no longer there.
    """
    now = reload_run(storage, run)
    if now is None:
        raise UnreadableError(f"the run {run.folder} has been removed")
    layout = run.layout
    files = {path for path in storage.below(layout.results) if now.plans(path)}
    files.difference_update(now.unplanned)
    failures, before = _failures(storage, now, files, since or now.since or now.completed)
    if now.since is None:
        again = sum(_task_of(log.removeprefix(f"{layout.logs}/")) is not None for log in before)
        now = replace(now, failed=max(0, now.failed - again))
    made = Counter(map(stage_of, files))
    rules = [_rule(log.removeprefix(f"{layout.logs}/")) for log in failures]
    failed = {**Counter(map(stage_of_rule, rules)), "run": now.failed}
    stages = [
        Progress(name, made[name], failed.get(name, 0), (wanted or {}).get(name)) for name in STAGES
    ]
    return Status(now, tuple(stages), failures)


def _failures(
    storage: Storage, run: Run, files: set[str], since: datetime | None
) -> tuple[dict[str, str], set[str]]:
    """Return the message of each log with an error, and the logs with an earlier error.

    The error of a task that has a result, or that is not planned, is ignored.
    """
    folder = run.layout.logs
    there = sorted(storage.below(folder).items())
    logs = {path: its for path, its in there if run.plans(path) and _open(path, files)}
    listed = {f"{folder}/{path}": its for path, its in logs.items()}
    found = look_into(storage, listed, _message, _UNREAD)
    wrong = {path: text for path, text in found.items() if text is not None}
    before = {path for path in wrong if since is not None and listed[path].modified < since}
    return {path: text for path, text in wrong.items() if path not in before}, before


def _open(log: str, files: set[str]) -> bool:
    task = _task_of(log)
    if task is None:
        return log.endswith(".log")
    date = split_date(log)[0]
    result = result_name(task)
    return (f"{date}/{result}" if date else result) not in files


def _task_of(log: str) -> int | None:
    return task_of_log(split_date(log)[1])


def _rule(log: str) -> str:
    return split_date(log)[1].partition("/")[0].removesuffix(".log")


def _message(log: bytes) -> str | None:
    """Return the last error's message on one line, or the ends of it; None without an error.

    Of a traceback it has the last line.
    """
    if not ended_with_error(log):
        return None
    found: list[str] = []
    goes_on = False
    for line in log_text(log).splitlines():
        if is_message(line):
            start = _MESSAGE.fullmatch(line)
            goes_on, found = start is not None, [start[1]] if start else found
        elif goes_on and line.strip():
            found.append(line.strip())
    trace = next((n for n, line in enumerate(found) if line.startswith(_TRACEBACK)), None)
    lines = found if trace is None else [*found[:trace], found[-1]]
    message = "; ".join(map(printable, lines)).replace(":; ", ": ")
    whole = message or "an error whose message cannot be read"
    return shorten_line(whole, "the whole is in the log")

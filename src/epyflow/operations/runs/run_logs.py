"""Read the log files of a run's jobs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from epyflow.errors import EpyflowError, UnreadableError
from epyflow.operations.runs.coordinator_record import read_record
from epyflow.operations.runs.log_lines import Filter, log_text, printable
from epyflow.operations.runs.run_list import Run
from epyflow.operations.runs.run_parts import ended_with_error
from epyflow.operations.runs.stored_records import read_readable
from epyflow.run.layout import COORDINATOR, task_number
from epyflow.run.path_patterns import split_date
from epyflow.stages import STAGES
from epyflow.storage.disk import Disk, Storage
from epyflow.storage.stored_file import LARGEST_TEXT, Stored, moment_of

LEFT_OUT = "this log is left out"
"""What is done with a log that cannot be read, for the warning."""

_SNAKEMAKE_LOGS = (".snakemake", "log")
"""Folder of Snakemake's own logs, below the working directory."""


@dataclass(frozen=True)
class Choice:
    """A selection of logs and lines.

    Attributes
    ----------
    rule
        Only logs of this rule. ``coordinator`` selects the coordinator's own log, which is left out
        otherwise.
    stage
        Only logs of the rules of this stage, one of :data:`~epyflow.stages.STAGES`.
    task
        Only logs of the rule ``run_task`` for this task; in a replay, for each date.
    failed
        Only logs with an error.
    since, level
        See :class:`~epyflow.operations.runs.log_lines.Filter`.
    """

    rule: str | None = None
    stage: str | None = None
    task: int | None = None
    failed: bool = False
    since: datetime | None = None
    level: str | None = None

    def wants(self, rule: str, job: str) -> bool:
        """Return whether a log is selected, by its rule and job."""
        if self.rule is None and rule == COORDINATOR:
            return False
        of_stage = self.stage is None or STAGES[self.stage].has_rule(rule)
        of_task = self.task is None or (rule, job) == ("run_task", task_number(self.task))
        return self.rule in (None, rule) and bool(of_stage) and of_task


@dataclass(frozen=True)
class Log:
    """A job's log.

    Attributes
    ----------
    path
        Path in the storage.
    rule
        Rule that wrote it.
    job
        Job of the rule, such as the number of a task; empty for a rule with one job.
    modified
        Time of its last change.
    failed
        Whether it contains an error.
    lines
        The selected lines; control characters of terminals are escaped.
    """

    path: str
    rule: str
    job: str
    modified: datetime
    failed: bool
    lines: tuple[str, ...]


def read_logs(storage: Storage, run: Run, choice: Choice) -> list[Log]:
    """Read logs of a run, sorted by the time of their last change.

    Parameters
    ----------
    storage, run
        From :func:`epyflow.operations.runs.run_lookup.find_run`.
    choice
        Selects logs and lines. A log without a selected line is left out.

    Raises
    ------
    EpyflowError
        If the run has no log of the rule; the message lists its rules.
    """
    wanted = list_logs(storage, run, choice)
    if not wanted and choice.rule == COORDINATOR:
        return _log_of_this_machine(storage, run, choice)
    read = read_readable(storage, wanted, LEFT_OUT)
    logs = []
    for path, its in wanted.items():
        data = read.get(path)
        if data is None:
            continue  # the job has been started again
        rule, job = job_of(path, run)
        wrong = ended_with_error(data)
        lines = lines_of(data, choice, its.modified)
        if (wrong or not choice.failed) and (lines or not (choice.since or choice.level)):
            logs.append(Log(path, rule, job, its.modified, wrong, lines))
    return logs


def list_logs(
    storage: Storage, run: Run, choice: Choice, *, strict: bool = True
) -> Mapping[str, Stored]:
    """List the logs that may have selected lines, sorted by the time of their last change.

    Raises
    ------
    EpyflowError
        If ``strict``, and the run has no log of the rule.
    """
    folder, own = run.layout.logs, run.layout.coordinator_log
    files = {f"{folder}/{path}": its for path, its in storage.below(folder).items()}
    coordinators = storage.below(run.layout.coordinator_files)
    if (its := coordinators.get(own.rpartition("/")[2])) is not None:
        files[own] = its
    listed = {path: its for path, its in files.items() if path.endswith(".log")}
    rules = sorted({job_of(path, run)[0] for path in listed})
    if strict and choice.rule not in (None, COORDINATOR, *rules):
        raise EpyflowError(
            f"{folder} has no log of the rule {choice.rule}; it has logs of "
            f"{', '.join(rules) or 'no rule'}"
        )
    wanted = [
        path
        for path, its in listed.items()
        if choice.wants(*job_of(path, run))
        and (choice.since is None or its.modified >= choice.since)
    ]
    return {path: listed[path] for path in sorted(wanted, key=lambda p: (listed[p].modified, p))}


def job_of(path: str, run: Run) -> tuple[str, str]:
    """Return the rule and the job of a log, without the date of a replay."""
    start = f"{run.layout.logs}/"
    if not path.startswith(start):
        return COORDINATOR, ""  # its own, or Snakemake's
    below = split_date(path.removeprefix(start))[1]
    rule, _, job = below.removesuffix(".log").partition("/")
    return rule, job


def lines_of(data: bytes, choice: Choice, modified: datetime) -> tuple[str, ...]:
    """Return the selected lines of a log."""
    wanted = Filter(choice.since, choice.level, modified)
    return tuple(printable(line) for line in log_text(data).splitlines() if wanted.wants(line))


def read_snakemake_log(storage: Storage, run: Run) -> tuple[str, Stored, bytes] | None:
    """Read Snakemake's own log, if the coordinator is or was a process of this machine.

    The record may be from somebody else's bucket: another file than such a log is not read.
    """
    record = read_record(run.exp_id, run.run_id, storage)
    if record is None or not record.is_here or record.wanted.log is None:
        return None
    path = Path(record.wanted.log)
    if path.resolve().parent.parts[-2:] != _SNAKEMAKE_LOGS or path.suffix != ".log":
        return None
    try:
        data, its = Disk(path.parent).read(path.name, LARGEST_TEXT), path.stat()
    except (OSError, UnreadableError):  # gone, or a pipe
        return None
    return None if data is None else (str(path), Stored(len(data), moment_of(its.st_mtime)), data)


def _log_of_this_machine(storage: Storage, run: Run, choice: Choice) -> list[Log]:
    found = read_snakemake_log(storage, run)
    if found is None:
        return []
    path, its, data = found
    wrong = ended_with_error(data)
    return [Log(path, COORDINATOR, "", its.modified, wrong, lines_of(data, choice, its.modified))]

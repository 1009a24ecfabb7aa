"""Read the log files of a run's jobs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from epyflow.errors import EpyflowError
from epyflow.operations.runs.coordinator_record import read_record
from epyflow.operations.runs.log_lines import Filter, log_text, printable
from epyflow.operations.runs.run_list import Run
from epyflow.operations.runs.run_parts import ended_with_error
from epyflow.operations.runs.stored_records import LogEnd, read_ends
from epyflow.run.layout import COORDINATOR, RECORD, task_number
from epyflow.run.path_patterns import is_planned, split_date
from epyflow.stages import STAGES
from epyflow.storage.disk import Disk, Storage
from epyflow.storage.stored_file import Stored

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
        Only logs with an error, of reference dates and tasks that the last start has planned; of a
        complete run, not from before its completion.
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
    left_out
        The number of bytes before them that were not read: only the end of a long log is.
    """

    path: str
    rule: str
    job: str
    modified: datetime
    failed: bool
    lines: tuple[str, ...]
    left_out: int = 0


def read_logs(storage: Storage, run: Run, choice: Choice) -> Iterator[Log]:
    """Yield logs of a run, sorted by the time of their last change; some are in memory at once.

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
        yield from _log_of_this_machine(storage, run, choice)
    for path, end in read_ends(storage, wanted, LEFT_OUT):
        log = log_of(path, job_of(path, run), end, choice, wanted[path].modified)
        if (log.failed or not choice.failed) and (log.lines or not (choice.since or choice.level)):
            yield log


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
    there = {path: its for path, its in storage.below(folder).items() if run.owns(path)}
    files = {f"{folder}/{path}": its for path, its in there.items()}
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
    # A follower lists logs while the run may be started again with another plan.
    has_record = choice.failed and RECORD in coordinators
    record = read_record(run.exp_id, run.run_id, storage) if has_record else None
    planned = {} if record is None else record.wanted.tasks
    over = run.since or run.completed if choice.failed else None
    times = [each for each in (choice.since, over) if each]
    wanted = [
        path
        for path, its in listed.items()
        if choice.wants(*job_of(path, run))
        and all(its.modified >= each for each in times)
        and is_planned(path.removeprefix(f"{folder}/"), run.layout, planned)
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


def log_of(
    path: str,
    whose: tuple[str, str],
    end: LogEnd,
    choice: Choice,
    modified: datetime,
    failed: bool | None = None,
) -> Log:
    """Return the selected lines of a log.

    Parameters
    ----------
    path, whose
        Its path, and its rule and job.
    end, modified
        What was read of it, and the time of its last change.
    choice
        Selects the lines.
    failed
        Whether it contains an error; None: as :func:`epyflow.logs.log_to` writes it.
    """
    wrong = ended_with_error(end.data) if failed is None else failed
    wanted = Filter(choice.since, choice.level, modified)
    lines = (printable(line) for line in log_text(end.data).splitlines() if wanted.wants(line))
    return Log(path, *whose, modified, wrong, tuple(lines), end.left_out)


def find_snakemake_log(storage: Storage, run: Run) -> tuple[Disk, Path, Stored] | None:
    """Find Snakemake's own log, if the coordinator is or was a process of this machine.

    The record may be from somebody else's bucket: another file than such a log is not read.
    """
    record = read_record(run.exp_id, run.run_id, storage)
    if record is None or not record.is_here or record.wanted.log is None:
        return None
    path = Path(record.wanted.log)
    if path.resolve().parent.parts[-2:] != _SNAKEMAKE_LOGS or path.suffix != ".log":
        return None
    folder = Disk(path.parent)
    its = folder.below("").get(path.name)  # not one that is gone, or a pipe
    return None if its is None else (folder, path, its)


def _log_of_this_machine(storage: Storage, run: Run, choice: Choice) -> Iterator[Log]:
    found = find_snakemake_log(storage, run)
    if found is not None:
        folder, path, its = found
        for _, end in read_ends(folder, {path.name: its}, LEFT_OUT):
            yield log_of(str(path), (COORDINATOR, ""), end, choice, its.modified)

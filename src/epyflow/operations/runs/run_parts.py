"""Judge a run, or one date of a replay, by its files: its tasks, its tables and its submission."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from epyflow.logs import HAS_ERROR
from epyflow.operations.runs.run_request import Name
from epyflow.operations.runs.stored_records import Record, look_into, read_records
from epyflow.run.layout import FINDINGS, HUB, METADATA, RESULTS, RunLayout
from epyflow.run.path_patterns import split_name, task_of_input, task_of_result
from epyflow.storage.disk import Storage
from epyflow.storage.stored_file import Stored

Files = Mapping[str, Stored]

_Count = Annotated[int, Field(ge=0, le=10**9)]


class _Counts(Record):
    tasks: _Count
    failed: _Count

    @model_validator(mode="after")
    def _failed_are_tasks(self) -> Self:
        if self.failed > self.tasks:
            raise ValueError(f"failed is {self.failed}; expected at most tasks, {self.tasks}")
        return self


class Metadata(Record):
    """The part of ``run_metadata.json`` that is used here."""

    exp_id: Name
    run_id: Name
    counts: _Counts


class _Findings(Record):
    """The verdict of the hub's checks on a submission."""

    accepted: bool


@dataclass(frozen=True)
class Part:
    """A run, or one date of a replay."""

    tasks: int
    done: int
    failed: int
    complete: bool
    accepted: bool | None


def judge_part(
    own: Files,
    folder: str,
    record: Metadata | None,
    storage: Storage,
    planned: int | None = None,
    unplanned: Collection[str] = (),
    since: datetime | None = None,
) -> Part:
    """Judge a run, or one date of a replay.

    Parameters
    ----------
    own, folder
        Its files, by the path below its folder, and that below ``results/``.
    record
        Its ``run_metadata.json``; None without one that can be read.
    storage
        Holds ``results/`` and ``logs/``.
    planned
        Number of tasks in its plan; None if it is unknown. Files of further tasks are ignored, and
        so is a record of another number.
    unplanned
        Files of an earlier plan, by their path below ``results/``.
    since
        Start of the coordinator that is running; None without one. A task that failed earlier is
        tried again, so it counts as missing.
    """
    accepted = _accepted(
        {path: its for path, its in own.items() if f"{folder}/{path}" not in unplanned},
        folder,
        storage,
    )
    inputs = _by_task(own, task_of_input, planned)
    results = _by_task(own, task_of_result, planned)
    undone = inputs.keys() - results.keys()
    artifacts = [own[path].modified for path in (*inputs.values(), *results.values())]
    if (
        record is not None
        and planned in (None, record.counts.tasks)
        and own[METADATA].modified >= max(artifacts, default=own[METADATA].modified)
    ):
        tasks, failed = record.counts.tasks, record.counts.failed
        _, before = _failed(storage, folder, undone if failed and since else set(), since)
        return Part(tasks, tasks - failed, max(0, failed - before), not failed, accepted)
    failed, _ = _failed(storage, folder, undone, since)
    return Part(len(inputs), len(inputs) - len(undone), failed, False, accepted)


def _by_task(
    own: Files, task_of: Callable[[str], int | None], planned: int | None
) -> dict[int, str]:
    """Return the planned tasks that have one kind of file, and its path."""
    found = {task: path for path in own if (task := task_of(path)) is not None}
    return {task: path for task, path in found.items() if planned is None or task < planned}


def _failed(
    storage: Storage, folder: str, tasks: set[int], since: datetime | None
) -> tuple[int, int]:
    """Count the tasks of those that failed, and those that failed before a moment."""
    if not tasks:
        return 0, 0
    layout = RunLayout(*split_name(folder))
    logs = {layout.task_log(task) for task in tasks}
    there = storage.below(layout.task_logs)
    listed = {f"{layout.task_logs}/{name}": its for name, its in sorted(there.items())}
    wanted = {path: its for path, its in listed.items() if path in logs}
    unread = "its task counts as one without an error"
    wrong = look_into(storage, wanted, ended_with_error, unread)
    before = [since is not None and wanted[path].modified < since for path in wrong if wrong[path]]
    return before.count(False), before.count(True)


def ended_with_error(log: bytes) -> bool:
    """Return whether a log of :func:`epyflow.logs.log_to` contains an error."""
    # The expression is slow, and almost no log has one of the words.
    return (b"ERROR" in log or b"CRITICAL" in log) and HAS_ERROR.search(log) is not None


def _accepted(own: Files, folder: str, storage: Storage) -> bool | None:
    """Return whether the hub's checks accept the newest submission."""
    findings = [path for path in own if path.startswith(f"{HUB}/") and path.endswith(FINDINGS)]
    if not findings:
        return None
    newest = max(findings, key=lambda path: own[path].modified)
    listed = {f"{RESULTS}/{folder}/{newest}": own[newest]}
    found = read_records(_Findings, storage, listed, "the submission counts as refused")
    return any(each.accepted for each in found.values())

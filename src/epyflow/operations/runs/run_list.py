"""List the runs below a storage prefix, with the progress of each.

Runs are read from the names and times of files, from ``run_metadata.json`` and from logs. Nothing
is unpickled, since others may write to a bucket.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from epyflow.errors import UnreadableError
from epyflow.experiment.reading.experiment_files import is_exp_id
from epyflow.logs import HAS_ERROR
from epyflow.operations.runs.stored_records import Record, read_records, read_small
from epyflow.run.layout import FINDINGS, HUB, METADATA, RESULTS, RunLayout
from epyflow.run.path_patterns import (
    runs_with_files,
    split_date,
    split_name,
    task_of_input,
    task_of_result,
)
from epyflow.storage.disk import SharedFolder, Storage, storage_at
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


class _Metadata(Record):
    """The part of ``run_metadata.json`` that is used here."""

    exp_id: str
    run_id: str
    counts: _Counts


class _Findings(Record):
    """The verdict of the hub's checks on a submission."""

    accepted: bool


@dataclass(frozen=True)
class Run:
    """One run, as described by its files.

    Attributes
    ----------
    exp_id, run_id
        A replay is one run; its counts cover all its reference dates.
    modified
        Time of its newest file.
    tasks
        Number of planned tasks: from ``run_metadata.json``, or while the run is in progress, the
        number of inputs.
    done, failed
        Number of tasks with a result, and of tasks that failed. The others are missing.
    complete
        Whether every task has a result and the tables were made from them.
    submission
        ``accepted`` or ``refused`` by the hub's checks; None without a submission.
    """

    exp_id: str
    run_id: str
    modified: datetime
    tasks: int
    done: int
    failed: int
    complete: bool
    submission: str | None

    @property
    def folder(self) -> str:
        """The folder below ``results/`` and ``logs/``."""
        return self.layout.name

    @property
    def layout(self) -> RunLayout:
        """The paths of the run."""
        return RunLayout(self.exp_id, self.run_id)

    @property
    def missing(self) -> int:
        """Number of tasks that neither have a result nor failed."""
        return self.tasks - self.done - self.failed

    def as_dict(self) -> dict[str, Any]:
        """Return it as a JSON document."""
        return {
            "experiment": self.exp_id,
            "run_id": self.run_id,
            "modified": self.modified.isoformat(timespec="seconds"),
            "tasks": self.tasks,
            "done": self.done,
            "failed": self.failed,
            "missing": self.missing,
            "complete": self.complete,
            "submission": self.submission,
        }


def open_storage(place: str | None) -> Storage:
    """Open the storage that holds ``results/`` and ``logs/``.

    Parameters
    ----------
    place
        ``gs://bucket/prefix``, ``s3://bucket/prefix``, a folder, or None for the working directory.

    Raises
    ------
    UnreadableError
        If it is a missing folder.
    EpyflowError
        If it is another kind of storage, or the packages for it are not installed.
    """
    if place is not None and "://" in place:
        return storage_at(place)
    place = place or "."
    if not Path(place).is_dir():
        raise UnreadableError(
            f"{place}: no such folder; expected one that holds results/, or "
            "gs://<bucket>/<prefix> or s3://<bucket>/<prefix>"
        )
    return SharedFolder(Path(place))


def find_runs(storage: Storage, pattern: str = "*", *, latest: bool = False) -> list[Run]:
    """Return the runs of the experiments whose id matches, the newest first.

    Parameters
    ----------
    storage
        Holds ``results/`` and ``logs/``.
    pattern
        A glob for the ``exp_id``; ``*`` also stands for the ``/`` of nested ones.
    latest
        Only the newest run of each experiment.

    Raises
    ------
    UnreadableError
        If the pattern leads out of ``results/``.
    """
    found = sorted(
        read_runs(list_files(storage, pattern), pattern, storage),
        key=lambda run: (-run.modified.timestamp(), run.folder),
    )
    if not latest:
        return found
    seen: dict[str, Run] = {}
    for run in found:
        seen.setdefault(run.exp_id, run)
    return list(seen.values())


def list_files(storage: Storage, pattern: str) -> Files:
    """Return the files below ``results/`` that can belong to matching experiments.

    Raises
    ------
    UnreadableError
        If the pattern leads out of ``results/``.
    """
    start = _literal(pattern)
    files = storage.below(f"{RESULTS}/{start}".rstrip("/"))
    return {f"{start}/{path}".lstrip("/"): each for path, each in files.items()}


def read_runs(files: Files, pattern: str, storage: Storage) -> list[Run]:
    """Return the runs that files of :func:`list_files` belong to, of the matching experiments."""
    return [run for run in _runs(files, storage) if fnmatchcase(run.exp_id, pattern)]


def _literal(pattern: str) -> str:
    """Return the literal folders at the start of a pattern, below which all matches are."""
    parts = pattern.split("/")
    plain = next((i for i, part in enumerate(parts) if re.search(r"[*?[]", part)), len(parts))
    start = "/".join(parts[:plain])
    if ".." in parts or (start and not is_exp_id(start)):
        raise UnreadableError(
            f"{pattern}: not the id of an experiment; expected a folder's name below results/, "
            "or a glob for it"
        )
    return start


def _runs(files: Files, storage: Storage) -> list[Run]:
    folders = runs_with_files(files)
    records = _records(storage, folders, files)
    grouped: dict[tuple[str, str], list[str]] = {}
    for folder in sorted(folders):
        exp_id, run_id = _names(folder, records.get(folder))
        grouped.setdefault((exp_id, run_id.partition("/")[0]), []).append(folder)
    return [
        _run(exp_id, run_id, [_part(files, each, records.get(each), storage) for each in each_of])
        for (exp_id, run_id), each_of in grouped.items()
    ]


def _records(storage: Storage, folders: set[str], files: Files) -> dict[str, _Metadata]:
    """Read the metadata of every run; skip damaged files."""
    paths = {f"{RESULTS}/{each}/{METADATA}": each for each in folders}
    listed = {
        path: files[f"{each}/{METADATA}"]
        for path, each in paths.items()
        if f"{each}/{METADATA}" in files
    }
    found = read_records(_Metadata, storage, listed, "this run is described by its files")
    return {paths[path]: record for path, record in found.items()}


def _names(folder: str, record: _Metadata | None) -> tuple[str, str]:
    """Return the experiment and the run of a folder.

    Without a record, a date below two folders is taken as a date of a replay.
    """
    exp_id, last = split_name(folder)
    parent, run_id = split_name(exp_id)
    if split_date(f"{last}/")[0] and parent:
        dated = parent, f"{run_id}/{last}"
        if record is None or (record.exp_id, record.run_id) != (exp_id, last):
            return dated
    return exp_id, last


@dataclass(frozen=True)
class _Part:
    """A run, or one date of a replay."""

    modified: datetime
    tasks: int
    done: int
    failed: int
    complete: bool
    accepted: bool | None


def _part(files: Files, folder: str, record: _Metadata | None, storage: Storage) -> _Part:
    start = f"{folder}/"
    own = {path.removeprefix(start): its for path, its in files.items() if path.startswith(start)}
    modified = max(its.modified for its in own.values())
    accepted = _accepted(own, folder, storage)
    inputs = {task: path for path in own if (task := task_of_input(path)) is not None}
    results = {task: path for path in own if (task := task_of_result(path)) is not None}
    artifacts = [own[path].modified for path in (*inputs.values(), *results.values())]
    if record is not None and own[METADATA].modified >= max(
        artifacts, default=own[METADATA].modified
    ):
        tasks, failed = record.counts.tasks, record.counts.failed
        return _Part(modified, tasks, tasks - failed, failed, not failed, accepted)
    done = inputs.keys() & results.keys()
    failed = len(_failed(storage, folder, inputs.keys() - done))
    return _Part(modified, len(inputs), len(done), failed, False, accepted)


def _failed(storage: Storage, folder: str, tasks: set[int]) -> list[str]:
    """Return the logs of those tasks that failed."""
    if not tasks:
        return []
    layout = RunLayout(*split_name(folder))
    logs = {layout.task_log(task) for task in tasks}
    there = storage.below(layout.task_logs)
    listed = {f"{layout.task_logs}/{name}": its for name, its in sorted(there.items())}
    wanted = {path: its for path, its in listed.items() if path in logs}
    read = read_small(storage, wanted, "its task counts as one without an error")
    return [path for path, data in read.items() if ended_with_error(data)]


def ended_with_error(log: bytes) -> bool:
    """Return whether a log of :func:`epyflow.logs.log_to` contains an error."""
    return HAS_ERROR.search(log) is not None


def _accepted(own: Files, folder: str, storage: Storage) -> bool | None:
    """Return whether the hub's checks accept the newest submission."""
    findings = [path for path in own if path.startswith(f"{HUB}/") and path.endswith(FINDINGS)]
    if not findings:
        return None
    newest = max(findings, key=lambda path: own[path].modified)
    listed = {f"{RESULTS}/{folder}/{newest}": own[newest]}
    found = read_records(_Findings, storage, listed, "the submission counts as refused")
    return any(each.accepted for each in found.values())


def _run(exp_id: str, run_id: str, parts: list[_Part]) -> Run:
    judged = [part.accepted for part in parts if part.accepted is not None]
    return Run(
        exp_id=exp_id,
        run_id=run_id,
        modified=max(part.modified for part in parts),
        tasks=sum(part.tasks for part in parts),
        done=sum(part.done for part in parts),
        failed=sum(part.failed for part in parts),
        complete=all(part.complete for part in parts),
        submission=None if not judged else "accepted" if all(judged) else "refused",
    )

"""List the runs below a storage prefix, with the progress of each.

Runs are read from the names and times of files, from ``run_metadata.json``, from logs, and from the
plan in the record of the last coordinator. Nothing is unpickled, since others may write to a
bucket.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

from epyflow.errors import UnreadableError
from epyflow.experiment.reading.experiment_files import is_exp_id
from epyflow.operations.runs.coordinator_record import Coordinator, read_coordinators
from epyflow.operations.runs.run_folders import group_folders, read_metadata
from epyflow.operations.runs.run_lease import running_since
from epyflow.operations.runs.run_parts import Files, Part, judge_part
from epyflow.operations.runs.run_request import Wanted
from epyflow.operations.runs.unplanned_files import unplanned_among
from epyflow.run.layout import RESULTS, RunLayout
from epyflow.run.path_patterns import is_planned, paths_below, runs_with_files
from epyflow.storage.disk import SharedFolder, Storage, storage_at


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
        Number of tasks in the plan of the last start. Without a record of it, those in
        ``run_metadata.json``, or while the run is in progress, the number of inputs.
    done, failed
        Number of tasks with a result, and of tasks that failed. The others are missing.
    complete
        Whether every task has a result and the tables were made from them.
    submission
        ``accepted`` or ``refused`` by the hub's checks; None without a submission.
    coordinator
        Record of its last coordinator, in short. Files and logs of dates and tasks that its plan
        lacks, left by an earlier one, are not counted. None without a record: all are.
    unplanned
        Its tables, submissions, scores and figures of an earlier plan, submissions first.
    nested
        Folders of other runs in its own, which end with a slash: of an experiment that is named as
        it is.
    since
        Start of its coordinator; None if it is not known to be running. Tasks that failed earlier
        are tried again, so they count as missing.
    """

    exp_id: str
    run_id: str
    modified: datetime
    tasks: int
    done: int
    failed: int
    complete: bool
    submission: str | None
    coordinator: Coordinator | None = None
    unplanned: tuple[str, ...] = ()
    nested: tuple[str, ...] = ()
    since: datetime | None = None

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

    def owns(self, path: str) -> bool:
        """Return whether a file or log below its folder is its own, not of a nested run."""
        return not path.startswith(self.nested)

    def plans(self, path: str) -> bool:
        """Return whether it owns a file or log, and the plan has its date and task."""
        planned = {} if self.coordinator is None else self.coordinator.wanted.tasks
        return self.owns(path) and is_planned(path, self.layout, planned)

    @property
    def state(self) -> Literal["complete", "failed", "incomplete"]:
        """Whether it is complete, or else a task or its last coordinator failed."""
        if self.complete:
            return "complete"
        ended_badly = self.coordinator is not None and self.coordinator.outcome == "failed"
        return "failed" if self.failed or ended_badly else "incomplete"

    @property
    def completed(self) -> datetime | None:
        """When its last coordinator had made all of it; None if it has not, or only a part.

        An earlier error is of a job that was repeated, or that the plan no longer has.
        """
        last = self.coordinator
        made = last is not None and last.outcome == "complete" and last.wanted.whole
        return last.ended if last and made and self.complete else None

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
            "state": self.state,
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
    records = read_metadata(storage, folders, files)
    grouped = group_folders(storage, folders, records)
    coordinators = read_coordinators(storage, grouped, files)
    ordered, ordered_folders = sorted(files), sorted(folders)

    def below(folder: str) -> Files:
        first = len(folder) + 1
        return {path[first:]: files[path] for path in paths_below(ordered, folder)}

    def judged(run: RunLayout, its: list[str]) -> Run:
        coordinator, own = coordinators.get(run.name), len(run.name) + 1
        others = set(paths_below(ordered_folders, run.name)).difference(its)
        nested = tuple(sorted(f"{folder[own:]}/" for folder in others))
        there = {p: each for p, each in below(run.name).items() if not p.startswith(nested)}
        wanted = Wanted() if coordinator is None else coordinator.wanted
        unplanned, planned = unplanned_among(there, run, wanted), wanted.tasks
        since = running_since(coordinator, storage)
        named = {f"{run.name}/{path}" for path in unplanned}
        tasks = {RunLayout(run.exp_id, run_id).name: count for run_id, count in planned.items()}
        parts = [
            judge_part(
                *(below(folder), folder, records.get(folder), storage),
                *(tasks.get(folder), named, since),
            )
            for folder in its
            if folder in tasks or not tasks
        ]
        modified = max(its.modified for its in there.values())
        found = _run(run, modified, parts, coordinator, unplanned)
        return replace(found, nested=nested, since=since)

    return [judged(run, its) for run, its in grouped.items()]


def _run(
    run: RunLayout,
    modified: datetime,
    parts: list[Part],
    coordinator: Coordinator | None,
    unplanned: tuple[str, ...],
) -> Run:
    planned = {} if coordinator is None else coordinator.wanted.tasks
    judged = [part.accepted for part in parts if part.accepted is not None]
    return Run(
        exp_id=run.exp_id,
        run_id=run.run_id,
        modified=modified,
        tasks=sum(planned.values() if planned else (part.tasks for part in parts)),
        done=sum(part.done for part in parts),
        failed=sum(part.failed for part in parts),
        complete=all(part.complete for part in parts) and len(parts) >= len(planned),
        submission=None if not judged else "accepted" if all(judged) else "refused",
        coordinator=coordinator,
        unplanned=unplanned,
    )

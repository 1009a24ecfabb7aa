"""Select files of finished runs that are safe to delete.

Files in ``outputs/``, ``hub/``, ``scores/`` and ``figures/`` are selected only with a whole run
that was named, or as files of an earlier plan, if these were asked for.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from epyflow.operations.runs.activity import Activity, read_records
from epyflow.operations.runs.latest_runs import read_pointers
from epyflow.operations.runs.machine_logs import FOLDER as MACHINE_LOGS
from epyflow.operations.runs.run_lease import may_be_held
from epyflow.operations.runs.run_list import Run, find_runs
from epyflow.operations.runs.unplanned_files import first_names
from epyflow.run.layout import BENCHMARKS, COORDINATOR, LOGS, OUTPUTS, RESULTS, TOPS, RunLayout
from epyflow.run.output_names import is_own_name
from epyflow.run.path_patterns import (
    paths_below,
    run_of_record,
    split_date,
    split_name,
    task_of,
    task_of_checkpoint,
)
from epyflow.stages import STAGES
from epyflow.storage.disk import Storage
from epyflow.storage.stored_file import Stored

_SOURCES = re.compile(r"snakemake-workflow-sources\.[0-9a-f]{64}\.tar\.xz")
_RULES = "|".join(rule.replace("*", "[^/]+") for stage in STAGES.values() for rule in stage.rules)
_OF_A_RULE = re.compile(rf"(.+?)(/\d{{4}}-\d\d-\d\d)?/(?:{_RULES})(?:/.+)?\.(?:log|tsv)")


@dataclass(frozen=True)
class Waste:
    """Files that can be deleted together.

    Attributes
    ----------
    kind
        Such as ``old run``.
    what
        The run, or the folder.
    why
        Why they can be deleted.
    files
        Path to size in bytes, in the order of deletion.
    """

    kind: str
    what: str
    why: str
    files: Mapping[str, int] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """In bytes."""
        return sum(self.files.values())

    def as_dict(self) -> dict[str, Any]:
        """Return it as a JSON document."""
        return {
            "kind": self.kind,
            "what": self.what,
            "why": self.why,
            "files": list(self.files),
            "bytes": self.size,
        }


class Search:
    """Selects deletable files of a storage.

    Parameters
    ----------
    storage
        Holds ``results/`` and ``logs/``.
    activity
        The coordinators and jobs that may be active.

    Attributes
    ----------
    records
        Run to the record of its coordinator.
    left_alone
        Run to the reason why none of its files are deleted.
    """

    def __init__(self, storage: Storage, activity: Activity) -> None:
        self._storage, self._activity = storage, activity
        self._files = {top: storage.below(top) for top in TOPS}
        self._runs = {run.folder: run for run in find_runs(storage)}
        self._latest = read_pointers(self._files[RESULTS], storage)
        self._known = self._folders()
        self._ordered = {top: sorted(files) for top, files in self._files.items()}
        self._ordered_runs = sorted(self._known)
        self.records = read_records(storage, self._known)
        self.left_alone: dict[str, str] = {}
        self._over = {folder for folder in self._known if self._is_over(folder)}

    def waste(
        self, pattern: str | None = None, keep: int = 0, *, unplanned: bool = False
    ) -> list[Waste]:
        """Return the files that can be deleted.

        Parameters
        ----------
        pattern
            A glob for experiments or runs: of each experiment, all matching runs except the newest
            are deleted as a whole.
        keep
            Number of newest runs that are kept for each experiment.
        unplanned
            Whether outputs that the plan of a run's last start lacks are deleted.
        """
        old = self._old_runs(pattern, keep) if pattern is not None else []
        whole = {each.what for each in old}
        parts = [
            each
            for folder in sorted(self._over - whole)
            for each in (self._stale(folder), self._orphaned(folder), self._state(folder))
        ]
        if unplanned:
            parts += [self._unplanned(folder) for folder in sorted(self._over - whole)]
        rest = [self._unfinished(), self._machine_logs(), self._sources()]
        return [each for each in (*old, *parts, *rest) if each.files]

    def _folders(self) -> set[str]:
        """Return the folders of all runs, including runs without results."""
        found = set(self._runs)
        of_records = map(run_of_record, self._files[COORDINATOR])
        found.update(run for run in of_records if run is not None)
        for top in (LOGS, BENCHMARKS):
            for match in filter(None, map(_OF_A_RULE.fullmatch, self._files[top])):
                dated = match[1] + (match[2] or "")  # of a replay, unless it is a run
                found.add(dated if dated in found or "/" not in match[1] else match[1])
        return {folder for folder in found if "/" in folder}

    def _is_over(self, folder: str) -> bool:
        """Return whether a run is inactive; record the reason if it may be active."""
        written = [its.modified for _, its in self._of(folder)]
        layout, record = self._layout(folder), self.records.get(folder)
        last = max(written, default=self._activity.now)
        why = self._activity.why_active(layout.exp_id, layout.run_id, record, last)
        lease = layout.coordinator_lease.removeprefix(f"{COORDINATOR}/")
        has_lease, is_over = lease in self._files[COORDINATOR], self._activity.is_job_over
        if not why and has_lease and may_be_held(layout, self._storage, is_over):
            why = (
                "a coordinator may hold its lease; end it with epyflow cancel, or clean a day "
                "after it was last renewed"
            )
        if why:
            self.left_alone[folder] = why
        return not why

    def _layout(self, folder: str) -> RunLayout:
        run = self._runs.get(folder)
        return RunLayout(*split_name(folder)) if run is None else run.layout

    def _of(self, folder: str, *tops: str) -> Iterator[tuple[str, Stored]]:
        """Yield the files of a run, without those of nested experiments."""
        nested = tuple(f"{other}/" for other in paths_below(self._ordered_runs, folder))
        for top in tops or TOPS:
            for path in paths_below(self._ordered[top], folder):
                if not path.startswith(nested or "\0"):
                    yield f"{top}/{path}", self._files[top][path]

    def _old_runs(self, pattern: str, keep: int) -> list[Waste]:
        newest_first = sorted(self._runs.values(), key=lambda run: -run.modified.timestamp())
        matching: dict[str, list[Run]] = {}
        for run in newest_first:
            if fnmatchcase(run.exp_id, pattern) or fnmatchcase(run.folder, pattern):
                matching.setdefault(run.exp_id, []).append(run)
        return [
            Waste(
                "old run",
                run.folder,
                f"matches {pattern}, and {keep:,} newer are kept",
                self._pointer(run) | dict(self._whole(run.folder)),
            )
            for runs in matching.values()
            for run in runs[keep:]
            if run.folder in self._over
        ]

    def _pointer(self, run: Run) -> dict[str, int]:
        """Return the file that names a run as the newest finished one of its experiment."""
        if self._latest.get(run.exp_id) != run.run_id:
            return {}
        path = run.layout.latest
        return {path: self._files[RESULTS][path.removeprefix(f"{RESULTS}/")].size}

    def _whole(self, folder: str) -> Iterator[tuple[str, int]]:
        """Yield all files of a run, tables last: a run with tables is found again."""
        files = [each for top in reversed(TOPS) for each in self._of(folder, top)]
        for path, its in sorted(files, key=lambda each: f"/{OUTPUTS}/" in each[0]):
            yield path, its.size

    def _stale(self, folder: str) -> Waste:
        """Return artifacts and logs that are not in the plan, and finished checkpoints."""
        layout, record = self._layout(folder), self.records.get(folder)
        planned = {} if record is None else record.wanted.tasks
        found = {}
        for path, its in self._of(folder):
            top, below = path.split("/", 1)
            date, name = split_date(below.removeprefix(f"{folder}/"))
            run = layout.dated(date)
            task, count = task_of(name), planned.get(run.run_id, 0)
            # The bundle is of the whole run, also of a replay.
            for_build = path.startswith(f"{run.inputs}/") and path != layout.experiment_bundle
            gone = task >= count if task is not None else for_build and not count
            if (planned and gone) or (top == RESULTS and self._is_done_with(name, its, run)):
                found[path] = its.size
        return Waste(
            "stale artifacts", folder, "not in the plan, or a checkpoint with a result", found
        )

    def _unplanned(self, folder: str) -> Waste:
        """Return outputs of an earlier plan, and all that is left of dates of a replay.

        Files of a nested experiment are not among them, nor are those with other names.
        """
        run, own = self._runs.get(folder), dict(self._of(folder, RESULTS, LOGS, BENCHMARKS))
        if run is None:
            return Waste("earlier plan", folder, "")
        outputs = [path for name in run.unplanned if (path := f"{RESULTS}/{folder}/{name}") in own]
        stale = self._stale(folder).files
        below = {path: path.split("/", 1)[1].removeprefix(f"{folder}/") for path in own}
        dated = (path for path, name in below.items() if split_date(name)[0])
        gone = (path for path in dated if path not in stale and not run.plans(below[path]))
        top = f"{RESULTS}/"
        left = [path for path in gone if is_own_name(below[path]) or not path.startswith(top)]
        found = {path: own[path].size for path in (*outputs, *left)}
        return Waste("earlier plan", folder, first_names([below[path] for path in found]), found)

    def _is_done_with(self, name: str, its: Stored, run: RunLayout) -> bool:
        """Return whether a file is a checkpoint of a task whose result is newer."""
        task = task_of_checkpoint(name)
        if task is None:
            return False
        result = self._files[RESULTS].get(run.result(task).removeprefix(f"{RESULTS}/"))
        return result is not None and result.modified >= its.modified

    def _orphaned(self, folder: str) -> Waste:
        """Return old logs and benchmarks of a run that has no results."""
        files = dict(self._of(folder, LOGS, BENCHMARKS)) | self._of_coordinator(folder, kept=True)
        has_results = next(self._of(folder, RESULTS), None) is not None
        old = all(self._activity.is_old(its.modified) for its in files.values())
        sizes = {path: its.size for path, its in files.items()} if old and not has_results else {}
        return Waste("orphaned logs", folder, "the run has no results", sizes)

    def _state(self, folder: str) -> Waste:
        """Return the old state of a coordinator in the cloud."""
        files = self._of_coordinator(folder, kept=False)
        old = all(self._activity.is_old(its.modified) for its in files.values())
        sizes = {path: its.size for path, its in files.items()} if old else {}
        return Waste("coordinator's state", folder, "the run is over", sizes)

    def _of_coordinator(self, folder: str, *, kept: bool) -> dict[str, Stored]:
        """Return record and log of a run's coordinator, or its state and sources."""
        layout = self._layout(folder)
        names = (layout.coordinator_record, layout.coordinator_log)
        files = self._of(folder, COORDINATOR)
        return {path: its for path, its in files if (path in names) is kept}

    def _unfinished(self) -> Waste:
        found = {
            f"{top}/{path}": its.size
            for top in TOPS
            for path, its in self._storage.unfinished(top).items()
            if self._activity.is_old(its.modified) and not self._is_left_alone(path)
        }
        return Waste("temporary files", ".", "left by processes that were killed", found)

    def _is_left_alone(self, path: str) -> bool:
        return any(path.startswith(f"{folder}/") for folder in self.left_alone)

    def _machine_logs(self) -> Waste:
        found = {
            f"{MACHINE_LOGS}/{path}": its.size
            for path, its in self._storage.below(MACHINE_LOGS).items()
            if self._activity.is_old(its.modified)
        }
        return Waste("machines' logs", MACHINE_LOGS, "old", found)

    def _sources(self) -> Waste:
        """Return workflow sources left by killed coordinators, if no run may be active.

        The run of each copy is unknown.
        """
        if self.left_alone or self._activity.has_live_jobs:
            return Waste("sources", ".", "")
        listed = self._storage.below("") if self._storage.uri else {}
        found = {
            path: its.size
            for path, its in listed.items()
            if _SOURCES.fullmatch(path) and self._activity.is_old(its.modified)
        }
        return Waste("sources", ".", "left by coordinators that were killed", found)

"""Delete files and Batch jobs of finished runs, unless a run has been started again meanwhile."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from epyflow.errors import EpyflowError
from epyflow.operations.runs.batch_project import find_project
from epyflow.operations.runs.coordinator_record import Coordinator, read_record
from epyflow.operations.runs.deletable_files import Waste
from epyflow.operations.runs.run_lease import may_be_held
from epyflow.run.layout import TOPS, RunLayout
from epyflow.run.path_patterns import split_name
from epyflow.storage.disk import Storage

if TYPE_CHECKING:
    from google.cloud import batch_v1

    from epyflow.google.batch import BatchJobs
    from epyflow.operations.runs.activity import Activity

REASON = "removed with epyflow clean"


@dataclass
class Removed:
    """Numbers of deleted files, bytes and Batch jobs, and the errors."""

    files: int = 0
    size: int = 0
    jobs: int = 0
    problems: list[str] = field(default_factory=list)


def open_batch(
    storage: Storage,
) -> "tuple[BatchJobs | None, tuple[batch_v1.Job, ...] | None, str]":
    """Look for the Batch jobs of epyflow in the project of a storage.

    Returns
    -------
    batch
        Client of Google Batch; None if jobs cannot be listed, and for a storage on disk.
    jobs
        Batch jobs of epyflow; None if they cannot be listed.
    unseen
        Why they cannot be listed.
    """
    try:
        project = find_project(storage.uri, None)
        if project is None:
            return None, (), ""
        # Imported here: Google's libraries are slow to import, and runs on disk do without them.
        from epyflow.google.batch import BatchJobs
        from epyflow.operations.runs.batch_jobs import COMPONENT

        batch = BatchJobs(*project)
        return batch, tuple(batch.find(COMPONENT)), ""
    except (EpyflowError, ImportError) as problem:
        return None, None, str(problem)


def remove(
    storage: Storage,
    waste: Iterable[Waste],
    records: Mapping[str, Coordinator],
    activity: "Activity",
) -> Removed:
    """Delete files. A failure is recorded, and the other files are deleted.

    Parameters
    ----------
    storage
        Holds the files.
    waste
        From :meth:`epyflow.operations.runs.deletable_files.Search.waste`.
    records
        Records of the coordinators, in short, when the files were selected: a run with a newer
        record, or whose lease may be held, is skipped.
    activity
        The Batch jobs of the project.
    """
    removed = Removed()
    for each in waste:
        if _has_begun(storage, each, records, activity):
            removed.problems.append(f"{each.what}: started again meanwhile; skipped")
            continue
        try:
            storage.remove(each.files)
        except (EpyflowError, OSError) as problem:
            removed.problems.append(f"{each.what}: {problem}")
            continue
        removed.files += len(each.files)
        removed.size += each.size
        # Only in folders of runs: a starting job may have made another folder for its output.
        for top in TOPS if "/" in each.what else ():
            storage.prune(f"{top}/{each.what}")
    return removed


def delete(batch: "BatchJobs", jobs: Iterable[str], removed: Removed) -> None:
    """Delete Batch jobs, and add to what was removed.

    Parameters
    ----------
    batch
        Client of Google Batch.
    jobs
        Names from :func:`old_jobs`.
    removed
        From :func:`remove`.
    """
    for name in jobs:
        try:
            batch.delete(name, REASON)
        except EpyflowError as problem:
            removed.problems.append(str(problem))
            continue
        removed.jobs += 1


def old_jobs(activity: "Activity", left_alone: Iterable[str]) -> "list[batch_v1.Job]":
    """Return Batch jobs of epyflow that ended long ago, without those of active runs."""
    if not activity.jobs:
        return []
    from epyflow.google.batch import is_over
    from epyflow.operations.runs.batch_jobs import has_labels_of

    runs = [split_name(folder) for folder in left_alone]
    return [
        job
        for job in activity.jobs
        if is_over(job)
        and activity.is_old(job.update_time)
        and not any(has_labels_of(job, exp_id, run_id) for exp_id, run_id in runs)
    ]


def _has_begun(
    storage: Storage, waste: Waste, records: Mapping[str, Coordinator], activity: "Activity"
) -> bool:
    exp_id, run_id = split_name(waste.what)
    if not exp_id:
        return False
    record = read_record(exp_id, run_id, storage)
    is_new = record is not None and record.in_short() != records.get(waste.what)
    return is_new or may_be_held(RunLayout(exp_id, run_id), storage, activity.is_job_over)

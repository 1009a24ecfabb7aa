"""Removing what can be removed, unless somebody has begun to use it meanwhile."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from epyflow.errors import EpyflowError
from epyflow.operations.runs.batch_project import project_of
from epyflow.operations.runs.coordinator_record import Coordinator, read_record
from epyflow.operations.runs.deletable_files import Waste
from epyflow.run.layout import TOPS
from epyflow.run.path_patterns import split_name
from epyflow.storage.disk import Storage

if TYPE_CHECKING:
    from google.cloud import batch_v1

    from epyflow.google.batch import BatchJobs
    from epyflow.operations.runs.activity import AtWork

REASON = "removed with epyflow clean"


@dataclass
class Removed:
    """What became of it: files, their bytes, Batch jobs, and what could not be removed."""

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
        The jobs of the project; None where they cannot be seen, and for a storage on disk.
    jobs
        Those of epyflow; None where they cannot be seen.
    unseen
        Why they cannot be seen.
    """
    try:
        project = project_of(storage.uri, None)
        if project is None:
            return None, (), ""
        # Imported here: Google's libraries are slow to import, and runs on disk do without them.
        from epyflow.google.batch import BatchJobs
        from epyflow.operations.runs.batch_jobs import COMPONENT

        batch = BatchJobs(*project)
        return batch, tuple(batch.find(COMPONENT)), ""
    except (EpyflowError, ImportError) as problem:
        return None, None, str(problem)


def remove(storage: Storage, waste: Iterable[Waste], records: Mapping[str, Coordinator]) -> Removed:
    """Remove files; what cannot be removed is told, and the rest goes on.

    Parameters
    ----------
    storage
        Holds the files.
    waste
        From :meth:`epyflow.operations.runs.deletable_files.Search.waste`.
    records
        Of the runs' coordinators, when that was looked for: a run that has another one since is
        left alone.
    """
    removed = Removed()
    for each in waste:
        if _has_begun(storage, each, records):
            removed.problems.append(f"{each.what}: somebody has begun to work on it; left alone")
            continue
        try:
            storage.remove(each.files)
        except (EpyflowError, OSError) as problem:
            removed.problems.append(f"{each.what}: {problem}")
            continue
        removed.files += len(each.files)
        removed.size += each.size
        # Not elsewhere: a job that begins there has just made a folder for what it will write.
        for top in TOPS if "/" in each.what else ():
            storage.prune(f"{top}/{each.what}")
    return removed


def delete(batch: "BatchJobs", jobs: Iterable[str], removed: Removed) -> None:
    """Delete Batch jobs, and add to what was removed.

    Parameters
    ----------
    batch
        Where they are.
    jobs
        Their names, from :func:`old_jobs`.
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


def old_jobs(at_work: "AtWork", left_alone: Iterable[str]) -> "list[batch_v1.Job]":
    """Return Batch jobs of epyflow that have been over for long, but for those of live runs."""
    if not at_work.jobs:
        return []
    from epyflow.google.batch import is_over
    from epyflow.operations.runs.batch_jobs import has_labels_of

    runs = [split_name(folder) for folder in left_alone]
    return [
        job
        for job in at_work.jobs
        if is_over(job)
        and at_work.is_old(job.update_time)
        and not any(has_labels_of(job, exp_id, run_id) for exp_id, run_id in runs)
    ]


def _has_begun(storage: Storage, waste: Waste, records: Mapping[str, Coordinator]) -> bool:
    exp_id, run_id = split_name(waste.what)
    record = read_record(exp_id, run_id, storage) if exp_id else None
    return record is not None and record != records.get(waste.what)

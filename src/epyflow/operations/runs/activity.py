"""Determine which runs may be active. No file of an active run is deleted."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from epyflow.operations.runs.coordinator_record import Coordinator, is_same_job, read_coordinators
from epyflow.run.layout import RunLayout
from epyflow.run.path_patterns import split_name
from epyflow.storage.disk import Storage

if TYPE_CHECKING:
    from google.cloud import batch_v1

_SILENT = timedelta(days=2)
"""Longer than any task may take: ``runtime`` in profiles/gcp is ten hours."""


@dataclass(frozen=True)
class Activity:
    """The coordinators and Batch jobs that may work on the runs of a storage.

    Attributes
    ----------
    now
        The current time.
    older_than
        Age from which unused files are old.
    jobs
        Batch jobs of epyflow in the project, live or not; None if they cannot be listed.
    """

    now: datetime
    older_than: timedelta
    jobs: "tuple[batch_v1.Job, ...] | None" = None

    def is_old(self, moment: datetime) -> bool:
        """Return whether a file that was last written at this moment is old."""
        return moment < self.now - self.older_than

    @property
    def has_live_jobs(self) -> bool:
        """Whether any Batch job of epyflow is live, or jobs cannot be listed."""
        if self.jobs is None:
            return True
        if not self.jobs:
            return False
        from epyflow.google.batch import is_over

        return not all(map(is_over, self.jobs))

    def why_active(
        self, exp_id: str, run_id: str, record: Coordinator | None, modified: datetime
    ) -> str:
        """Return why a run may be active; empty if it is not.

        A coordinator whose state is unknown here counts as active until no file of the run has been
        written for a long time.

        Parameters
        ----------
        exp_id, run_id
            The run.
        record
            Record of its last coordinator.
        modified
            Time of its newest file.
        """
        if self._has_live_job(exp_id, run_id):
            return "it has live Batch jobs"
        lives = False if record is not None and record.outcome is not None else None
        if record is not None and lives is None:
            lives = record.lives if record.job is None else self._job_lives(record.job)
        silent = modified < self.now - max(self.older_than, _SILENT)
        if lives or (lives is None and not silent):
            return (
                "its coordinator is running" if lives else "the state of its coordinator is unknown"
            )
        return ""

    def _has_live_job(self, exp_id: str, run_id: str) -> bool:
        """Return whether there is a live job with the labels of the run; labels may be shared."""
        if not self.jobs:
            return False
        from epyflow.google.batch import is_over
        from epyflow.operations.runs.batch_jobs import has_labels_of

        return any(has_labels_of(job, exp_id, run_id) for job in self.jobs if not is_over(job))

    def is_job_over(self, name: str) -> bool:
        """Return whether a Batch job is listed as over; one that is not listed may be new."""
        return bool(self._named(name)) and self._job_lives(name) is False

    def _job_lives(self, name: str) -> bool | None:
        if self.jobs is None:
            return None
        same = self._named(name)
        if not same:
            return False
        from epyflow.google.batch import is_over

        return not all(map(is_over, same))

    def _named(self, name: str) -> "list[batch_v1.Job]":
        return [job for job in self.jobs or () if is_same_job(job.name, name)]


def read_records(storage: Storage, folders: Iterable[str]) -> Mapping[str, Coordinator]:
    """Read the records of coordinators, in short, by the folder of their run; skip damaged ones."""
    return read_coordinators(storage, (RunLayout(*split_name(name)) for name in folders))

"""Who goes on with a run, as far as it can be seen from here."""

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from epyflow.errors import EpyflowError
from epyflow.operations.runs.batch_project import project_of
from epyflow.operations.runs.coordinator_record import Coordinator, read_record
from epyflow.storage.disk import Storage

if TYPE_CHECKING:
    from epyflow.operations.runs.batch_jobs import RunJob

_ENDED = {"complete": "has done what it was asked for", "failed": "failed"}


@dataclass(frozen=True)
class Presence:
    """Who goes on with a run.

    Attributes
    ----------
    exp_id, run_id
        The run.
    record
        What its last coordinator has said of itself; None where there is nothing.
    jobs
        Batch jobs with the labels of the run, others' too; None where they cannot be seen.
    unseen
        Why they cannot be seen; empty for a run that has none.
    """

    exp_id: str
    run_id: str
    record: Coordinator | None = None
    jobs: tuple["RunJob", ...] | None = None
    unseen: str = ""

    @property
    def own(self) -> tuple["RunJob", ...]:
        """Batch jobs that are this run's and not over, its coordinator's first."""
        own = [job for job in self.jobs or () if job.whose == "run" and job.lives]
        return tuple(sorted(own, key=lambda job: not job.coordinates))

    @property
    def doubtful(self) -> tuple["RunJob", ...]:
        """Batch jobs that are not over and whose definition does not tell whose they are."""
        return tuple(job for job in self.jobs or () if job.whose == "unknown" and job.lives)

    @property
    def coordinator_job(self) -> "RunJob | None":
        """The Batch job that goes on with the run, waiting or at work."""
        return next((job for job in self.own if job.coordinates), None)

    @property
    def lives(self) -> bool | None:
        """Whether anybody goes on with the run; None where that cannot be seen from here."""
        if self.coordinator_job is not None:
            return True
        if self.record is None or any(job.coordinates for job in self.doubtful):
            return None
        if self.record.job is not None and self.record.outcome is None:
            return None if self.jobs is None else False
        return self.record.lives

    @property
    def record_lives(self) -> bool:
        """Whether the process of the record is one of this machine, and at work."""
        return self.record is not None and self.record.lives is True

    def described(self) -> str:
        """Say who goes on with the run, or what became of who did."""
        job, record = self.coordinator_job, self.record
        if job is not None:
            return f"Batch job {job.job_id}, {job.state}, since {when(job.created)}"
        if record is None:
            return "nothing is noted of one"
        if self.lives:
            return f"{name_of(record)} since {when(record.started)}"
        if self.lives is None:
            why = f": {self.unseen}" if record.job else ""
            return (
                f"{name_of(record)} since {when(record.started)}; whether it is at work cannot be "
                f"seen from here{why}"
            )
        if record.outcome is None:
            return f"none: {name_of(record)}, begun {when(record.started)}, ended without a word"
        if record.outcome == "cancelled":
            return f"none: the run was cancelled {_at(record)}"
        return f"none: {name_of(record)} {_ENDED[record.outcome]} {_at(record)}"

    def as_dict(self) -> dict[str, Any]:
        """Return it as a JSON document."""
        record = self.record
        return {
            "lives": self.lives,
            "description": self.described(),
            "outcome": None if record is None else record.outcome,
            "record": None if record is None else record.model_dump(mode="json"),
        }


def presence_of(storage: Storage, exp_id: str, run_id: str) -> Presence:
    """Look for who goes on with a run: its record, its process, its Batch jobs.

    That Batch cannot be asked is no error: it is said in :attr:`Presence.unseen`.

    Raises
    ------
    EpyflowError
        If the storage cannot be read.
    """
    record = read_record(exp_id, run_id, storage)
    try:
        project = project_of(storage.uri, record)
        if project is None:
            return Presence(exp_id, run_id, record)
        from epyflow.google.batch import BatchJobs  # seconds, which runs on disk need not wait for
        from epyflow.operations.runs.batch_jobs import jobs_of_run

        job = None if record is None else record.job
        found = jobs_of_run(BatchJobs(*project), exp_id, run_id, storage.uri or "", job)
    except ImportError as problem:
        return Presence(exp_id, run_id, record, unseen=f"{problem}; run `make setup`")
    except EpyflowError as problem:
        return Presence(exp_id, run_id, record, unseen=str(problem))
    return Presence(exp_id, run_id, record, tuple(found))


def name_of(record: Coordinator) -> str:
    """Name a coordinator: its process and its machine, or its Batch job."""
    if record.job is not None:
        return f"Batch job {record.job.rpartition('/')[2]}"
    return f"process {record.pid} on {record.host}"


def to_go_on(record: Coordinator | None) -> str:
    """Say how a run is gone on with: where, and with which command."""
    if record is None or (record.job is None and not record.wanted.command):
        return "start it again with the command that it was started with"
    if record.job is not None:
        run = f"{record.exp_id} --run-id {record.run_id}"
        return f"epyflow submit {run}, with the settings that it was submitted with"
    command = record.wanted.command
    if command[0].endswith("/snakemake/__main__.py"):
        command = ("snakemake", *command[1:])
    return f"in {record.folder} on {record.host}: {shlex.join(command)}"


def when(moment: datetime) -> str:
    """Write a moment as the other commands do."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _at(record: Coordinator) -> str:
    return f"at {when(record.ended)}" if record.ended else "at a time that is not noted"


def summary(jobs: Iterable["RunJob"]) -> str:
    """Count the tasks of Batch jobs by what they are doing, and their machines."""
    jobs = list(jobs)
    states = sorted({job.state for job in jobs})
    counted = ", ".join(f"{sum(j.state == s for j in jobs):,} {s}" for s in states)
    running, queued = sum(job.running for job in jobs), sum(job.queued for job in jobs)
    vms = sum(job.vms for job in jobs)
    plural = "" if len(jobs) == 1 else "s"
    machines = f"{vms:,} VM{'' if vms == 1 else 's'}"
    return (
        f"{len(jobs):,} job{plural} ({counted}): tasks {queued:,} queued, {running:,} running on "
        f"{machines}"
    )

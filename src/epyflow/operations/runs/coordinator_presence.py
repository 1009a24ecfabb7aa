"""Find a run's coordinator and report its state."""

import platform
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from epyflow.errors import EpyflowError
from epyflow.operations.runs.batch_project import find_project
from epyflow.operations.runs.coordinator_record import Coordinator, read_record
from epyflow.operations.runs.experiment_origin import Origin
from epyflow.operations.runs.log_lines import printable, shorten_command, shorten_line
from epyflow.storage.disk import Storage
from epyflow.suggest import counted

if TYPE_CHECKING:
    from epyflow.operations.runs.batch_jobs import RunJob

_ENDED = {"complete": "completed", "failed": "failed", "stopped": "was stopped"}

_WHOLE = "the whole is in the run's record.json"
"""Where a command is that is shortened."""


@dataclass(frozen=True)
class Presence:
    """The coordinator of a run, and the run's Batch jobs.

    Attributes
    ----------
    exp_id, run_id
        The run.
    record
        Record of its last coordinator; None without one.
    jobs
        Batch jobs with the labels of the run, including those of others; None if they cannot be
        listed.
    unseen
        Why they cannot be listed; empty for a run that has none.
    """

    exp_id: str
    run_id: str
    record: Coordinator | None = None
    jobs: tuple["RunJob", ...] | None = None
    unseen: str = ""

    @property
    def own(self) -> tuple["RunJob", ...]:
        """Live Batch jobs of this run, the coordinator first."""
        own = [job for job in self.jobs or () if job.whose == "run" and job.lives]
        return tuple(sorted(own, key=lambda job: not job.coordinates))

    @property
    def doubtful(self) -> tuple["RunJob", ...]:
        """Live Batch jobs whose definition names no run."""
        return tuple(job for job in self.jobs or () if job.whose == "unknown" and job.lives)

    @property
    def coordinator_job(self) -> "RunJob | None":
        """The live Batch job that is the coordinator."""
        return next((job for job in self.own if job.coordinates), None)

    @property
    def lives(self) -> bool | None:
        """Whether the coordinator is running; None if its state is unknown here."""
        if self.coordinator_job is not None:
            return True
        if self.record is None or any(job.coordinates for job in self.doubtful):
            return None
        if self.record.job is not None and self.record.outcome is None:
            return None if self.jobs is None else False
        return self.record.lives

    @property
    def record_lives(self) -> bool:
        """Whether the process of the record is running on this machine."""
        return self.record is not None and self.record.lives is True

    @property
    def outcome(self) -> str | None:
        """How the last coordinator ended; None if it runs, or if that is unknown."""
        return None if self.lives or self.record is None else self.record.outcome

    def described(self) -> str:
        """Describe the coordinator and its state."""
        job, record = self.coordinator_job, self.record
        if job is not None:
            return f"Batch job {job.job_id}, {job.state}, since {format_time(job.created)}"
        if record is None:
            return "none is recorded"
        if self.lives:
            return f"{coordinator_name(record)} since {format_time(record.started)}"
        if self.lives is None:
            # Process ids of before a restart, or of a container with the same host name.
            before = (
                "; if this machine was restarted since, it has ended"
                if record.host == platform.node()
                else ""
            )
            why = f": {self.unseen}" if record.job else before
            name, since = coordinator_name(record), format_time(record.started)
            return f"{name} since {since}; its state is unknown on this machine{why}"
        if record.outcome is None:
            since = format_time(record.started)
            return f"none: {coordinator_name(record)}, started {since}, was killed or lost"
        if record.outcome == "cancelled":
            return f"none: the run was cancelled {_at(record)}"
        return f"none: {coordinator_name(record)} {_ENDED[record.outcome]} {_at(record)}"

    def as_dict(self) -> dict[str, Any]:
        """Return it as a JSON document."""
        record = self.record
        return {
            "lives": self.lives,
            "description": self.described(),
            "outcome": None if record is None else record.outcome,
            "record": None if record is None else _as_dict(record),
        }


def _as_dict(record: Coordinator) -> dict[str, Any]:
    found = record.model_dump(mode="json")
    found["wanted"]["command"] = shorten_command(record.wanted.command, _WHOLE)
    return found


def find_coordinator(storage: Storage, exp_id: str, run_id: str) -> Presence:
    """Find the coordinator of a run by its record, its process and its Batch jobs.

    If Google Batch cannot be asked, :attr:`Presence.unseen` says why; that is no error.

    Raises
    ------
    EpyflowError
        If the storage cannot be read.
    """
    record = read_record(exp_id, run_id, storage)
    try:
        project = find_project(storage.uri, record)
        if project is None:
            return Presence(exp_id, run_id, record)
        from epyflow.google.batch import BatchJobs  # slow to import
        from epyflow.operations.runs.batch_jobs import jobs_of_run

        job = None if record is None else record.job
        found = jobs_of_run(BatchJobs(*project), exp_id, run_id, storage.uri or "", job)
    except ImportError as problem:
        return Presence(exp_id, run_id, record, unseen=f"{problem}; run `make setup`")
    except EpyflowError as problem:
        return Presence(exp_id, run_id, record, unseen=str(problem))
    return Presence(exp_id, run_id, record, tuple(found))


def find_local_coordinator(storage: Storage, exp_id: str, run_id: str) -> str | None:
    """Describe the process on this machine that coordinates a run; None without one."""
    record = read_record(exp_id, run_id, storage)
    if record is None or not record.lives:
        return None
    since = format_time(record.started)
    return f"{exp_id}/{run_id}: {coordinator_name(record)} is its coordinator since {since}"


def describe_other_origin(previous: Coordinator | None, origin: Origin) -> str | None:
    """Warn that the previous start of a run has read another experiment of the same name.

    Returns
    -------
    warning
        None if place or content are the same, or if the previous place is not recorded.
    """
    if previous is None or previous.origin is None or not previous.origin.is_another(origin):
        return None
    return printable(
        f"{previous.exp_id}/{previous.run_id}: {coordinator_name(previous)}, started "
        f"{format_time(previous.started)}, has read the experiment in {previous.origin.place}. "
        f"This start reads {origin.place}, whose content differs, and replaces those results. If "
        "the experiment was moved and edited, this is as it should be. If these are two "
        "experiments of one name, end this start, and give it another name, --config "
        "run_id=<name>, or another storage"
    )


def coordinator_name(record: Coordinator) -> str:
    """Name a coordinator: its process and its machine, or its Batch job."""
    if record.job is not None:
        return printable(f"Batch job {record.job.rpartition('/')[2]}")
    return printable(f"process {record.pid} on {record.host}")


def how_to_resume(record: Coordinator | None) -> str:
    """Return how to resume a run: the machine, the folder and the command."""
    if record is None or (record.job is None and not record.wanted.command):
        return "repeat the command that started it"
    if record.job is not None:
        run = f"{record.exp_id} --run-id {record.run_id}"
        return printable(f"epyflow submit {run}, with the same settings")
    program = "/snakemake/__main__.py"
    command = ["snakemake" if e.endswith(program) else e for e in record.wanted.command]
    # The record may be from somebody else's bucket.
    shown = shorten_line(printable(shlex.join(command)), _WHOLE)
    return f"{printable(f'in {record.folder} on {record.host}')}: {shown}"


def list_live_parts(presence: Presence, *, only_coordinator: bool = False) -> list[str]:
    """Return the processes and jobs that would be ended, a line for each."""
    lines = []
    record = presence.record
    if record is not None and record.job is None and presence.record_lives:
        lines.append(f"{coordinator_name(record)} in {record.folder}")
    for job in presence.own:
        if only_coordinator and not job.coordinates:
            continue
        kind = "the coordinator" if job.coordinates else job.stage
        lines.append(f"Batch job {job.job_id}, {kind}, {job.state}")
    return lines


def format_time(moment: datetime) -> str:
    """Format a time as in all commands."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _at(record: Coordinator) -> str:
    return f"at {format_time(record.ended)}" if record.ended else "at an unknown time"


def summarise_jobs(jobs: Iterable["RunJob"]) -> str:
    """Count Batch jobs by state, and their queued and running tasks and machines."""
    jobs = list(jobs)
    states = sorted({job.state for job in jobs})
    by_state = ", ".join(f"{sum(j.state == s for j in jobs):,} {s}" for s in states)
    running, queued = sum(job.running for job in jobs), sum(job.queued for job in jobs)
    vms = sum(job.vms for job in jobs)
    return (
        f"{counted(len(jobs), 'job')} ({by_state}): tasks {queued:,} queued, {running:,} running "
        f"on {counted(vms, 'VM')}"
    )

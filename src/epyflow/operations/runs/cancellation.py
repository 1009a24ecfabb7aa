"""Cancel a run: end its coordinator, then its Batch jobs.

The coordinator ends first, since it would start ended jobs again.
"""

import platform
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psutil

from epyflow.errors import EpyflowError
from epyflow.operations.runs.coordinator_presence import (
    Presence,
    coordinator_name,
    find_coordinator,
    summarise_jobs,
)
from epyflow.operations.runs.coordinator_process import (
    ignores_interruptions,
    is_running,
    runs_snakemake,
)
from epyflow.operations.runs.coordinator_record import Coordinator, find_record, is_same_job
from epyflow.operations.runs.run_lease import FoundLease, find_lease
from epyflow.run.interruption import local_jobs, send_signal, signal_late
from epyflow.storage.disk import Storage

if TYPE_CHECKING:
    from epyflow.operations.runs.batch_jobs import RunJob

REASON = "cancelled with epyflow cancel"

_EVERY = 3.0
"""Seconds between two checks."""


@dataclass
class Ended:
    """The result of a cancellation.

    Attributes
    ----------
    done
        Processes and jobs that were ended.
    left
        Processes and jobs that may still be running, and what to do about them.
    killed
        Whether a process was killed, which leaves Snakemake's lock.
    """

    done: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    killed: bool = False


class Cancelling:
    """Ends the coordinator and the jobs of a run.

    Parameters
    ----------
    storage
        Holds the run.
    presence
        From :func:`epyflow.operations.runs.coordinator_presence.find_coordinator`.
    say
        Called with a line of progress.
    now
        Kill the process and all processes that it has started, instead of asking it to end.
    only_coordinator
        Leave Batch jobs running: a coordinator that is started again takes them over.
    patience
        Seconds to wait for the coordinator, and again for the jobs.
    sleep, clock
        Functions that wait and that return the time, both in seconds.
    """

    def __init__(
        self,
        storage: Storage,
        presence: Presence,
        say: Callable[[str], None],
        *,
        now: bool = False,
        only_coordinator: bool = False,
        patience: float = 600.0,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._storage, self._presence, self._say = storage, presence, say
        self._now, self._only_coordinator, self._patience = now, only_coordinator, patience
        self._sleep, self._clock = sleep, clock
        self._ended = Ended()

    def run(self) -> Ended:
        """End the coordinator, then the jobs; wait; note the end, and remove the run's lease.

        Raises
        ------
        EpyflowError
            If a process or a job may not be ended by this user.
        """
        first, job = self._presence, self._presence.coordinator_job
        self._end_process()
        if job is not None:
            self._delete([job])
            self._wait_for_jobs(lambda own: [each for each in own if each.coordinates])
        self._look()
        if not self._ended.left and not self._only_coordinator:
            self._delete(self._presence.own)
            self._wait_for_jobs(list)
        lease = find_lease(first.exp_id, first.run_id, self._storage)
        self._tell_what_is_left(lease)
        if not self._ended.left:
            self._note(first.record, job)
            # One that seems to have lapsed, by a clock that may be wrong, is left to lapse.
            if lease is not None and (lease.has_ended or lease.job is not None):
                lease.remove(self._storage)
        return self._ended

    def _look(self) -> Presence:
        was = self._presence
        self._presence = find_coordinator(self._storage, was.exp_id, was.run_id)
        return self._presence

    def _end_process(self) -> None:
        record = self._presence.record
        process = None if record is None or record.outcome else record.process()
        if record is None or process is None:
            return
        if not runs_snakemake(process):
            self._ended.left.append(
                f"{coordinator_name(record)}, as the record says, does not run Snakemake: it is "
                "left alone; end it yourself if it is the coordinator"
            )
            return
        number, tree = self._signal_for(process), [process]
        told = local_jobs(process)
        try:
            if number == signal.SIGKILL:
                process.suspend()  # a job that it starts after the next line would outlive it
            tree += process.children(recursive=True)
            send_signal(number, tree)
        except psutil.AccessDenied:
            raise EpyflowError(
                f"{coordinator_name(record)} belongs to {process.username()}; only that user, or "
                "root, can end it"
            ) from None
        except psutil.NoSuchProcess:
            pass  # it has ended already
        self._ended.killed = number == signal.SIGKILL

        def ended() -> bool:
            if number == signal.SIGTERM:  # Snakemake waits for its Batch jobs
                self._delete_new(self._look().own)
            # Snakemake waits for a job that it was about to start.
            tree.extend(signal_late(number, process, told))
            return not any(map(is_running, tree))

        if self._wait_until(ended, f"waiting for {coordinator_name(record)}"):
            self._ended.done.insert(0, coordinator_name(record))
        else:
            self._ended.left.append(
                f"{coordinator_name(record)} has not ended in {self._patience:.0f} s: wait, or "
                "kill it and all processes that it has started with --now"
            )

    def _signal_for(self, process: psutil.Process) -> signal.Signals:
        """Return the signal that ends a coordinator: SIGINT, unless the process ignores it.

        A process started by a script with ``&`` ignores SIGINT. Snakemake deletes its Batch jobs
        at SIGINT, so it is killed if they have to stay.
        """
        if self._now or self._only_coordinator:
            return signal.SIGKILL
        return signal.SIGTERM if ignores_interruptions(process.pid) else signal.SIGINT

    def _delete(self, jobs: "list[RunJob] | tuple[RunJob, ...]") -> None:
        """Delete jobs, except those that are being deleted already."""
        if not jobs:
            return
        from epyflow.google.batch import batch_of

        self._say(f"deleting {summarise_jobs(jobs)}")
        batch = batch_of(jobs[0].name)
        for job in jobs:
            if job.state != "DELETION_IN_PROGRESS":
                batch.delete(job.name, REASON)
            self._ended.done.append(f"Batch job {job.job_id}")

    def _delete_new(self, jobs: "Iterable[RunJob]") -> None:
        """Delete the jobs that are new since the last check."""
        self._delete([job for job in jobs if f"Batch job {job.job_id}" not in self._ended.done])

    def _wait_for_jobs(self, choose: "Callable[[tuple[RunJob, ...]], list[RunJob]]") -> None:
        """Wait until jobs are gone; delete new ones."""

        def gone() -> bool:
            waiting = choose(self._look().own)
            self._delete_new(waiting)
            return not waiting

        if not choose(self._presence.own) and not self._ended.done:
            return
        if not self._wait_until(gone, "waiting until the Batch jobs are gone"):
            self._ended.left += [
                f"Batch job {job.job_id} is {job.state}: wait, and repeat this command"
                for job in choose(self._presence.own)
            ]

    def _wait_until(self, done: Callable[[], bool], text: str) -> bool:
        """Check every few seconds; report progress from time to time."""
        start, told = self._clock(), float("-inf")
        while not done():
            now = self._clock()
            if now - start >= self._patience:
                return False
            if now - told >= 10 * _EVERY:
                jobs = self._presence.own
                self._say(f"{text}{f': {summarise_jobs(jobs)}' if jobs else ''}")
                told = now
            self._sleep(0.2 if now - start < _EVERY else _EVERY)
        return True

    def _tell_what_is_left(self, lease: FoundLease | None) -> None:
        """List the processes and jobs that are out of reach, or have come since."""
        presence, record, left = self._presence, self._presence.record, self._ended.left
        if presence.unseen:
            left.append(f"Batch jobs of the run, if any, cannot be listed: {presence.unseen}")
        for job in presence.doubtful:
            left.append(
                f"Batch job {job.job_id} has the labels of the run, but its definition names no "
                f"run. If it is yours: gcloud batch jobs delete {job.name}"
            )
        if record is not None and record.job is None and record.lives is None:
            left.append(
                f"{coordinator_name(record)} may be running, and would start ended jobs again: end "
                f"it on that machine with epyflow cancel or kill -INT {record.pid}. If that "
                "machine was restarted since, it has ended"
            )
        elif record is not None and presence.record_lives:
            name = coordinator_name(record)
            if not any(name in each for each in left):
                left.append(f"{name} has started meanwhile; repeat this command")
        elif lease is not None and lease.is_held and lease.job is None:
            left.append(f"{lease.described()}. {_how_to_end(lease)}")

    def _note(self, record: Coordinator | None, job: "RunJob | None") -> None:
        """Record that the run was cancelled, unless it is complete or failed by itself."""
        found = find_record(self._presence.exp_id, self._presence.run_id, self._storage)
        now, first = found.record, record
        if job is not None and (record is None or not is_same_job(record.job, job.name)):
            record = _record_of(job, self._presence)
        elif not self._ended.done and any(each and each.outcome for each in (first, now)):
            return  # it has ended by itself
        of_job = now is not None and job is not None and is_same_job(now.job, job.name)
        outcome = None if now is None else now.outcome
        if outcome and (of_job or (job is None and outcome == "complete")):
            return  # an interrupted process does not complete; a deleted job notes nothing
        if now is not None and not of_job and (first is None or not now.is_same(first)):
            return  # another coordinator has started since
        if record is not None:
            found.replace(record.after("cancelled"))


def _how_to_end(lease: FoundLease) -> str:
    """Say how to end a process that holds the lease, but has not recorded its start."""
    if lease.lease is None or not lease.lease.holder.lives:
        return "End it on that machine with epyflow cancel"
    return f"It is starting: end it with Ctrl-C or kill -INT {lease.lease.holder.pid}"


def _record_of(job: "RunJob", presence: Presence) -> Coordinator:
    """Describe a coordinator that was cancelled before it wrote its record."""
    return Coordinator(
        exp_id=presence.exp_id,
        run_id=presence.run_id,
        host=platform.node(),
        pid=0,
        process_started=0.0,
        folder="",
        job=job.name,
        started=job.created,
    )

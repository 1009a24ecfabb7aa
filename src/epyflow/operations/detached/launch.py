"""Start the coordinator of a run as a job of Google Batch, unless the run has one."""

import contextlib
import secrets
import shlex
from collections.abc import Callable, Collection
from dataclasses import dataclass

from google.cloud import batch_v1

from epyflow.errors import EpyflowError, RunningError
from epyflow.google.batch import BatchJobs, is_over
from epyflow.google.site import Site, variables_of
from epyflow.operations.detached.coordinator_job import (
    HOURS,
    MACHINE_TYPE,
    coordinator_job,
    job_labels,
    job_prefix,
    number_of,
)
from epyflow.operations.detached.job_request import (
    HOURS_VARIABLE,
    NONCE_VARIABLE,
    REPLACES_VARIABLE,
    SOURCES_VARIABLE,
)
from epyflow.operations.detached.source_archive import Packed
from epyflow.operations.runs.coordinator_presence import coordinator_name, format_time
from epyflow.operations.runs.coordinator_record import JOB_VARIABLE, is_same_job, read_record
from epyflow.operations.runs.experiment_origin import ORIGIN_VARIABLE
from epyflow.operations.runs.run_lease import FoundLease, read_lease, watch_lease
from epyflow.run.layout import RunLayout
from epyflow.run.plan import PLAN_VARIABLE
from epyflow.storage.disk import Storage
from epyflow.storage.stored_file import VersionedStorage


@dataclass(frozen=True)
class Place:
    """The project and the storage in which a run is started.

    Attributes
    ----------
    site
        Site of the Google project.
    exp_id, run_id
        The run.
    storage
        The files under the site's storage prefix.
    jobs
        The jobs of the site's project in its region.
    """

    site: Site
    exp_id: str
    run_id: str
    storage: Storage
    jobs: BatchJobs

    @property
    def layout(self) -> RunLayout:
        """The paths of the run."""
        return RunLayout(self.exp_id, self.run_id)

    @property
    def prefix(self) -> str:
        """Prefix of the ids of the run's coordinators."""
        return job_prefix(self.site.storage, self.exp_id, self.run_id)

    def job(self, number: int) -> str:
        """Return the full name of the run's coordinator job of a number."""
        where = f"projects/{self.site.project}/locations/{self.site.region}"
        return f"{where}/jobs/{self.prefix}{number}"

    def coordinators(self) -> dict[int, batch_v1.Job]:
        """Return the present and past coordinator jobs of the run, by their numbers."""
        found = self.jobs.find(job_labels(self.exp_id, self.run_id))
        numbered = {number_of(job, self.prefix): job for job in found}
        return {number: job for number, job in numbered.items() if number is not None}


@dataclass(frozen=True)
class NextJob:
    """The next coordinator job of a run.

    Attributes
    ----------
    number
        Its number.
    replaces
        Nonce of the lease of another coordinator that it replaces; empty: none.
    """

    number: int
    replaces: str = ""


def check_alone(
    place: Place,
    *,
    take_over: bool = False,
    watch: bool = False,
    say: Callable[[str], object] = print,
) -> NextJob:
    """Refuse a run that has a coordinator, and return the next one.

    The lease of another coordinator that does not count is left to it: the job replaces it when it
    has started, so that the other one goes on if the job cannot be created.

    Parameters
    ----------
    place
        The run.
    take_over
        Whether to assume that a coordinator on another machine has ended, which is unknown here.
        If it lives, it ends when its lease is replaced.
    watch
        Whether to watch a lease that seems to have lapsed.
    say
        Called with a message before a lease is watched.

    Raises
    ------
    RunningError
        Naming the coordinator, its start, and what to do.
    """
    known = place.coordinators()
    for job in known.values():
        if not is_over(job):
            raise RunningError(_running(place, job.name.rpartition("/")[2], job))
    record = read_record(place.exp_id, place.run_id, place.storage)
    if record is not None and record.job is None and record.lives:
        raise RunningError(
            f"{place.layout.name}: a coordinator is running on this machine, process {record.pid}, "
            f"since {format_time(record.started)}; end it first"
        )
    number = 1 + max(known, default=0)
    # The next job does not exist: one of its number was deleted.
    over = {place.job(number), *(job.name for job in known.values())}
    found = _passable_lease(place, over, say, take_over=take_over, watch=watch)
    unknown = record is not None and record.job is None and record.lives is None
    # A lease that has lapsed shows that the coordinator has ended.
    if record is not None and unknown and found is None and not take_over:
        raise RunningError(
            f"{place.layout.name}: a coordinator was started as {coordinator_name(record)}, since "
            f"{format_time(record.started)}, and has not recorded its end; make sure that it has "
            "ended, and add --take-over"
        )
    return NextJob(number, (found and found.nonce) or "")


def _passable_lease(
    place: Place,
    over: Collection[str],
    say: Callable[[str], object],
    *,
    take_over: bool,
    watch: bool,
) -> FoundLease | None:
    """Return the lease of the run, None without one; refuse one that counts.

    Parameters
    ----------
    place, say, take_over, watch
        As in :func:`check_alone`.
    over
        Names of Batch jobs that are over, whose leases do not count.
    """
    if not isinstance(place.storage, VersionedStorage):
        return None
    run = (place.exp_id, place.run_id, place.storage)
    found = read_lease(*run)
    if take_over or (found is not None and any(is_same_job(found.job, job) for job in over)):
        return found
    if watch:
        found = watch_lease(*run, say)
    unsure = found is not None and found.is_of_the_future and not watch  # it is watched later
    if found is not None and found.is_held and not unsure:
        raise RunningError(
            f"{found.described()}; to take the run over now, add --take-over: that coordinator "
            "ends then, and running tasks go on if the sources are the same"
        )
    return found


def submit(
    place: Place,
    sources: Packed,
    next_job: NextJob,
    hours: float = HOURS,
    machine_type: str = MACHINE_TYPE,
) -> str:
    """Upload the sources and create the job.

    Parameters
    ----------
    place
        The run; its site names the coordinator's account.
    sources
        From :func:`epyflow.operations.detached.source_archive.pack`.
    next_job
        From :func:`check_alone`.
    hours, machine_type
        See :func:`epyflow.operations.detached.coordinator_job.coordinator_job`.

    Returns
    -------
    name
        The job's full name.

    Raises
    ------
    RunningError
        If another submission started a coordinator first.
    EpyflowError
        If the bucket or Google Batch refuses.
    """
    folder, _, name = sources.path.rpartition("/")
    before = [each for each in place.storage.names(folder) if each.startswith("sources-")]
    # Existing sources keep their time, which the coordinator uses for its files.
    if name not in before:
        place.storage.write(sources.path, sources.data)
    name_of_job, nonce = place.job(next_job.number), secrets.token_hex(8)
    job_id = name_of_job.rpartition("/")[2]
    variables = variables_of(place.site) | {
        JOB_VARIABLE: name_of_job,
        SOURCES_VARIABLE: sources.path,
        PLAN_VARIABLE: sources.plan,
        ORIGIN_VARIABLE: sources.origin,
        HOURS_VARIABLE: f"{hours:g}",
        NONCE_VARIABLE: nonce,
        REPLACES_VARIABLE: next_job.replaces,
    }
    labels = job_labels(place.exp_id, place.run_id)
    job = coordinator_job(place.site, labels, variables, hours, machine_type)
    if place.jobs.create(job, job_id) is None:
        there = place.jobs.get(job_id)
        if there is None or _nonce(there) != nonce:
            raise RunningError(_running(place, job_id, there))
    # The job has started: an error in removing earlier sources does not matter. Those that have
    # come since may be of the next job, if this one is over already.
    with contextlib.suppress(EpyflowError):
        place.storage.remove(f"{folder}/{each}" for each in before if each != name)
    return name_of_job


def resumes(place: Place) -> bool:
    """Return whether an earlier coordinator in the cloud left its state."""
    path = place.layout.coordinator_state
    folder, _, name = path.rpartition("/")
    return name in place.storage.names(folder)


def _nonce(job: batch_v1.Job) -> str | None:
    variables = job.task_groups[0].task_spec.environment.variables
    return str(variables[NONCE_VARIABLE]) if NONCE_VARIABLE in variables else None


def _running(place: Place, job_id: str, job: batch_v1.Job | None) -> str:
    run, created = f"{place.exp_id}/{place.run_id}", job.create_time if job else None
    since = f" since {created:%Y-%m-%d %H:%M} UTC" if created else ""
    state = f" ({batch_v1.JobStatus.State(job.status.state).name.lower()})" if job else ""
    where = f"{run} --storage {shlex.quote(place.site.storage)}"
    return (
        f"{run}: the job {job_id} is its coordinator{since}{state}; follow it with "
        f"`epyflow status {where}` and `epyflow logs {where}`, end it with `epyflow cancel {where}`"
    )

"""Record the coordinator of a run: its process or Batch job, its command, and how it ended.

Each run has one record, where tasks may not write. The coordinator writes it before its first job
starts and when the workflow has ended. The record of a coordinator that was killed has no outcome:
only its process or its Batch job shows that it has ended.
"""

import os
import platform
import subprocess
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Literal

import psutil
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from epyflow.errors import ArtifactError, UnreadableError
from epyflow.operations.runs.experiment_origin import Origin
from epyflow.operations.runs.run_request import LongPath, Name, Wanted
from epyflow.operations.runs.stored_records import parse_record, warn_once
from epyflow.run.layout import RunLayout
from epyflow.storage.disk import Storage

JOB_VARIABLE = "EPYFLOW_COORDINATOR_JOB"
"""Name of the job, set for a coordinator that is a Batch job."""

_DAMAGED = "the run counts as one without a record"

_LARGEST = 2**23
"""Bytes of a record. The longest command of Linux has 2 MiB, and the names of files of an earlier
plan have 4 MiB if each byte is escaped."""

_AT_ONCE = 8
"""Records that are in memory at once, before what is used of them."""

Outcome = Literal["complete", "failed", "stopped", "cancelled"]
"""A run is stopped by Ctrl-C in its terminal, and cancelled by `epyflow cancel`."""


class Coordinator(BaseModel):
    """A coordinator of a run.

    Attributes
    ----------
    exp_id, run_id
        The run.
    host, pid, process_started
        The process of Snakemake, and its start according to the system, in seconds since 1970:
        process ids are used again.
    machine
        What :func:`this_machine` returned to it; None in records of earlier versions.
    folder
        Folder in which it was started.
    job
        Full name of its Batch job; None for a process that a person started.
    started, ended
        Times of the start and the end of the workflow.
    outcome
        How it ended; None while it is running, or if it was killed.
    wanted
        Its command and the outputs that it was asked for.
    origin
        The experiment that it has read; None in records of earlier versions.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    exp_id: Name
    run_id: Name
    host: str = Field(max_length=255)
    # Of a process there is none below 1; 0 is that of a job that wrote no record.
    pid: int = Field(ge=0, lt=2**31, strict=True)
    process_started: float = Field(allow_inf_nan=False)
    machine: str | None = Field(None, max_length=255)
    folder: LongPath
    job: Name | None = None
    started: AwareDatetime
    ended: AwareDatetime | None = None
    outcome: Outcome | None = None
    wanted: Wanted = Wanted()
    origin: Origin | None = None

    @property
    def is_here(self) -> bool:
        """Whether its process id is one of this machine, since the machine was started.

        Two machines or containers may have the same host name.
        """
        same = self.machine is not None and self.machine == this_machine()
        return self.job is None and self.pid > 0 and self.host == platform.node() and same

    @property
    def lives(self) -> bool | None:
        """Whether it is running; None if that is unknown on this machine."""
        if self.outcome is not None:
            return False
        if not self.is_here:
            return None
        return self.process() is not None

    def is_same(self, other: "Coordinator") -> bool:
        """Whether both are one process, or one Batch job."""
        same_process = self.job == other.job and _process(self) == _process(other)
        return same_process or is_same_job(self.job, other.job)

    def process(self) -> psutil.Process | None:
        """Return its process on this machine; None if it has ended, or is on another machine.

        A zombie counts as ended.
        """
        if not self.is_here:
            return None
        try:
            process = psutil.Process(self.pid)
            began, state = process.create_time(), process.status()
        except psutil.Error:
            return None
        same = abs(began - self.process_started) < 1.0
        return process if same and state != psutil.STATUS_ZOMBIE else None

    def after(self, outcome: Outcome) -> "Coordinator":
        """Return the record of a coordinator that ends now."""
        return self.model_copy(update={"ended": _now(), "outcome": outcome})

    def in_short(self, unplanned: Iterable[str] = ()) -> "Coordinator":
        """Return it without its command, and with these names of files of an earlier plan."""
        short = {"command": (), "unplanned": tuple(unplanned)}
        return self.model_copy(update={"wanted": self.wanted.model_copy(update=short)})


def is_same_job(one: str | None, other: str | None) -> bool:
    """Return whether two names are of one Batch job, and not None.

    The last parts are compared: names from Google may have the project's number.
    """
    if one is None or other is None:
        return False
    return one.rpartition("/")[2] == other.rpartition("/")[2]


@cache
def this_machine() -> str | None:
    """Identify the start of this machine, and the PID namespace of this process.

    Process ids that were read in the same namespace since the same start name the same processes.

    Sources: proc_sys_kernel(5), random/boot_id; pid_namespaces(7); sysctl(3) of macOS.

    Returns
    -------
    machine
        None if the system has neither.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        command = ("/usr/sbin/sysctl", "-n", "kern.bootsessionuuid")
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)  # noqa: S603 - a constant
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


def this_coordinator(
    exp_id: str,
    run_id: str,
    environment: Mapping[str, str] = os.environ,
    wanted: Wanted | None = None,
) -> Coordinator:
    """Describe this process as the coordinator of a run that begins now."""
    process = psutil.Process()
    return Coordinator(
        exp_id=exp_id,
        run_id=run_id,
        host=platform.node(),
        pid=process.pid,
        process_started=process.create_time(),
        machine=this_machine(),
        folder=str(Path.cwd()),
        job=environment.get(JOB_VARIABLE) or None,
        started=_now(),
        wanted=wanted or Wanted(),
    )


def record_start(
    exp_id: str,
    run_id: str,
    storage: Storage,
    wanted: Wanted | None = None,
    origin: Origin | None = None,
) -> Coordinator | None:
    """Record this process as the coordinator of a run, and return the previous record.

    Without an origin, that of the previous record is kept.
    """
    previous = read_record(exp_id, run_id, storage)
    known = {"origin": origin or (previous and previous.origin)}
    mine = this_coordinator(exp_id, run_id, wanted=wanted)
    write_record(mine.model_copy(update=known), storage)
    return previous


def record_request(
    exp_id: str,
    run_id: str,
    wanted: Wanted,
    storage: Storage,
    origin: Origin | None = None,
    is_alone: Callable[[Coordinator, Storage], bool] = lambda *_: False,
) -> bool:
    """Record what a run was asked for by a start that found nothing to do: it is complete.

    The command and the log stay those of the last coordinator that worked on the run. So does the
    origin without a new one. A record of another coordinator that may be running is left as it is:
    on disk, Snakemake's lock of the folder rules out one of another machine, or of before a
    restart; elsewhere ``is_alone`` says whether its lease does, as
    :func:`epyflow.operations.runs.run_lease.is_alone`.

    Returns
    -------
    completed
        Whether this start completes the run: the last coordinator did not, as its plan had more, or
        as it was asked for a part.
    """
    mine, last = this_coordinator(exp_id, run_id), read_record(exp_id, run_id, storage)
    if last is None:
        return False
    has_ended = last.lives is False or (last.lives is None and storage.uri is None)
    own = is_same_job(last.job, mine.job)
    if not (has_ended or own or (last.lives is None and is_alone(mine, storage))):
        return False
    asked = wanted.model_copy(update=last.wanted.model_dump(include={"command", "log"}))
    known = {"wanted": asked, "origin": origin or last.origin}
    if last.outcome != "complete" or known != {"wanted": last.wanted, "origin": last.origin}:
        write_record(mine.after("complete").model_copy(update=known), storage)
    return not (last.outcome == "complete" and last.wanted.whole)


def record_end(exp_id: str, run_id: str, outcome: Outcome, storage: Storage) -> None:
    """Record how the workflow of this process ended, unless another coordinator has started."""
    mine, written = this_coordinator(exp_id, run_id), read_record(exp_id, run_id, storage)
    if written is not None and _process(written) == _process(mine):
        write_record(written.after(outcome), storage)


def _process(coordinator: Coordinator) -> tuple[str, str | None, int]:
    return coordinator.host, coordinator.machine, coordinator.pid


def write_record(coordinator: Coordinator, storage: Storage) -> None:
    """Write or replace the record of a run's coordinator."""
    path = RunLayout(coordinator.exp_id, coordinator.run_id).coordinator_record
    storage.write(path, coordinator.model_dump_json(indent=1).encode() + b"\n")


def read_record(exp_id: str, run_id: str, storage: Storage) -> Coordinator | None:
    """Read the record of a run's coordinator; None without one that can be read."""
    run = RunLayout(exp_id, run_id)
    try:
        data = storage.read(run.coordinator_record, _LARGEST)
        if data is None:
            return None
        return _as_of(run, parse_record(Coordinator, data, run.coordinator_record))
    except (ArtifactError, UnreadableError) as problem:
        warn_once(f"{problem}; {_DAMAGED}")
        return None


def _as_of(run: RunLayout, record: Coordinator) -> Coordinator:
    """Return the record without tasks if the run was renamed: they have its earlier name."""
    if record.run_id == run.run_id:
        return record
    unknown = record.wanted.model_copy(update={"tasks": {}})
    return record.model_copy(update={"wanted": unknown})


def read_coordinators(
    storage: Storage, runs: Iterable[RunLayout], there: Collection[str] = ()
) -> Mapping[str, Coordinator]:
    """Read the records of runs by the run's name; leave out those that cannot be read, and warn.

    Some are read at a time; of each :meth:`Coordinator.in_short` stays in memory.

    Parameters
    ----------
    storage, runs
        The storage and the runs.
    there
        Files, by path below ``results/``: names of other files of an earlier plan are left out.
    """

    def read(run: RunLayout) -> Coordinator | None:
        found = read_record(run.exp_id, run.run_id, storage)
        if found is None:
            return None
        return found.in_short(e for e in found.wanted.unplanned if f"{run.name}/{e}" in there)

    layouts = list(runs)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = list(zip(layouts, pool.map(read, layouts), strict=True))
    return {run.name: record for run, record in found if record is not None}


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)

"""Record the coordinator of a run: its process or Batch job, its command, and how it ended.

Each run has one record, where tasks may not write. The coordinator writes it before its first job
starts and when the workflow has ended. The record of a coordinator that was killed has no outcome:
only its process or its Batch job shows that it has ended.
"""

import os
import platform
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import psutil
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from epyflow.errors import ArtifactError, EpyflowError, UnreachableError, UnreadableError
from epyflow.operations.runs.coordinator_process import this_machine
from epyflow.operations.runs.experiment_origin import Origin
from epyflow.operations.runs.run_request import LongPath, Name, Wanted
from epyflow.operations.runs.stored_records import parse_record, warn_once
from epyflow.run.layout import RunLayout
from epyflow.storage.disk import Storage
from epyflow.storage.stored_file import LARGEST_VERSION, VersionedStorage, replace_version

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


def _process(coordinator: Coordinator) -> tuple[str, str | None, int]:
    return coordinator.host, coordinator.machine, coordinator.pid


@dataclass(frozen=True)
class FoundRecord:
    """The record of a run's coordinator, as it was read.

    Attributes
    ----------
    run, storage
        The run and its storage.
    record
        None without one that can be read.
    version
        Names what was read; None without a file, and on disk, where files have no versions.
    """

    run: RunLayout
    storage: Storage
    record: Coordinator | None = None
    version: str | None = None

    def replace(self, record: Coordinator) -> bool:
        """Write a record, unless another coordinator has written its own since this one was read.

        It is written in any case on disk, where Snakemake's lock of the folder keeps others away,
        and in a storage that cannot write on a condition and thus has no leases.

        Returns
        -------
        Whether it was written.
        """
        path, data = self.run.coordinator_record, _encoded(record)
        if isinstance(self.storage, VersionedStorage):
            try:
                return replace_version(self.storage, path, data, self.version) is not None
            except UnreachableError:
                raise
            except EpyflowError:
                pass
        self.storage.write(path, data)
        return True


def find_record(exp_id: str, run_id: str, storage: Storage) -> FoundRecord:
    """Read the record of a run's coordinator in order to replace it."""
    run = RunLayout(exp_id, run_id)
    if not isinstance(storage, VersionedStorage):
        return FoundRecord(run, storage, read_record(exp_id, run_id, storage))
    try:
        found = storage.read_version(run.coordinator_record)
    except UnreadableError as problem:
        warn_once(f"{problem}; {_DAMAGED}")
        found = None
    if found is None:
        return FoundRecord(run, storage)
    if len(found.data) < LARGEST_VERSION:
        return FoundRecord(run, storage, _parsed(run, found.data), found.name)
    # The end, which is not compared, has names of files.
    return FoundRecord(run, storage, read_record(exp_id, run_id, storage), found.name)


def write_record(coordinator: Coordinator, storage: Storage) -> None:
    """Write or replace the record of a run's coordinator, whoever has written it."""
    path = RunLayout(coordinator.exp_id, coordinator.run_id).coordinator_record
    storage.write(path, _encoded(coordinator))


def _encoded(coordinator: Coordinator) -> bytes:
    return coordinator.model_dump_json(indent=1).encode() + b"\n"


def read_record(exp_id: str, run_id: str, storage: Storage) -> Coordinator | None:
    """Read the record of a run's coordinator; None without one that can be read."""
    run = RunLayout(exp_id, run_id)
    try:
        data = storage.read(run.coordinator_record, _LARGEST)
    except UnreadableError as problem:
        warn_once(f"{problem}; {_DAMAGED}")
        return None
    return None if data is None else _parsed(run, data)


def _parsed(run: RunLayout, data: bytes) -> Coordinator | None:
    try:
        return _as_of(run, parse_record(Coordinator, data, run.coordinator_record))
    except ArtifactError as problem:
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

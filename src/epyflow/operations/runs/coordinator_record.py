"""What a coordinator leaves for others: that it is there, where, and how it ended.

One file for each run, beside its logs, wherever these are. It is written when jobs are about to
start and when the workflow has ended; of a coordinator that was killed, it says that it is at
work, and only its process or its Batch job can tell.
"""

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import psutil
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from epyflow.operations.runs.status import stage_of
from epyflow.run.layout import RunLayout
from epyflow.run.plan import Plan
from epyflow.stages import STAGES
from epyflow.storage.disk import Storage

JOB_VARIABLE = "EPYFLOW_COORDINATOR_JOB"
"""Set by a coordinator that is a Batch job, to the job's name."""

Outcome = Literal["complete", "failed", "cancelled"]


class Wanted(BaseModel):
    """What a coordinator was started for.

    Attributes
    ----------
    command
        Its command line.
    log
        Its own log, on the machine that it is on; None where there is none.
    tasks
        How many tasks each run has: one run, or one for each date of a replay.
    files
        Stage to how many files it is to make, as
        :data:`epyflow.stages.STAGES` counts them.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    command: tuple[str, ...] = ()
    log: str | None = None
    tasks: Mapping[str, int] = {}
    files: Mapping[str, int] = {}


class Coordinator(BaseModel):
    """A coordinator of a run.

    Attributes
    ----------
    exp_id, run_id
        The run.
    host, pid, process_started
        The process of Snakemake, and when the system says that it began, in seconds since 1970:
        numbers of processes are used again.
    folder
        Where it was started.
    job
        The full name of the Batch job that it is in; None for a process on somebody's machine.
    started, ended
        When the workflow began, and when it ended.
    outcome
        How it ended; None while it is at work, or if it was killed.
    wanted
        What it was started for.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    exp_id: str
    run_id: str
    host: str
    pid: int
    process_started: float
    folder: str
    job: str | None = None
    started: AwareDatetime
    ended: AwareDatetime | None = None
    outcome: Outcome | None = None
    wanted: Wanted = Wanted()

    @property
    def is_here(self) -> bool:
        """Whether it is a process of this machine."""
        return self.job is None and self.host == platform.node()

    @property
    def lives(self) -> bool | None:
        """Whether it is at work; None where that cannot be seen from this machine."""
        if self.outcome is not None:
            return False
        if not self.is_here:
            return None
        return self.process() is not None

    def process(self) -> psutil.Process | None:
        """Return its process on this machine; None where it has ended, or is not of this machine.

        One that has ended and that nobody has asked after yet is no process any more.
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
        """Return it as it is when it has ended now."""
        return self.model_copy(update={"ended": _now(), "outcome": outcome})


def wanted(plan: Plan, outputs: Iterable[str], command: Sequence[str], log: str | None) -> Wanted:
    """Describe what a start is for.

    Parameters
    ----------
    plan
        Of the run.
    outputs
        Every file that the workflow makes or has made; all that is not of the run is passed over,
        and so is what comes before ``results/``.
    command
        The command line.
    log
        The coordinator's own log.
    """
    tasks = {run.run_id: len(run.tasks) for run in plan.runs}
    folder = f"{plan.layout.results}/"
    made = {path.rpartition(folder)[2] for path in outputs if folder in path}
    stages = [stage_of(path) for path in made]
    files = {stage: stages.count(stage) for stage in STAGES}
    # The plan knows them all; the workflow, those that are not up to date.
    files |= dict.fromkeys(("build", "run"), sum(tasks.values()))
    return Wanted(command=tuple(command), log=log, tasks=tasks, files=files)


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
        folder=str(Path.cwd()),
        job=environment.get(JOB_VARIABLE) or None,
        started=_now(),
        wanted=wanted or Wanted(),
    )


def begin(exp_id: str, run_id: str, storage: Storage, wanted: Wanted | None = None) -> None:
    """Say that this process goes on with a run, over what another has said before."""
    write_record(this_coordinator(exp_id, run_id, wanted=wanted), storage)


def end(exp_id: str, run_id: str, outcome: Outcome, storage: Storage) -> None:
    """Say how the workflow of this process has ended; what another says is left alone."""
    mine, written = this_coordinator(exp_id, run_id), read_record(exp_id, run_id, storage)
    if written is not None and (written.host, written.pid) == (mine.host, mine.pid):
        write_record(written.after(outcome), storage)


def write_record(coordinator: Coordinator, storage: Storage) -> None:
    """Write or replace the record of a run's coordinator."""
    path = RunLayout(coordinator.exp_id, coordinator.run_id).coordinator_record
    storage.write(path, coordinator.model_dump_json(indent=1).encode() + b"\n")


def read_record(exp_id: str, run_id: str, storage: Storage) -> Coordinator | None:
    """Read the record of a run's coordinator; None where there is none that can be read."""
    data = storage.read(RunLayout(exp_id, run_id).coordinator_record)
    try:
        return None if data is None else Coordinator.model_validate_json(data)
    except ValidationError:
        return None


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)

"""Find the Batch jobs of a run, and count their queued and running tasks.

Jobs are found by label. Two experiments may have the same label, so the run of a job is read from
its definition, in which Snakemake's executor names the rule and the wildcards of every task.
"""

import base64
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from google.cloud import batch_v1

from epyflow.google.batch import COORDINATOR, LONGEST_LABEL, OVER_NAMES, BatchJobs, label_value
from epyflow.google.site import VARIABLE_PREFIX
from epyflow.operations.runs.coordinator_record import is_same_job
from epyflow.operations.runs.snakemake_targets import Target, parse_target

COMPONENT = {"component": "epyflow"}
"""Label of every job of epyflow."""

SOURCES_VARIABLE = "EPYFLOW_COORDINATOR_SOURCES"
"""Path of the sources of a coordinator that is a Batch job, below the storage prefix."""

STORAGE_VARIABLE = f"{VARIABLE_PREFIX}STORAGE"

_QUEUED = ("PENDING", "ASSIGNED")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class RunJob:
    """A Batch job that has the labels of a run.

    Attributes
    ----------
    name, uid
        Full name, and the id in Cloud Logging.
    stage, state
        Stage from its labels; state in Google Batch, such as ``RUNNING``.
    created, changed
        Times of its creation and of its last change of state.
    tasks
        Number of its tasks in each state.
    vms
        Machines of its tasks, including machines that are starting.
    whose
        ``run``: its definition names this run. ``other``: it names another run. ``unknown``: it
        names none.
    targets
        Rule and wildcards of each task, by index; of a group of jobs, those of the first by name,
        since Snakemake lists a group's jobs in any order.
    """

    name: str
    uid: str
    stage: str
    state: str
    created: datetime
    changed: datetime
    tasks: Mapping[str, int]
    vms: int
    whose: Literal["run", "other", "unknown"]
    targets: tuple[Target, ...] = ()

    @property
    def job_id(self) -> str:
        """The last part of its name."""
        return self.name.rpartition("/")[2]

    @property
    def lives(self) -> bool:
        """Whether it is queued, running, or being deleted."""
        return self.state not in OVER_NAMES

    @property
    def coordinates(self) -> bool:
        """Whether it is a coordinator."""
        return self.stage == COORDINATOR

    @property
    def queued(self) -> int:
        """Number of tasks that wait for a machine."""
        return sum(self.tasks.get(state, 0) for state in _QUEUED)

    @property
    def running(self) -> int:
        """Number of running tasks."""
        return self.tasks.get("RUNNING", 0)

    def as_dict(self) -> dict[str, Any]:
        """Return it as a JSON document."""
        return {
            "job": self.name,
            "stage": self.stage,
            "state": self.state,
            "tasks": dict(self.tasks),
            "vms": self.vms,
        }


def jobs_of_run(
    batch: BatchJobs, exp_id: str, run_id: str, place: str, coordinator: str | None = None
) -> list[RunJob]:
    """Return the jobs that have a run's labels, newest first, including those of other runs.

    Parameters
    ----------
    batch
        Client of Google Batch.
    exp_id, run_id
        The run; for a replay, jobs of all its dates are found.
    place
        The storage prefix of the run, ``gs://bucket/prefix``.
    coordinator
        Name of the coordinator's job in the record of the run.
    """
    found = batch.find(COMPONENT | {"exp_id": label_value(exp_id)})
    return [
        _described(_whole(batch, job), exp_id, run_id, place.rstrip("/"), coordinator)
        for job in found
        if has_labels_of(job, exp_id, run_id)
    ]


def has_labels_of(job: batch_v1.Job, exp_id: str, run_id: str) -> bool:
    """Return whether a job has the labels of a run, or of one of its dates."""
    if job.labels.get("exp_id") != label_value(exp_id):
        return False
    label, dated = job.labels.get("run_id", ""), label_value(f"{run_id}/")
    if label == label_value(run_id):
        return True
    if not label.startswith(dated):
        return False
    # Labels have a maximum length: the date may have been cut off.
    cut = len(label) == LONGEST_LABEL
    return cut or _DATE.fullmatch(label.removeprefix(dated)) is not None


def _whole(batch: BatchJobs, job: batch_v1.Job) -> batch_v1.Job:
    """Return a job with its definition, which a listing may omit."""
    return job if job.task_groups else batch.get(job.name) or job


def _described(
    job: batch_v1.Job, exp_id: str, run_id: str, place: str, coordinator: str | None
) -> RunJob:
    whole = batch_v1.Job.pb(job)
    group = next(iter(whole.task_groups), batch_v1.TaskGroup.pb(batch_v1.TaskGroup()))
    counts: Counter[str] = Counter()
    for status in job.status.task_groups.values():
        counts.update({state: int(number) for state, number in status.counts.items() if number})
    per_vm = max(1, int(group.task_count_per_node))
    on_vms = counts["ASSIGNED"] + counts["RUNNING"]
    commands = _commands(group)
    stage = job.labels.get("stage", "")
    if stage == COORDINATOR:
        whose = _whose_coordinator(job, group, f"{exp_id}/{run_id}", place, coordinator)
    else:
        whose = _whose(commands, exp_id, run_id, place)
    return RunJob(
        name=job.name,
        uid=job.uid,
        stage=stage,
        state=job.status.state.name,
        created=_time(whole.create_time),
        changed=_time(whole.update_time),
        tasks=dict(counts),
        vms=-(-on_vms // per_vm),
        whose=whose,
        targets=commands.firsts,
    )


class _Commands(NamedTuple):
    """Content of commands: the first target of each task by name, all runs, storage prefixes."""

    firsts: tuple[Target, ...] = ()
    runs: frozenset[tuple[str, str] | None] = frozenset()
    places: frozenset[str] = frozenset()


def _whose(
    commands: _Commands, exp_id: str, run_id: str, place: str
) -> Literal["run", "other", "unknown"]:
    """Compare the targets and the storage of tasks with a run. A target may name no run."""
    runs = commands.runs - {None}
    if not runs or not commands.places:
        return "unknown"
    return "run" if runs == {(exp_id, run_id)} and commands.places == {place} else "other"


def _whose_coordinator(
    job: batch_v1.Job, group: Any, folder: str, place: str, recorded: str | None
) -> Literal["run", "other", "unknown"]:
    """Compare the path of a coordinator's sources with the run; without one, the run's record.

    The record is in a bucket, which may be somebody else's: it cannot claim another run's job.
    """
    variables = group.task_spec.environment.variables
    sources, storage = variables.get(SOURCES_VARIABLE, ""), variables.get(STORAGE_VARIABLE, "")
    if not sources or not storage:
        return "run" if is_same_job(recorded, job.name) else "unknown"
    own = sources.rpartition("/")[0] == f"{COORDINATOR}/{folder}"
    return "run" if own and storage.rstrip("/") == place else "other"


def _commands(group: Any) -> _Commands:
    """Read the commands of a group's tasks, which the executor has encoded."""
    common = group.task_spec.environment.variables
    command = _decoded(common.get("SMK_COMMAND", ""))
    if not isinstance(command, dict):
        return _Commands()
    head, tail = _texts(command.get("head")), _texts(command.get("tail"))
    own = [each.variables.get("SMK_TASK_ARGS", "") for each in group.task_environments]
    firsts, runs, places = [], set(), set()
    for text in own or [common.get("SMK_TASK_ARGS", "")]:
        arguments = [*head, *_texts(_decoded(text)), *tail]
        targets = [parse_target(each) for each in sorted(_after(arguments, "--target-jobs"))]
        firsts.append(targets[0] if targets else Target("", {}))
        runs |= {target.run for target in targets}
        places |= {each.rstrip("/") for each in _after(arguments, "--default-storage-prefix")}
    return _Commands(tuple(firsts), frozenset(runs), frozenset(places))


def _after(arguments: list[str], option: str) -> Iterator[str]:
    """Yield the values of an option of Snakemake's command line."""
    inside = False
    for argument in arguments:
        if argument.startswith("--"):
            inside = argument == option
        elif inside:
            yield argument


def _decoded(text: str) -> Any:
    """Decode a command of the executor; None for another text."""
    try:
        return json.loads(base64.b64decode(text, validate=True)) if text else None
    except (ValueError, RecursionError):
        return None


def _texts(value: Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []


def _time(stamp: Any) -> datetime:
    return datetime.fromtimestamp(stamp.seconds, UTC)

"""Describe the command of a coordinator, and the outputs that a start of a run was asked for."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from epyflow.run.path_patterns import is_planned, stage_of
from epyflow.run.plan import Plan
from epyflow.stages import STAGES

# Longer than any of Linux, of an object in a bucket, or of a job of Google Batch.
Name = Annotated[str, Field(max_length=1024)]
LongPath = Annotated[str, Field(max_length=4096)]

_Count = Annotated[int, Field(ge=0, le=10**9)]

MOST_UNPLANNED = 2_000
"""Files of an earlier plan that a record names."""


class Wanted(BaseModel):
    """The command of a coordinator, and the outputs that it was asked for.

    Attributes
    ----------
    command
        Its command line.
    log
        Snakemake's own log on the coordinator's machine; None without one.
    tasks
        Number of tasks of each run: one run, or one for each date of a replay.
    files
        Number of files that each stage has to make, as
        :data:`epyflow.stages.STAGES` counts them.
    whole
        Whether all of the run was asked for, not a part of it, as with ``--until``.
    unplanned
        Files that were there and that the plan lacks, by their path below the run's folder: see
        :mod:`epyflow.operations.runs.unplanned_files`.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    command: tuple[str, ...] = ()
    log: LongPath | None = None
    tasks: Mapping[str, _Count] = {}
    files: Mapping[str, _Count] = {}
    whole: bool = False
    unplanned: Annotated[tuple[Name, ...], Field(max_length=MOST_UNPLANNED)] = ()


def describe_request(
    plan: Plan,
    outputs: Iterable[str],
    command: Sequence[str],
    log: str | None,
    unplanned: Sequence[str] = (),
) -> Wanted:
    """Describe the outputs that a start of a run was asked for.

    Parameters
    ----------
    plan
        The plan of the run.
    outputs
        Every output of the workflow; files of other runs are ignored, and so is the part of a path
        before ``results/``.
    command
        The command line.
    log
        Snakemake's own log.
    unplanned
        From :func:`epyflow.operations.runs.unplanned_files.find_unplanned`. At most
        :data:`MOST_UNPLANNED` are recorded, and of a replay none of a reference date that the plan
        lacks: they are known by their names.
    """
    tasks = {run.run_id: len(run.tasks) for run in plan.runs}
    folder = f"{plan.layout.results}/"
    made = {path.rpartition(folder)[2] for path in outputs if folder in path}
    marks = {run.layout.complete.removeprefix(folder) for run in plan.runs}
    stages = [stage_of(path) for path in made]
    files = {stage: stages.count(stage) for stage in STAGES}
    # The workflow has only the tasks that are not up to date; the plan has all.
    files |= dict.fromkeys(("build", "run"), sum(tasks.values()))
    # Those of a replay that the run was before tell the next start to look for them.
    named = [
        path for path in unplanned if not plan.is_replay or is_planned(path, plan.layout, tasks)
    ]
    return Wanted(
        command=tuple(command),
        log=log,
        tasks=tasks,
        files=files,
        whole=marks <= made,
        unplanned=tuple(named[:MOST_UNPLANNED]),
    )

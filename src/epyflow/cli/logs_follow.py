"""``epyflow logs --follow``: new lines of a run's logs as they come."""

import json
import sys
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

import typer

from epyflow.errors import EpyflowError
from epyflow.operations.runs.batch_project import project_of
from epyflow.operations.runs.coordinator_presence import Presence, presence_of
from epyflow.operations.runs.log_follower import Follower, Line
from epyflow.operations.runs.log_lines import Filter, is_message, printable
from epyflow.operations.runs.machine_logs import FOLDER as MACHINE_LOGS
from epyflow.operations.runs.run_list import Run
from epyflow.operations.runs.run_logs import Choice
from epyflow.operations.runs.run_lookup import again
from epyflow.operations.runs.snakemake_targets import Target
from epyflow.run.layout import RunLayout
from epyflow.storage.disk import Storage

if TYPE_CHECKING:
    from epyflow.operations.runs.batch_jobs import RunJob
    from epyflow.operations.runs.task_output import TaskOutput


def follow_run(
    storage: Storage,
    run: Run,
    choice: Choice,
    last: int | None,
    every: float,
    format: str,
    *,
    machine: bool = False,
) -> None:
    """Print lines of logs as they come, until the run is over.

    Parameters
    ----------
    storage, run
        From :func:`epyflow.operations.runs.run_lookup.chosen`.
    choice, last
        See :class:`~epyflow.operations.runs.log_follower.Follower`.
    every
        Seconds between two looks.
    format
        ``json``: an object a line.
    machine
        Print everything that running tasks print, and no logs.

    Raises
    ------
    EpyflowError
        If the storage cannot be read.
    """
    follower, show = Follower(storage, run, choice, last), _Shown(format)
    output = _Output(choice, run, machine=machine)
    while True:
        # Looked at first: what is written before the end is read after it.
        presence = presence_of(storage, run.exp_id, run.run_id)
        over = _is_over(storage, run, presence)
        printed = [] if over else output.new(storage, presence)
        follower.printed(printed)
        show(printed)
        if not machine:
            show(follower.poll())
        if over:
            break
        time.sleep(every)
    show(follower.rest())
    typer.echo(f"{run.folder}: {presence.described()}", err=True)


def _is_over(storage: Storage, run: Run, presence: Presence) -> bool:
    """Whether nothing more is to come: nobody goes on, or as far as files tell."""
    if presence.lives is not None:
        return not presence.lives and not presence.own
    now = again(storage, run)
    return now is None or now.complete


class _Output:
    """What tasks on Google Batch print while they run; that it cannot be read is said once.

    Of all that they print, it is the messages that come to their logs, or everything.
    """

    def __init__(self, choice: Choice, run: Run, *, machine: bool) -> None:
        self._choice, self._run, self._machine = choice, run, machine
        self._reader: TaskOutput | None = None
        self._filters: dict[str, Filter] = {}
        self._told = False

    def new(self, storage: Storage, presence: Presence) -> list[Line]:
        """Return the lines that are wanted and were printed since the last time."""
        running = [job for job in presence.own if not job.coordinates and job.vms]
        if not running or self._choice.failed or self._told:
            return []
        try:
            printed = self._from(storage, presence).new(running)
        except EpyflowError as problem:
            self._told = True
            typer.echo(f"{problem}; what runs now is shown when it has ended", err=True)
            return []
        lines = (self._line(job, index, text) for job, index, text in printed)
        return [line for line in lines if line is not None]

    def _from(self, storage: Storage, presence: Presence) -> "TaskOutput":
        if self._reader is None:
            from epyflow.operations.runs.task_output import (
                TaskOutput,  # slow, and a laptop does without
            )

            project = project_of(storage.uri, presence.record)
            self._reader = TaskOutput("" if project is None else project[0], self._choice.since)
        return self._reader

    def _line(self, job: "RunJob", index: int, text: str) -> Line | None:
        if index >= len(job.targets):
            return None
        target = job.targets[index]
        if self._machine:
            path = f"{MACHINE_LOGS}/{job.job_id}/{index}.log"
        else:
            path = _log_of(target, self._run)
        lines = self._filters.setdefault(path, Filter(None, self._choice.level))
        wanted = lines.wants(text) and self._choice.wants(target.rule, target.job)
        wanted = wanted and (self._machine or is_message(text))
        return Line(path, target.rule, target.job, printable(text)) if wanted else None


def _log_of(target: Target, run: Run) -> str:
    """Return the log that a task writes."""
    run_id = target.wildcards.get("run_id", run.run_id)
    return RunLayout(run.exp_id, run_id).log(target.rule, target.job)


class _Shown:
    """Prints lines as ``tail`` does: with the log's name where it changes."""

    def __init__(self, format: str) -> None:
        self._format, self._path = format, ""

    def __call__(self, lines: Iterable[Line]) -> None:
        for line in lines:
            if self._format == "json":
                document = {"file": line.path, "rule": line.rule, "job": line.job}
                typer.echo(json.dumps({**document, "line": line.text}))
                continue
            if line.path != self._path:
                gap = "\n" if self._path else ""
                typer.echo(f"{gap}==> {line.path} <==")
                self._path = line.path
            typer.echo(line.text)
        sys.stdout.flush()

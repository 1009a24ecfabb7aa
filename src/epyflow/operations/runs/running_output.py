"""Lines that the running tasks of a run print, for ``epyflow logs --follow``."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from epyflow.errors import EpyflowError
from epyflow.operations.runs.batch_project import find_project
from epyflow.operations.runs.coordinator_presence import Presence
from epyflow.operations.runs.log_follower import Line
from epyflow.operations.runs.log_lines import Filter, is_message, printable
from epyflow.operations.runs.machine_logs import FOLDER
from epyflow.operations.runs.run_list import Run
from epyflow.operations.runs.run_logs import Choice
from epyflow.operations.runs.snakemake_targets import Target
from epyflow.run.layout import RunLayout
from epyflow.storage.disk import Storage

if TYPE_CHECKING:
    from epyflow.operations.runs.batch_jobs import RunJob
    from epyflow.operations.runs.task_output import TaskOutput


class RunningOutput:
    """Read the output of tasks that are running on Google Batch.

    Parameters
    ----------
    choice
        Which tasks, and which of their lines.
    run
        The run.
    warn
        Called once with a message if the output cannot be read.
    machine
        Read all output; otherwise only the messages, which the logs will hold too.
    """

    def __init__(
        self, choice: Choice, run: Run, warn: Callable[[str], None], *, machine: bool
    ) -> None:
        self._choice, self._run, self._warn, self._machine = choice, run, warn, machine
        self._reader: TaskOutput | None = None
        self._filters: dict[str, Filter] = {}
        self._has_warned = False

    def new(self, storage: Storage, presence: Presence) -> list[Line]:
        """Return the chosen lines that were printed since the last call."""
        running = [job for job in presence.own if not job.coordinates and job.vms]
        if not running or self._choice.failed or self._has_warned:
            return []
        try:
            printed = self._from(storage, presence).new(running)
        except EpyflowError as problem:
            self._has_warned = True
            self._warn(f"{problem}; logs of running tasks are shown when the tasks have ended")
            return []
        lines = (self._line(job, index, text) for job, index, text in printed)
        return [line for line in lines if line is not None]

    def _from(self, storage: Storage, presence: Presence) -> "TaskOutput":
        if self._reader is None:
            # Imported here: it is slow to import, and runs on disk do without it.
            from epyflow.operations.runs.task_output import TaskOutput

            project = find_project(storage.uri, presence.record)
            self._reader = TaskOutput("" if project is None else project[0], self._choice.since)
        return self._reader

    def _line(self, job: "RunJob", index: int, text: str) -> Line | None:
        if index >= len(job.targets):
            return None
        target = job.targets[index]
        of_machine = f"{FOLDER}/{job.job_id}/{index}.log"
        path = of_machine if self._machine else _log_of(target, self._run)
        lines = self._filters.setdefault(path, Filter(None, self._choice.level))
        wanted = lines.wants(text) and self._choice.wants(target.rule, target.job)
        wanted = wanted and (self._machine or is_message(text))
        return Line(path, target.rule, target.job, printable(text)) if wanted else None


def _log_of(target: Target, run: Run) -> str:
    """Return the path of the log of a task."""
    run_id = target.wildcards.get("run_id", run.run_id)
    return RunLayout(run.exp_id, run_id).log(target.rule, target.job)

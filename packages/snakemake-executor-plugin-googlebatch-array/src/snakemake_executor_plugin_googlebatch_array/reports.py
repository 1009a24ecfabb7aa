"""Report finished tasks to Snakemake and to the user."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo

from .arrays import Array, Verdict
from .dispatcher import Reporter
from .failure_causes import Tail, failure_message, refusal_message
from .outcomes import Failure
from .tasks import Task, describe

_LOGS_AT_ONCE = 8
_LOGS = Path(".snakemake", "googlebatch_logs")


def is_told(info: SubmittedJobInfo) -> bool:
    """Whether Snakemake has heard the end of a job."""
    return bool(info.aux and info.aux.get("told"))


class Reports:
    """What the dispatcher reports to.

    Parameters
    ----------
    executor
        The executor, whose session is complete when the first report comes.
    """

    def __init__(self, executor: Any) -> None:
        self.executor = executor

    def reporter(self) -> Reporter:
        """Return what the dispatcher calls."""
        return Reporter(
            submitted=self.submitted,
            succeeded=self.succeeded,
            failed=self.failed,
            refused=self.refused,
            array_created=self.array_created,
            array_polled=lambda array, answer: self._session.messages.polled(array, answer),
            resubmitting=lambda verdicts: self._session.messages.resubmitting(verdicts),
        )

    def submitted(self, task: Task, array: Array, index: int) -> None:
        """Tell Snakemake where a task runs; a second submission is only noted."""
        name = array.task_name(index)
        if task.info is None:
            task.info = SubmittedJobInfo(task.job, external_jobid=name, aux={})
            self.executor.report_job_submission(task.info, register_job=False)
        else:
            task.info.external_jobid = name

    def succeeded(self, task: Task) -> None:
        """Tell Snakemake that a task has succeeded."""
        _mark_told(task)
        self.executor.report_job_success(task.info)

    def failed(self, verdicts: Sequence[Verdict]) -> None:
        """Tell Snakemake that tasks have failed, and people why."""
        with ThreadPoolExecutor(_LOGS_AT_ONCE) as pool:
            tails = list(pool.map(self._fetch_log, verdicts))
        for verdict, (tail, local) in zip(verdicts, tails, strict=True):
            task = verdict.task
            message = failure_message(
                describe(task.job),
                task.shape.attempt,
                verdict.array.task_name(verdict.index),
                verdict.failure or Failure("FAILED", None, ()),
                tail,
                spot=task.spot,
            )
            _mark_told(task)
            if verdict.failure is not None and verdict.failure.lost_with_job:
                _leave_no_retry(task.job)
            # Snakemake's --show-failed-logs would repeat what the message shows.
            logs = [str(local)] if local.exists() and not tail.lines else []
            self.executor.report_job_error(task.info, msg=self._redact(message), aux_logs=logs)
            verdict.settled = True

    def refused(self, tasks: Sequence[Task], error: Exception) -> None:
        """Tell Snakemake that tasks could not be submitted; the reason is the same for all."""
        first = describe(tasks[0].job)
        message = refusal_message(first, error)
        for number, task in enumerate(tasks):
            if number == 1:
                message = f"The same as of {first}: one array, one refusal."
            _mark_told(task)
            info = task.info or SubmittedJobInfo(task.job)
            self.executor.report_job_error(info, msg=self._redact(message))

    def array_created(self, array: Array, tasks: Sequence[Task]) -> None:
        """Tell people that a Batch job has been created."""
        machine = self.executor.get_param(tasks[0].job, "machine_type")
        self._session.messages.created(array, tasks, machine)

    def _fetch_log(self, verdict: Verdict) -> tuple[Tail, Path]:
        """Return the end of a task's log, and where the whole of it is kept."""
        task, array = verdict.task, verdict.array
        local = Path(task.job.logfile_suggestion(str(_LOGS)))
        local = local.with_name(f"{local.stem}.attempt-{task.shape.attempt}{local.suffix}")
        try:
            tail = self._session.logs.fetch(array.job_id, array.uid, verdict.index, local)
        except Exception as error:
            # The task has failed for another reason, which has to be told.
            tail = Tail((), (f"not fetched: {type(error).__name__}: {error}",))
        return tail, local

    def _redact(self, text: str) -> str:
        """Remove values of environment variables."""
        redacted: str = self._session.variables.redact(text)
        return redacted

    @property
    def _session(self) -> Any:
        return self.executor.session


def _mark_told(task: Task) -> None:
    """Note that Snakemake hears the end of a task."""
    if task.info is not None:
        task.info.aux = {"told": True}


def _leave_no_retry(job: Any) -> None:
    """Let Snakemake try a job no more in this run: somebody has stopped it, and means it.

    Snakemake has no public way to say so. It tries again while the attempt is below the retries;
    the attribute is set, since the property would also ask for other resources than are returned.
    """
    job._attempt = job.restart_times + 1

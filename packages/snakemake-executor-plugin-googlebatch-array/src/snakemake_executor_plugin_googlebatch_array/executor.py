"""Implement Snakemake's executor interface."""

import asyncio
import secrets
import threading
import time
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from google.cloud.batch_v1 import BatchServiceClient
from snakemake_interface_executor_plugins.executors.base import AbstractExecutor, SubmittedJobInfo

from .adoption import is_newer
from .arrays import Array
from .errors import SettingError, UnreachableError
from .failure_causes import refusal_message
from .identity import marker
from .job_files import remote_jobs, write_job_files
from .parameters import Parameters
from .printable_text import printable
from .remedies import explain_api
from .reports import Reports, is_told
from .session import Session, check_settings
from .tasks import Task, describe

_TICK = 0.2


class BatchExecutor(Parameters):
    """Runs the ready jobs of a rule as one Batch job with a task array."""

    session: Session | None = None
    """Made with the first jobs; Snakemake's thread starts before this object is complete."""

    def __post_init__(self) -> None:
        """Connect to Google Batch.

        Raises
        ------
        SettingError
            If a setting is malformed; before anything starts.
        UnreachableError
            If there are no credentials; before anything starts.
        """
        try:
            check_settings(self.executor_settings, {rule.name for rule in self.workflow.rules})
        except SettingError as error:
            raise SettingError(f"googlebatch-array: {error}") from error
        try:
            self.batch = BatchServiceClient()
        except Exception as error:
            raise UnreachableError(
                f"Google Batch cannot be reached: {error}\n{explain_api(error).remedy}"
            ) from error
        self.workdir = str(Path(self.workflow.persistence.path).parent.resolve())
        self.take_preemption_over()
        self.coordinator = secrets.token_hex(8)
        if self.executor_settings.write_jobs is not None:
            self._write_jobs(Path(self.executor_settings.write_jobs))

    def run_jobs(self, jobs: list[Any]) -> None:
        """Take ready jobs; each is submitted with others of its kind, or reported as failed."""
        for job in jobs:
            self.run_job_pre(job)
        try:
            session = self.session = self.session or Session(
                self, jobs[0], Reports(self).reporter()
            )
        except Exception as error:
            self._refuse(jobs, error)
            return
        tasks = []
        for job in jobs:
            try:
                tasks.append(session.draft(job))
            except Exception as error:
                self._refuse([job], error)
        if tasks:
            self._hand_over(tasks, session)

    def run_job(self, job: Any) -> None:
        """Take one job."""
        self.run_jobs([job])

    async def check_active_jobs(
        self, active_jobs: list[SubmittedJobInfo]
    ) -> AsyncGenerator[SubmittedJobInfo, None]:
        """Ask what became of the jobs, report what is over, yield the others."""
        session = self.session
        if session is not None:
            session.guard(session.dispatcher.poll)
        for info in active_jobs:
            if not is_told(info):
                yield info

    async def sleep(self) -> None:
        """Wait for the next poll; in between, submit what is ready."""
        end = time.monotonic() + self.next_seconds_between_status_checks
        while self.wait and time.monotonic() < end:
            if self.session is not None:
                self.session.guard(self.session.dispatcher.advance)
            await asyncio.sleep(_TICK)

    def cancel_jobs(self, active_jobs: list[SubmittedJobInfo]) -> None:
        """Report the tasks that have succeeded, and delete all Batch jobs that are not over."""
        if self.session is None:
            return
        seconds = float(self.executor_settings.cancel_timeout)
        # A service that does not answer must not keep the jobs from being deleted.
        last_look = threading.Thread(target=self._look_once_more, daemon=True)
        last_look.start()
        last_look.join(seconds / 4)
        left = self.session.dispatcher.cancel(seconds * 3 / 4)
        for name, problem in left.items():
            self.logger.error(
                f"Batch job {name} could not be deleted ({printable(problem)}) and may still run "
                f"and cost money. Delete it with `gcloud batch jobs delete {name}`."
            )
        for name in self.session.leftovers():
            self.logger.warning(
                f"Batch job {name} of an earlier coordinator of this run has been left alone. "
                f"Delete it with `gcloud batch jobs delete {name}` if it is not needed."
            )

    def shutdown(self) -> None:
        """End the threads."""
        super().shutdown()
        if self.session is not None:
            self.session.close()

    def print_job_error(
        self, job_info: SubmittedJobInfo, msg: str | None = None, **kwargs: Any
    ) -> None:
        """Print the cause; where to read on is in it."""
        if job_info.external_jobid is not None:
            kwargs["external_jobid"] = job_info.external_jobid
        if job_info.job.is_group() and msg:
            # Snakemake leaves the message out for groups.
            self.logger.error(msg)
        AbstractExecutor.print_job_error(self, job_info, msg, **kwargs)

    def is_made(self, task: Task) -> bool:
        """Whether outputs that were missing when the graph of jobs was built are there now."""
        jobs = task.job.jobs if task.job.is_group() else [task.job]

        async def are_there() -> bool:
            return all([await path.exists() for job in jobs for path in job.output])

        try:
            missing = all(self.dag.reason(job).missing_output for job in jobs)
            return missing and bool(self.workflow.async_run(are_there()))
        except Exception as error:
            self.logger.debug(f"Outputs of {describe(task.job)} not looked for: {error}")
            return False

    def is_outdated(self, task: Task, array: Array) -> bool:
        """Whether an input has been written since a job of an earlier coordinator was created."""

        async def mtimes() -> list[float]:
            found = [await path.mtime() for path in task.job.input]
            return [value for each in found if (value := each.local_or_storage()) is not None]

        try:
            return is_newer(self.workflow.async_run(mtimes()), array.created)
        except Exception as error:
            self.logger.debug(f"Inputs of {describe(task.job)} not compared: {error}")
            return True

    def _look_once_more(self) -> None:
        """Report the tasks that have succeeded since the last poll: they are not to run again."""
        with self.lock:
            self.wait = False
        self.wait_thread.join()
        if self.session is not None:
            self.session.guard(self.session.dispatcher.report_ends)

    def _write_jobs(self, folder: Path) -> NoReturn:
        """Write the definitions of all jobs to files, and end Snakemake."""
        paths = []
        try:
            first = next(remote_jobs(self.dag), None)
            if first is not None:
                self.session = Session(self, first, Reports(self).reporter())
                paths = write_job_files(self.session, folder)
        finally:
            self.shutdown()
        for path in paths:
            self.logger.info(f"Written: {printable(str(path))}")
        self.logger.info(
            f"{len(paths)} Batch jobs are defined in {printable(str(folder))}; none has been "
            "submitted. The archive of the workflow's sources stays in the bucket, because tasks "
            "read it."
        )
        # Before Snakemake starts anything; an error would be reported as one.
        raise SystemExit(0)

    def _refuse(self, jobs: Sequence[Any], error: Exception) -> None:
        """Report jobs that cannot become tasks."""
        self.logger.debug(f"Not submitted: {error!r}", exc_info=error)
        for job in jobs:
            message = refusal_message(describe(job), error)
            self.report_job_error(SubmittedJobInfo(job), msg=message)

    def _hand_over(self, tasks: Sequence[Task], session: Session) -> None:
        """Submit tasks, or take over what an earlier coordinator has left of them."""
        places = session.find_left(tasks)
        for task, place in zip(tasks, places, strict=True):
            try:
                # From now on Snakemake's mark says that this very work is under way.
                taken_over = place is not None and not place.waits
                whose = place.array.coordinator if place and taken_over else self.coordinator
                task.job.register(external_jobid=marker(task.key, whose))
            except OSError as error:
                self.logger.warning(
                    f"{describe(task.job)} could not be marked as started ({error}): "
                    "if this coordinator is killed, its successor may run it again."
                )
            session.dispatcher.put(task if place is None else place)

"""Assemble the parts that one run of the coordinator needs."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from google.cloud.logging import Client as LoggingClient
from google.cloud.storage import Client as StorageClient

from .adoption import Heritage
from .api import BatchApi
from .arrays import RUN_LABEL, Array, Attached
from .cancellation import delete_all
from .commands import frame_of, job_arguments
from .dispatcher import Dispatcher, Reporter
from .environment import parse_secrets, variables_for
from .errors import SettingError
from .identity import (
    key_of,
    marked_coordinators,
    run_label,
    sources_checksum,
    target_of,
    work_checksum,
)
from .job_definition import MOST_RETRIES, MOST_TASKS
from .job_template import JobTemplate, Run
from .names import parse_labels
from .overrides import check_overrides
from .placement import zones
from .printable_text import printable
from .progress_messages import ProgressMessages
from .resources import disk_warning, duration
from .runnables import is_for_containers, script_writer
from .status_polls import Patience, Poller
from .submission import Submitter
from .task_logs import TaskLogs, log_place
from .tasks import Task, describe, shape_of

_MOST_FAILURES = 3
_CLEARING = 30.0


class Session:
    """The parts of the executor, and what they need to know about the run.

    Parameters
    ----------
    executor
        The executor.
    job
        Any job: commands are alike but for the part about their job.
    report
        What the dispatcher reports to.
    """

    def __init__(self, executor: Any, job: Any, report: Reporter) -> None:
        self.executor = executor
        self.settings = settings = executor.executor_settings
        workflow = executor.workflow
        prefix = workflow.storage_settings.default_storage_prefix
        self.variables = variables_for(
            workflow.spawned_job_args_factory.envvars(),
            {*workflow.envvars, *workflow.remote_execution_settings.envvars},
            settings.secret_variables,
            settings.plain_variables,
        )
        self.messages = ProgressMessages(
            executor.logger, settings.queue_warning, time.monotonic, self.variables.redact
        )
        self.frame = frame_of(executor, job)
        self.sources = sources_checksum(executor.dag.get_sources())
        self.run = run_label(settings.run_id, executor.workdir, prefix)
        self.logs = TaskLogs(
            settings.project,
            log_place(settings.log_prefix, prefix),
            settings.log_lines,
            lambda: StorageClient(project=settings.project),
            lambda: LoggingClient(project=settings.project),  # type: ignore[no-untyped-call]
        )
        self.api = BatchApi(
            executor.batch,
            f"projects/{settings.project}/locations/{settings.region}",
            settings.api_patience,
            self.messages.repeating,
        )
        self.dispatcher = self._make_dispatcher(report)
        self.heritage: Heritage | None = None
        self._adopted_from: set[str] = set()
        self._failures: Counter[str] = Counter()
        self._warned: set[str] = set()

    def draft(self, job: Any) -> Task:
        """Make a task of a job.

        Raises
        ------
        SettingError
            If a resource makes no sense to Google Batch.
        """
        executor = self.executor
        resources = executor.resources(job)
        self._warn_of_disk(job, resources)
        spot = bool(executor.is_preemptible(job))
        work = work_checksum(self.frame, self.sources, executor.image(job))
        return Task(
            job=job,
            shape=shape_of(job, resources, self.settings, spot=spot),
            arguments=job_arguments(executor, job),
            target=target_of(job),
            key=key_of(job, work),
            spot=spot,
        )

    def _warn_of_disk(self, job: Any, resources: Mapping[str, Any]) -> None:
        """Tell once for each rule that its disk_mb has no effect and does not fit."""
        text = disk_warning(resources, self.settings, has_input=bool(job.input))
        if text and job.name not in self._warned:
            self._warned.add(job.name)
            self.executor.logger.warning(f"{describe(job)}: {text}")

    def find_left(self, tasks: Sequence[Task]) -> list[Attached | None]:
        """Find each task among what earlier coordinators of the run have left.

        Parameters
        ----------
        tasks
            Tasks about to be submitted.

        Returns
        -------
        For each task where it runs already, or what it has to wait for; None to submit it.
        """
        try:
            heritage = self._heritage()
            if heritage is None:
                return [None] * len(tasks)
            places = [self._place(task, heritage) for task in tasks]
        except Exception as error:
            answer = printable(self.variables.redact(str(error)))
            self.executor.logger.warning(
                "Jobs of an earlier coordinator of this run could not be looked at "
                f"({type(error).__name__}: {answer}). If there are any, their tasks may be done "
                "twice."
            )
            return [None] * len(tasks)
        told = [place for place in places if place is not None]
        if told:
            self.messages.adopted(told)
        self._clear_the_way(told)
        return places

    def leftovers(self) -> list[str]:
        """Return jobs of earlier coordinators that live and that we have nothing to do with."""
        if self.heritage is None:
            return []
        ours = self.dispatcher.arrays.keys() | self.dispatcher.done
        return [name for name in self.heritage.live_names() if name not in ours]

    def guard(self, step: Callable[[], None]) -> None:
        """Take a step; an error in it must not leave jobs running without anybody to watch.

        Raises
        ------
        Exception
            The step's, if it has failed several times in a row. All jobs are deleted before.
        """
        try:
            step()
            self._failures[step.__name__] = 0
        except Exception as error:
            self._failures[step.__name__] += 1
            self.executor.logger.warning(f"Unexpected: {error!r}", exc_info=True)
            if self._failures[step.__name__] >= _MOST_FAILURES:
                self.dispatcher.cancel(float(self.settings.cancel_timeout))
                raise

    def close(self) -> None:
        """End all threads."""
        self.dispatcher.close()

    def _make_dispatcher(self, report: Reporter) -> Dispatcher:
        """Put the parts together that define, create and watch jobs."""
        settings, executor = self.settings, self.executor
        run = Run(self.run, executor.coordinator, self.frame, self.variables, self.logs.target)
        submitter = Submitter(
            self.api,
            self.run,
            executor.coordinator,
            time.monotonic,
            lambda: time.sleep(2),
            settings.before_creation,
        )
        poller = Poller(
            self.api,
            Patience(settings.api_patience, settings.vanished_after),
            time.monotonic,
            self.messages.trouble,
            self._is_listed,
        )
        return Dispatcher(
            JobTemplate(executor, run),
            submitter,
            poller,
            report,
            gather=settings.gather,
            fallback=not settings.no_spot_fallback,
        )

    def _is_listed(self, array: Array) -> bool:
        """Whether a job that GetJob does not find is in the list of jobs."""
        try:
            jobs = self.api.jobs(RUN_LABEL, self.run)
        except Exception:
            return True
        return any(job.name.rpartition("/")[2] == array.job_id for job in jobs)

    def _heritage(self) -> Heritage | None:
        """Return what is left of earlier coordinators; None if there is nothing."""
        if self.heritage is None:
            coordinator = self.executor.coordinator
            self.heritage = Heritage(self.api, self.run, coordinator, time.monotonic())
        self.heritage.refresh()
        return None if self.heritage.is_empty else self.heritage

    def _place(self, task: Task, heritage: Heritage) -> Attached | None:
        """Find one task."""
        persistence = self.executor.workflow.persistence
        marks = persistence.external_jobids(task.job)
        found = heritage.same_work(task.key, marked_coordinators(marks, task.key))
        if found is None and self.executor.is_made(task):
            # It has ended since. In the folder of another coordinator, no mark of ours says so.
            found = heritage.same_work(task.key, heritage.coordinators)
        if found is not None and not self.executor.is_outdated(task, found.array):
            self._adopted_from.add(found.array.name)
            return Attached(task, found.array, found.index, waits=False)
        obstacle = heritage.in_the_way(task.target)
        if obstacle is None:
            return None
        return Attached(task, obstacle.array, obstacle.index, waits=True)

    def _clear_the_way(self, places: Sequence[Attached]) -> None:
        """Delete jobs that others have to wait for, unless we have taken over some of their tasks.

        Google Batch can stop a whole job only.
        """
        names = {place.array.name for place in places if place.waits} - self._adopted_from
        problems = delete_all(self.api, sorted(names), _CLEARING)
        for name, problem in problems.items():
            self.executor.logger.info(f"Batch job {name} runs on to its end: {printable(problem)}.")
        for place in places:
            # It need not be missing for long to be believed gone.
            name = place.array.name
            place.array.stopping |= name in names and name not in problems


def check_settings(settings: Any, rules: Collection[str]) -> None:
    """Look at settings that can be malformed, or ask for a package that is not installed.

    Parameters
    ----------
    settings
        Of the executor.
    rules
        Names of the workflow's rules.

    Raises
    ------
    SettingError
        If one is.
    """
    parse_labels(settings.labels or "")
    parse_secrets(settings.secret_variables)
    zones(settings.zones, settings.region)
    check_overrides(settings, rules)
    log_place(settings.log_prefix, None)
    if settings.write_jobs is not None and not settings.write_jobs.strip():
        # As of a variable that is not set: nothing may be submitted then.
        raise SettingError("write-jobs is empty; expected a folder")
    duration(settings.max_run_duration or "1d")
    if not is_for_containers(settings.image_family):
        script_writer(settings.image_family)
    for name, least, most in (
        ("max_array_size", 1, MOST_TASKS),
        ("parallelism", 1, 5000),
        ("retry_count", 0, MOST_RETRIES),
        ("spot_attempts", 1, MOST_RETRIES + 1),
    ):
        value = getattr(settings, name)
        if value is not None and not least <= int(value) <= most:
            raise SettingError(
                f"--googlebatch-array-{name.replace('_', '-')} is {value}; "
                f"expected {least} to {most}."
            )

"""Handle Snakemake's log messages."""

import atexit
import logging
import os
import re
import sys
import threading
from collections.abc import Mapping
from typing import Any

from snakemake.logging import ColorizingTextHandler, DefaultFilter, DefaultFormatter
from snakemake.settings.enums import Quietness
from snakemake_interface_common.exceptions import WorkflowError
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from .display import Display
from .job_text import clock, counts, duration, time_left
from .jobs import Job, Jobs
from .progress_reports import last_report

ABSORBED = frozenset(
    {
        LogEvent.JOB_INFO,
        LogEvent.JOB_STARTED,
        LogEvent.JOB_FINISHED,
        LogEvent.GROUP_INFO,
        LogEvent.PROGRESS,
    }
)
"""Events that the display, or its lines, stand for."""

INTERRUPTED = "Terminating processes on user request"
"""How Snakemake's message begins after Ctrl-C. Errors of the jobs that it ends follow."""

_ENDED_JOBS = (
    *("RuleException", "CalledProcessError", "WorkflowError", "At least one job did not complete"),
    *("Complete log(s)", "--keep-incomplete", "Shutting down, this might take some time"),
)
"""Parts of the messages about jobs that an interruption has ended."""

_CHATTER = ("Select jobs to execute", "Rules claiming more threads")


class LogHandler(LogHandlerBase):
    """Shows a run as one display on a terminal, as a line now and then elsewhere.

    Snakemake's messages are printed as ever, but for those that the display stands for. If
    anything in here fails, Snakemake's own output takes over.
    """

    def __post_init__(self) -> None:
        common = self.common_settings
        self._jobs, self._lock = Jobs(), threading.RLock()
        self._display: Display | None = None
        self._told, self._told_done, self._began = 0.0, -1, 0.0
        self._interrupted = False
        # On standard output in a dry run, as without this plugin.
        self._stream = sys.stdout if common.stdout else sys.stderr
        self._filter = DefaultFilter(
            common.quiet, common.debug_dag, common.verbose, common.dryrun, common.printshellcmds
        )
        self._inner = ColorizingTextHandler(
            nocolor=common.nocolor,
            stream=self._stream,
            formatter=DefaultFormatter(common.quiet, common.show_failed_logs),
        )
        quiet = set(common.quiet or ())
        self._silent = bool(quiet & {Quietness.ALL, Quietness.PROGRESS})
        mode = self._setting("mode", "auto")
        self._off = self._silent or common.dryrun or mode == "off"
        self._plain = mode == "plain" or not _both_are_terminals()
        self._pattern = _compiled(self._setting("pattern", None))

    def _setting(self, name: str, default: Any) -> Any:
        value = getattr(self.settings, name, None)
        return default if value is None else value

    @property
    def writes_to_stream(self) -> bool:
        """Snakemake's own stream handler is not used beside this one."""
        return True

    @property
    def writes_to_file(self) -> bool:
        """The log file is Snakemake's."""
        return False

    @property
    def has_filter(self) -> bool:
        """Messages that are not printed are counted all the same."""
        return True

    @property
    def has_formatter(self) -> bool:
        """Messages are formatted as Snakemake does."""
        return True

    @property
    def needs_rulegraph(self) -> bool:
        """Jobs are all that is shown."""
        return False

    def emit(self, record: logging.LogRecord) -> None:
        """Take note of a message, and print it if the display does not stand for it."""
        if not self._off:
            try:
                self._note(record)
            except Exception as error:
                self._give_up(error)
        if self._is_printed(record):
            self._inner.handle(record)

    def close(self) -> None:
        """End the display, and say how the run stands."""
        try:
            if self._jobs.planned and not self._off:
                self._end_display()
                self._tell(self._closing())
        except Exception as error:
            self._give_up(error)
        self._jobs.planned = {}
        super().close()

    def _closing(self) -> str:
        """Say how the run stands at its end."""
        if not self._interrupted:
            return counts(self._jobs)
        done = f"{len(self._jobs.done)} of {self._jobs.total} jobs done"
        return f"Stopped: {done}.\nTo resume, give the same command again."

    def _is_printed(self, record: logging.LogRecord) -> bool:
        if not self._filter.filter(record):
            return False
        if self._off or not self._jobs.planned or self.common_settings.verbose:
            return True
        if self._interrupted and _is_of_ended_job(record):
            return False
        if record.levelno > logging.INFO:
            return True
        event = getattr(record, "event", None)
        chatter = event is None and record.getMessage().startswith(_CHATTER)
        execute = event is None and record.getMessage().startswith("Execute ")
        return event not in ABSORBED and not chatter and not execute

    def _note(self, record: logging.LogRecord) -> None:
        event, data = getattr(record, "event", None), vars(record)
        with self._lock:
            if event == LogEvent.RESOURCES_INFO and data.get("cores"):
                self._jobs.slots = data["cores"]
            elif event == LogEvent.RUN_INFO and not self._jobs.planned:
                self._begin(data["stats"], record.created)
            elif event == LogEvent.JOB_INFO:
                self._jobs.start(data["jobid"], _job(data, record.created))
            elif event is None and record.getMessage().startswith(INTERRUPTED):
                self._interrupted = True
            elif event == LogEvent.JOB_ERROR and not self._interrupted:
                self._jobs.fail(data["jobid"])
                self._tell_now_and_then(record.created, at_once=True)
            elif event == LogEvent.JOB_FINISHED:
                job = self._jobs.finish(data["job_id"], record.created)
                self._tell_report(job, record.created)
                self._tell_now_and_then(record.created)

    def _begin(self, stats: Mapping[str, int], at: float) -> None:
        self._jobs.planned = {rule: count for rule, count in stats.items() if rule != "total"}
        self._began = self._told = at
        if not self._plain:
            rows = self._setting("rows", 12)
            self._display = Display(self._jobs, self._lock, self._pattern, rows)
            self._inner.setStream(_Above(self._display))
            atexit.register(self._end_display)

    def _tell_report(self, job: Job | None, at: float) -> None:
        """Print what a finished job has reported last: it leaves the display."""
        report = last_report(job.logs, self._pattern) if job else ""
        if job and report:
            self._tell(f"{job.label}: done in {duration(at - job.since)}; {report}")

    def _tell_now_and_then(self, at: float, *, at_once: bool = False) -> None:
        """Print a line where there is no display: after a while, or a tenth of the jobs."""
        done = len(self._jobs.done)
        tenth = done - self._told_done >= max(1, self._jobs.total / 10)
        due = at - self._told >= self._setting("interval", 30)
        if self._plain and (at_once or tenth or due):
            self._told, self._told_done = at, done
            left = time_left(self._jobs, at)
            self._tell(f"{clock(at)} {counts(self._jobs)}{f', {left}' if left else ''}")

    def _tell(self, line: str) -> None:
        self._inner.stream.write(f"{line}\n")
        self._inner.stream.flush()

    def _end_display(self) -> None:
        display, self._display = self._display, None
        if display is not None:
            try:
                display.stop()
            finally:
                self._inner.setStream(self._stream)

    def _give_up(self, error: Exception) -> None:
        """Go on with Snakemake's own output."""
        self._off = True
        try:
            self._end_display()
        except Exception:
            self._inner.setStream(self._stream)
        self._tell(f"The live display has ended ({type(error).__name__}: {error}); the run goes on")


def _is_of_ended_job(record: logging.LogRecord) -> bool:
    """Return whether a message is about a job that an interruption has ended."""
    if getattr(record, "event", None) in (LogEvent.JOB_ERROR, LogEvent.GROUP_ERROR):
        return True
    return record.getMessage().startswith((INTERRUPTED, *_ENDED_JOBS))


class _Above:
    """A stream that prints above the display."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self._held = ""

    def write(self, text: str) -> int:
        whole, newline, self._held = (self._held + text).rpartition("\n")
        if newline:
            self._display.write(whole + newline)
        return len(text)

    def flush(self) -> None:
        """Lines are printed when they are whole."""

    def isatty(self) -> bool:
        return True


def _job(data: Mapping[str, Any], at: float) -> Job:
    wildcards = ", ".join(f"{name}={value}" for name, value in (data["wildcards"] or {}).items())
    named = f"{data['rule_name']} {wildcards}".strip()
    label = (data["rule_msg"] or named).splitlines()[0]
    return Job(data["rule_name"], label, tuple(map(str, data["log"] or ())), at)


def _both_are_terminals() -> bool:
    if os.environ.get("TERM", "dumb") == "dumb":
        return False
    try:
        return os.isatty(1) and os.isatty(2)
    except OSError:
        return False


def _compiled(pattern: str | None) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern) if pattern else None
    except re.error as error:
        raise WorkflowError(
            f"logger-live-pattern {pattern!r} is not a regular expression: {error}"
        ) from None

"""Store the log entries of Cloud Logging, and write those of Batch."""

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import count
from typing import Any

from google.logging.type.log_severity_pb2 import LogSeverity

from google_batch_emulator import timestamps
from google_batch_emulator.filters import Predicate
from google_batch_emulator.messages import Destination, LogEntry, Message
from google_batch_emulator.names import GROUP
from google_batch_emulator.records import Attempt, JobRecord

TASK_LOGS = "batch_task_logs"
AGENT_LOGS = "batch_agent_logs"

# Fields that a filter may be indexed by: users of Batch ask for one job's entries.
INDEXED = "labels.job_uid"


class Logbook:
    """Log entries of all projects, in the order in which they came."""

    def __init__(self, delay: Callable[[], float] = lambda: 0.0) -> None:
        self._delay = delay
        self._lock = threading.Lock()
        self._entries: list[tuple[float, Message]] = []
        self._by_job: dict[str, list[tuple[float, Message]]] = defaultdict(list)
        self._serial = count()

    def write(self, entries: Iterable[Message]) -> None:
        """Add entries; a time and an id are set where they are missing."""
        with self._lock:
            for entry in entries:
                entry.receive_timestamp.CopyFrom(timestamps.now())
                if not entry.HasField("timestamp"):
                    entry.timestamp.CopyFrom(entry.receive_timestamp)
                entry.insert_id = entry.insert_id or f"emulated{next(self._serial):012d}"
                readable = (time.monotonic() + self._delay(), entry)
                self._entries.append(readable)
                self._by_job[entry.labels.get("job_uid", "")].append(readable)

    def find(self, predicate: Predicate, job_uid: str | None) -> list[Message]:
        """Return what matches and can be read by now, by time.

        Parameters
        ----------
        predicate
            The filter.
        job_uid
            The job whose entries alone can match; None if any can.
        """
        now = time.monotonic()
        with self._lock:
            entries = self._entries if job_uid is None else self._by_job.get(job_uid, [])
            ready = [entry for readable, entry in entries if readable <= now]
        matching = [entry for entry in ready if predicate(LogRecord(entry))]
        return sorted(matching, key=lambda entry: entry.timestamp.ToNanoseconds())

    def delete(self, log_name: str) -> None:
        """Forget the entries of a log."""
        with self._lock:
            for entries in (self._entries, *self._by_job.values()):
                entries[:] = [item for item in entries if item[1].log_name != log_name]

    def names(self, project: str) -> list[str]:
        """Return the names of a project's logs that have entries, sorted."""
        prefix = f"projects/{project}/logs/"
        with self._lock:
            found = {entry.log_name for _, entry in self._entries}
        return sorted(name for name in found if name.startswith(prefix))

    def task_line(self, attempt: Attempt, runnable: int, stream: str, text: str) -> None:
        """Write a line that a runnable printed; a JSON object becomes the fields of the entry.

        Source: https://cloud.google.com/batch/docs/write-task-logs.
        """
        severity = LogSeverity.ERROR if stream == "stderr" else LogSeverity.INFO
        self._batch(
            attempt.job, TASK_LOGS, text, severity, attempt, {"runnable_index": str(runnable)}
        )

    def agent(self, attempt: Attempt, text: str, failed: bool = False) -> None:
        """Write what the service agent reports about an attempt."""
        severity = LogSeverity.ERROR if failed else LogSeverity.INFO
        self._batch(attempt.job, AGENT_LOGS, text, severity, attempt, {})

    def _batch(
        self,
        job: JobRecord,
        log: str,
        text: str,
        severity: int,
        attempt: Attempt,
        labels: dict[str, str],
    ) -> None:
        if job.definition.logs_policy.destination != Destination.CLOUD_LOGGING:
            return
        entry = LogEntry(log_name=f"projects/{job.parent.project}/logs/{log}", severity=severity)
        if log != TASK_LOGS or not _set_fields(entry, text):
            entry.text_payload = text
        generic = job.definition.logs_policy.cloud_logging_option
        entry.resource.type = (
            "generic_task"
            if generic.use_generic_task_monitored_resource
            else "batch.googleapis.com/Job"
        )
        entry.resource.labels.update(
            resource_container=f"projects/{job.parent.number}",
            location=job.parent.location,
            job_id=job.uid,
        )
        entry.labels.update(job.definition.labels)
        entry.labels.update(
            job_uid=job.uid,
            task_group_name=f"{job.numbered_name}/taskGroups/{GROUP}",
            task_id=task_id(attempt),
            hostname=attempt.vm.name,
            **labels,
        )
        self.write([entry])


def _set_fields(entry: Message, text: str) -> bool:
    """Set the fields of an entry from a JSON object; return whether the text is one."""
    try:
        fields = json.loads(text) if text.startswith("{") else None
    except (ValueError, RecursionError):
        return False
    if not isinstance(fields, dict):
        return False
    severity = fields.pop("severity", None)
    if isinstance(severity, str) and severity in LogSeverity.DESCRIPTOR.values_by_name:
        entry.severity = LogSeverity.Value(severity)
    entry.json_payload.update(fields)
    return True


def task_id(attempt: Attempt) -> str:
    """Return the label ``task_id``: the job's uid, the group, the index and the retries."""
    return f"task/{attempt.job.uid}-{GROUP}-{attempt.task.index}/{attempt.number}/0"


class LogRecord:
    """A log entry as a filter sees it."""

    def __init__(self, entry: Message) -> None:
        self._entry = entry

    def values(self, field: str) -> Iterable[str]:
        """Return the values of a field; without a name, everything that is text."""
        entry = self._entry
        first, _, rest = field.partition(".")
        if not field:
            return [entry.text_payload, entry.log_name, *entry.labels.values()]
        if first == "labels":
            return [entry.labels[rest]] if rest in entry.labels else []
        if field.startswith("resource.labels."):
            key = field.removeprefix("resource.labels.")
            return [entry.resource.labels[key]] if key in entry.resource.labels else []
        if first == "jsonPayload":
            return [_as_text(entry.json_payload[rest])] if rest in entry.json_payload else []
        known: dict[str, str] = {
            "logName": entry.log_name,
            "log_name": entry.log_name,
            "log_id": entry.log_name.rpartition("/logs/")[2],
            "resource.type": entry.resource.type,
            "textPayload": entry.text_payload,
            "insertId": entry.insert_id,
            "severity": LogSeverity.Name(entry.severity),
            "timestamp": entry.timestamp.ToJsonString(),
            "receiveTimestamp": entry.receive_timestamp.ToJsonString(),
        }
        return [known[field]] if known.get(field) else []

    def compare(self, field: str, value: str, wanted: str) -> int | None:
        """Compare times as times, severities as levels, and the rest as text, in either case."""
        if field in ("timestamp", "receiveTimestamp"):
            return _sign(_time(value), _time(wanted))
        if field == "severity":
            levels: dict[str, int] = dict(LogSeverity.items())
            return _sign(levels[value], levels.get(wanted.upper()))
        return _sign(value.lower(), wanted.lower())


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _sign(value: Any, wanted: Any) -> int | None:
    if value is None or wanted is None:
        return None
    return int(value > wanted) - int(value < wanted)


def _as_text(value: Any) -> str:
    """Return a value of a payload as a filter writes it: 3, not 3.0."""
    return f"{value:g}" if isinstance(value, float) else str(value)

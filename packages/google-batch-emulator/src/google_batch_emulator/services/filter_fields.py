"""Give filters the fields of jobs and tasks."""

from collections.abc import Iterable
from datetime import datetime

from google_batch_emulator.records import JobRecord, TaskRecord


class JobView:
    """A job: name, uid, labels.<key>, status.state, create_time, update_time, priority."""

    def __init__(self, job: JobRecord) -> None:
        self._job = job

    def values(self, field: str) -> Iterable[str]:
        """Return the values of a field."""
        job = self._job
        first, _, key = field.partition(".")
        labels = job.definition.labels
        if first == "labels":
            return [labels[key]] if key in labels else (list(labels) if not key else [])
        if not field:
            return [job.name, job.uid, *labels.values()]
        known = {
            "name": job.name,
            "uid": job.uid,
            "status.state": job.state.name,
            "state": job.state.name,
            "priority": str(job.definition.priority),
            "create_time": job.created.ToJsonString(),
            "createTime": job.created.ToJsonString(),
            "update_time": job.updated.ToJsonString(),
            "updateTime": job.updated.ToJsonString(),
        }
        return [known[field]] if field in known else []

    def compare(self, field: str, value: str, wanted: str) -> int | None:
        """Compare times as times, numbers as numbers, and the rest as text."""
        if field.lower().replace("_", "") in ("createtime", "updatetime"):
            return _compare_times(value, wanted)
        if field == "priority":
            return _compare_numbers(value, wanted)
        return (value > wanted) - (value < wanted)


class TaskView:
    """A task: state, whose name may be written in several ways."""

    def __init__(self, task: TaskRecord) -> None:
        self._task = task

    def values(self, field: str) -> Iterable[str]:
        """Return the values of a field."""
        is_state = field.lower() in ("state", "status.state")
        return [self._task.state.name] if is_state else []

    def compare(self, field: str, value: str, wanted: str) -> int | None:
        """Compare the names of states."""
        del field
        return (value > wanted) - (value < wanted)


def _compare_times(value: str, wanted: str) -> int | None:
    try:
        left, right = datetime.fromisoformat(value), datetime.fromisoformat(wanted)
        return (left > right) - (left < right)
    except (ValueError, TypeError):
        return None


def _compare_numbers(value: str, wanted: str) -> int | None:
    try:
        return (int(value) > int(wanted)) - (int(value) < int(wanted))
    except ValueError:
        return None

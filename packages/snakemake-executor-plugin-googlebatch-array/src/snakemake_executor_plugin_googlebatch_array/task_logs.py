"""Read logs of failed tasks, from the bucket or from Cloud Logging.

Cloud Logging admits 60 reads a minute and project
(https://cloud.google.com/logging/quotas#api-limits). Tasks therefore copy their logs to the
bucket; Cloud Logging is asked only about tasks that could not, such as those whose image is
missing.
"""

import json
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from .errors import SettingError
from .failure_causes import Tail

_READS_PER_MINUTE = 30
"""Half of the quota: others of the project read logs too."""

_LARGEST = 8 * 1024 * 1024
"""Bytes of a log that are fetched, from its end."""

_MOST_ENTRIES = 1000
FOLDER = "googlebatch-logs"


class Place(NamedTuple):
    """A folder in a bucket."""

    bucket: str
    folder: str

    def __str__(self) -> str:
        return f"gs://{self.bucket}/{self.folder}"


def log_place(setting: str | None, storage_prefix: str | None) -> Place | None:
    """Return where tasks copy their logs; None if they do not.

    Raises
    ------
    SettingError
        If the setting is neither ``none`` nor of the form ``gs://bucket/folder``.
    """
    if setting is not None and setting.strip().lower() == "none":
        return None
    text = setting or (f"{storage_prefix.rstrip('/')}/{FOLDER}" if storage_prefix else "")
    scheme, _, path = text.partition("://")
    bucket, _, folder = path.partition("/")
    if scheme in {"gs", "gcs"} and bucket:
        return Place(bucket, folder.strip("/") or FOLDER)
    if setting:
        raise SettingError(f"Log prefix {setting!r} is neither none nor of the form gs://bucket/x.")
    return None


class Budget:
    """At most so many reads in any minute."""

    def __init__(
        self, limit: int = _READS_PER_MINUTE, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.limit = limit
        self.now = now
        self.reads: deque[float] = deque()
        self.lock = threading.Lock()

    def spend(self) -> bool:
        """Count a read, if one is left."""
        with self.lock:
            now = self.now()
            while self.reads and now - self.reads[0] >= 60:
                self.reads.popleft()
            if len(self.reads) >= self.limit:
                return False
            self.reads.append(now)
            return True


class TaskLogs:
    """Reads the logs of tasks.

    Parameters
    ----------
    project
        Project of the Batch jobs.
    place
        Where tasks copy their logs.
    lines
        How many lines to show.
    storage, logging
        Make a client of Cloud Storage and of Cloud Logging, on first use.
    """

    def __init__(
        self,
        project: str,
        place: Place | None,
        lines: int,
        storage: Callable[[], Any],
        logging: Callable[[], Any],
    ) -> None:
        self.project = project
        self.place = place
        self.lines = max(lines, 0)
        self.budget = Budget()
        self._make_storage = storage
        self._make_logging = logging
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def target(self, job_id: str) -> dict[str, str] | None:
        """Return where the runner copies the logs of a job."""
        if self.place is None:
            return None
        return {"bucket": self.place.bucket, "folder": f"{self.place.folder}/{job_id}"}

    def fetch(self, job_id: str, uid: str, index: int, local: Path) -> Tail:
        """Return the end of a task's log and keep the whole of it in a local file.

        A log that cannot be read is no error: the task has failed for another reason.
        """
        text, places, complaint = None, [], ""
        if self.place is not None:
            try:
                text = self._from_bucket(self.place, f"{job_id}/{index}.log")
                places.append(f"{self.place}/{job_id}/{index}.log")
            except Exception as error:
                complaint = f"not in the bucket ({type(error).__name__})"
        if text is None:
            text, complaint = self._from_logging(uid, index, complaint)
            places.append(self._console(uid, index))
        if not text:
            return Tail((), (f"{complaint}; see {places[-1]}" if complaint else places[-1],))
        _write(local, text)
        lines = text.splitlines()[-self.lines :] if self.lines else []
        return Tail(tuple(lines), (*places, str(local)))

    def _from_bucket(self, place: Place, name: str) -> str:
        """Read the log that the runner has copied, or the end of a very long one."""
        client = self._client("storage", self._make_storage)
        blob = client.bucket(place.bucket).get_blob(f"{place.folder}/{name}", timeout=30)
        if blob is None:
            raise FileNotFoundError(name)
        start = max(0, blob.size - _LARGEST)
        content: bytes = blob.download_as_bytes(start=start or None, timeout=60)
        return content.decode(errors="replace")

    def _from_logging(self, uid: str, index: int, complaint: str) -> tuple[str, str]:
        """Read what the task printed from Cloud Logging, while the quota lasts."""
        if not self.budget.spend():
            return "", "Cloud Logging was not asked, to stay within its quota"
        try:
            client = self._client("logging", self._make_logging)
            entries = client.logger("batch_task_logs").list_entries(
                filter_=_logging_filter(uid, index),
                page_size=_MOST_ENTRIES,
                max_results=_MOST_ENTRIES,
            )
            return "\n".join(_text(entry.payload) for entry in entries), complaint
        except Exception as error:
            said = f"Cloud Logging did not answer ({type(error).__name__})"
            return "", f"{complaint}; {said}" if complaint else said

    def _client(self, name: str, make: Callable[[], Any]) -> Any:
        """Return a client, made once."""
        with self._lock:
            if name not in self._clients:
                self._clients[name] = make()
            return self._clients[name]

    def _console(self, uid: str, index: int) -> str:
        """Return the address of the task's log in Google's console."""
        query = quote(_logging_filter(uid, index), safe="")
        return f"https://console.cloud.google.com/logs/query;query={query}?project={self.project}"


def _text(payload: Any) -> str:
    """Return what a task printed; a JSON object has become the fields of the entry."""
    if isinstance(payload, Mapping):
        return json.dumps(dict(payload))
    return str(payload).rstrip("\n")


def _logging_filter(uid: str, index: int) -> str:
    """Return the filter of one task's entries.

    Source: https://cloud.google.com/batch/docs/analyze-job-using-logs, "labels.task_id".
    """
    return f'labels.job_uid="{uid}" AND labels.task_id:"-group0-{index}/"'


def _write(path: Path, text: str) -> None:
    """Write a file as a whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)

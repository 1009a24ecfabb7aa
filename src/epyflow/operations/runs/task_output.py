"""Read the output of running tasks on Google Batch from Cloud Logging.

Sources: https://cloud.google.com/batch/docs/analyze-job-using-logs ("labels.task_id"),
https://cloud.google.com/logging/quotas#api-limits: 60 reads a minute for a project, which its
coordinators share.
"""

import json
import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from google.cloud import logging

from epyflow.google.api_errors import explained
from epyflow.logs import as_text, message_text
from epyflow.operations.runs.batch_jobs import RunJob

READS_PER_MINUTE = 20

_LOG = "batch_task_logs"
_PAGE = 1000
_MOST_JOBS = 100
"""A filter has at most 20,000 characters, and a job's id about 70."""
_LATE = timedelta(seconds=60)
"""Entries may arrive out of order."""
_INDEX = re.compile(r"-group0-(\d+)/")
_REMEDIES = {403: "the account needs the role roles/logging.viewer"}


class Printed(NamedTuple):
    """A line of output of a task."""

    job: RunJob
    task: int
    text: str


class TaskOutput:
    """Reads new output of tasks.

    Parameters
    ----------
    project
        The project of the Batch jobs.
    since
        Earliest time; None for all output.
    clock
        Seconds, for the quota.
    """

    def __init__(
        self,
        project: str,
        since: datetime | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._project, self._since, self._clock = project, since, clock
        self._newest = since
        self._seen: dict[str, datetime] = {}
        self._reads: deque[float] = deque()

    def new(self, jobs: Iterable[RunJob]) -> list[Printed]:
        """Return the output since the last call, in the order of its time.

        Nothing is returned if the share of the quota is used up: the next call returns it.

        Parameters
        ----------
        jobs
            Jobs with running tasks. Only the newest hundred are read.

        Raises
        ------
        EpyflowError
            If Cloud Logging does not answer.
        """
        by_uid = {job.uid: job for job in list(jobs)[:_MOST_JOBS]}
        found: list[Printed] = []
        if not by_uid:
            return found
        with explained(f"projects/{self._project}/logs/{_LOG}", "Cloud Logging", _REMEDIES):
            for entry in self._entries(by_uid):
                index = _INDEX.search(entry.labels.get("task_id", ""))
                job = by_uid.get(entry.labels.get("job_uid", ""))
                if job is not None and index is not None:
                    lines = _text(entry).splitlines()
                    found += [Printed(job, int(index[1]), line) for line in lines]
        return found

    def _entries(self, uids: Iterable[str]) -> Iterator[Any]:
        """Yield new entries, page by page while the quota lasts."""
        whose = " OR ".join(f'labels.job_uid="{uid}"' for uid in uids)
        name = f'logName="projects/{self._project}/logs/{_LOG}" AND ({whose})'
        full, overlap = True, _LATE
        while full and self._may_read():
            newest = self._newest
            after = "" if newest is None else f' AND timestamp>="{_stamp(newest - overlap)}"'
            page = list(
                self._client.list_entries(
                    resource_names=[f"projects/{self._project}"],
                    filter_=name + after,
                    order_by=logging.ASCENDING,
                    page_size=_PAGE,
                    max_results=_PAGE,
                )
            )
            for entry in page:
                if self._is_new(entry):
                    yield entry
            # After a full page, reading continues at its end, without the overlap.
            full, overlap = len(page) == _PAGE and self._newest != newest, timedelta(0)
        self._forget()

    def _is_new(self, entry: Any) -> bool:
        at = entry.timestamp or datetime.now(UTC)
        new = entry.insert_id not in self._seen and (self._since is None or at >= self._since)
        self._seen[entry.insert_id] = at
        self._newest = at if self._newest is None else max(at, self._newest)
        return new

    def _forget(self) -> None:
        """Keep only the ids of entries that may be read again."""
        if self._newest is not None:
            oldest = self._newest - 2 * _LATE
            self._seen = {each: at for each, at in self._seen.items() if at >= oldest}

    def _may_read(self) -> bool:
        """Use one read of the quota; return False if none is left."""
        now = self._clock()
        while self._reads and now - self._reads[0] >= 60:
            self._reads.popleft()
        if len(self._reads) >= READS_PER_MINUTE:
            return False
        self._reads.append(now)
        return True

    @cached_property
    def _client(self) -> Any:
        make: Any = logging.Client  # it has no types
        return make(project=self._project)


def _text(entry: Any) -> str:
    """Return the text of an entry; a message that is JSON is a payload with fields."""
    payload = entry.payload
    if not isinstance(payload, Mapping):
        return as_text(str(payload))
    # Fields that Cloud Logging takes as its own may be missing in the payload.
    known = {"time": str(entry.timestamp), "level": entry.severity, **payload}
    return message_text(known) or json.dumps(payload)


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

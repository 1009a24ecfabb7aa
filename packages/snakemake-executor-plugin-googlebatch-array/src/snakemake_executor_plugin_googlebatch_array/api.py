"""Send requests to Google Batch, with a deadline and retries.

Transient errors: https://cloud.google.com/apis/design/errors#error_retries, and codes that the
service has been seen to answer for a short time.
"""

import threading
from collections.abc import Callable
from itertools import islice, product
from typing import Any, TypeVar

from google.api_core import exceptions as google
from google.api_core.retry import Retry
from google.auth import exceptions as auth
from google.cloud import batch_v1

REQUEST_TIMEOUT = 30.0
"""Seconds until a request without an answer is given up, and repeated."""

_TRANSIENT = (
    google.TooManyRequests,
    google.InternalServerError,
    google.BadGateway,
    google.ServiceUnavailable,
    google.GatewayTimeout,
    google.Aborted,
    google.Cancelled,
    google.Unknown,
    auth.TransportError,
    ConnectionError,
)
_PAGE = 1000
_MOST_LISTED = 5000
# Source: https://cloud.google.com/apis/docs/system-parameters, "$fields".
_FIELDS = (
    "x-goog-fieldmask",
    "jobs.name,jobs.uid,jobs.labels,jobs.status.state,jobs.createTime,nextPageToken",
)

_Answer = TypeVar("_Answer")


def is_transient(error: BaseException) -> bool:
    """Whether the same request may succeed in a moment."""
    return isinstance(error, _TRANSIENT)


class BatchApi:
    """The methods of Google Batch that the executor uses.

    Parameters
    ----------
    client
        A ``BatchServiceClient``.
    parent
        ``projects/P/locations/R``.
    patience
        Seconds for which transient errors are repeated.
    tell
        Called with an error that is going to be repeated.
    pause
        Seconds before the first repetition; it doubles, up to 20 times as much.
    """

    def __init__(
        self,
        client: Any,
        parent: str,
        patience: float,
        tell: Callable[[str, Exception], None],
        pause: float = 1.0,
    ) -> None:
        self.client = client
        self.parent = parent
        self.patience = patience
        self.tell = tell
        self.pause = pause
        self.stopping = threading.Event()

    def create(self, job: batch_v1.Job, job_id: str) -> batch_v1.Job:
        """Create a job.

        A lost answer is followed by AlreadyExists on the next try, for the caller to look into.
        """
        request = batch_v1.CreateJobRequest(parent=self.parent, job=job, job_id=job_id)
        created: batch_v1.Job = self._repeat("CreateJob", self.client.create_job, request)
        return created

    def get(self, name: str) -> batch_v1.Job:
        """Return a job; asked once, because the next poll asks again."""
        request = batch_v1.GetJobRequest(name=name)
        job: batch_v1.Job = self.client.get_job(
            request=request, retry=None, timeout=REQUEST_TIMEOUT
        )
        return job

    def get_patiently(self, name: str) -> batch_v1.Job:
        """Return a job, repeating what is transient."""
        request = batch_v1.GetJobRequest(name=name)
        job: batch_v1.Job = self._repeat("GetJob", self.client.get_job, request)
        return job

    def tasks(self, name: str) -> dict[int, batch_v1.Task]:
        """Return a job's tasks by index; asked once."""
        request = batch_v1.ListTasksRequest(parent=f"{name}/taskGroups/group0", page_size=_PAGE)
        found = self.client.list_tasks(request=request, retry=None, timeout=REQUEST_TIMEOUT)
        return {int(task.name.rpartition("/")[2]): task for task in found}

    def jobs(self, label: str, value: str) -> list[batch_v1.Job]:
        """Return the jobs that have a label, newest first, of the newest few thousand.

        The filter is applied here as well: its language is not documented for labels. We ask for
        names, labels and states only; what the service sends beyond that does no harm. If it
        refuses the filter or the mask of fields, we do without.
        """
        request = batch_v1.ListJobsRequest(
            parent=self.parent,
            filter=f'labels.{label}="{value}"',
            order_by="create_time desc",
            page_size=_PAGE,
        )
        refusal: Exception | None = None
        for mask, text in product(([_FIELDS], []), (request.filter, "")):
            request.filter = text
            try:
                return self._repeat("ListJobs", self._listed, request, mask, label, value)
            except (google.InvalidArgument, google.MethodNotImplemented) as error:
                refusal = refusal or error
        raise refusal or RuntimeError("ListJobs was not asked")

    def delete(self, name: str, reason: str) -> None:
        """Ask for a job to be stopped and deleted; asked once."""
        request = batch_v1.DeleteJobRequest(name=name, reason=reason)
        self.client.delete_job(request=request, retry=None, timeout=REQUEST_TIMEOUT)

    def _listed(
        self,
        request: batch_v1.ListJobsRequest,
        mask: list[tuple[str, str]],
        label: str,
        value: str,
        **options: Any,
    ) -> list[batch_v1.Job]:
        """List jobs page by page, up to a limit."""
        answer = self.client.list_jobs(request=request, metadata=mask, **options)
        found = islice(answer, _MOST_LISTED)
        return [job for job in found if job.labels.get(label) == value]

    def _repeat(
        self, method: str, call: Callable[..., _Answer], request: Any, *more: Any
    ) -> _Answer:
        """Call until there is an answer, an error that stays, or no time left."""

        def repeatable(error: BaseException) -> bool:
            return is_transient(error) and not self.stopping.is_set()

        def once() -> _Answer:
            if more:
                return call(request, *more, retry=None, timeout=REQUEST_TIMEOUT)
            return call(request=request, retry=None, timeout=REQUEST_TIMEOUT)

        repeating = Retry(
            predicate=repeatable,
            initial=self.pause,
            maximum=20 * self.pause,
            timeout=self.patience,
            on_error=lambda error: self.tell(method, error),
        )
        try:
            return repeating(once)()
        except google.RetryError as error:
            raise error.cause if error.cause is not None else error from None

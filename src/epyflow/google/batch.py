"""Find, create and delete jobs of Google Batch.

Snakemake's executor manages the jobs of tasks. This module is for commands that inspect a run,
and for the job that is a coordinator.

Source: https://cloud.google.com/python/docs/reference/batch/latest (BatchServiceClient).
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Any

from google.api_core import exceptions as api
from google.api_core.retry import Retry, if_transient_error
from google.cloud import batch_v1

from epyflow.google.api_errors import explained

_State = batch_v1.JobStatus.State

OVER = frozenset({_State.SUCCEEDED, _State.FAILED, _State.CANCELLED})
"""Final states of a job."""

OVER_NAMES = ("SUCCEEDED", "FAILED", "CANCELLED")
"""Names of the final states."""

COORDINATOR = "coordinator"
"""Value of the label ``stage`` of a job that is a coordinator."""

LONGEST_LABEL = 63

_TIMEOUT = 30.0
_PATIENCE = 120.0
_REPEATED = Retry(
    predicate=if_transient_error, initial=1.0, maximum=20.0, timeout=_PATIENCE, multiplier=2.0
)
_OPTIONS: Mapping[str, Any] = {"retry": _REPEATED, "timeout": _TIMEOUT}
_PAGE = 1000

_REMEDIES = {
    403: "the account needs the role roles/batch.jobsEditor, and roles/iam.serviceAccountUser on "
    "the account that the job runs as",
    404: "check the project and the region of profiles/gcp/site.yaml, and that the API is enabled: "
    "gcloud services enable batch.googleapis.com",
}


class BatchJobs:
    """The jobs of a project in a region.

    Requests are retried for two minutes after a transient error.

    Parameters
    ----------
    project, region
        As in :class:`~epyflow.google.site.Site`.
    """

    def __init__(self, project: str, region: str) -> None:
        self.project, self.region = project, region
        self._parent = f"projects/{project}/locations/{region}"

    def find(self, labels: Mapping[str, str]) -> list[batch_v1.Job]:
        """Return the jobs that have all these labels, the newest first.

        Parameters
        ----------
        labels
            With values from :func:`label_value`. The result is filtered here too, because the
            filter language is not documented for labels.
        """
        wanted = " AND ".join(f'labels.{key}="{value}"' for key, value in labels.items())
        request = batch_v1.ListJobsRequest(
            parent=self._parent, filter=wanted, order_by="create_time desc", page_size=_PAGE
        )
        with self._explained(self._parent):
            found = self._client.list_jobs(request=request, **_OPTIONS)
            return [job for job in found if labels.items() <= dict(job.labels).items()]

    def get(self, name: str) -> batch_v1.Job | None:
        """Return a job by its id or its full name, None if there is none."""
        full = self._full(name)
        with self._explained(full):
            try:
                request = batch_v1.GetJobRequest(name=full)
                found: batch_v1.Job = self._client.get_job(request=request, **_OPTIONS)
            except api.NotFound as missing:
                if "/jobs/" not in str(missing):
                    raise
                return None
            return found

    def create(self, job: batch_v1.Job, job_id: str) -> batch_v1.Job | None:
        """Create a job; return None if there is one with this id.

        A retry after a lost answer returns None too: the id tells whose job it is.
        """
        request = batch_v1.CreateJobRequest(parent=self._parent, job=job, job_id=job_id)
        with self._explained(self._full(job_id)):
            try:
                created: batch_v1.Job = self._client.create_job(request=request, **_OPTIONS)
            except api.AlreadyExists:
                return None
            return created

    def tasks(self, name: str) -> Iterator[batch_v1.Task]:
        """Yield the tasks of a job."""
        parent = f"{self._full(name)}/taskGroups/group0"
        request = batch_v1.ListTasksRequest(parent=parent, page_size=_PAGE)
        with self._explained(parent):
            yield from self._client.list_tasks(request=request, **_OPTIONS)

    def delete(self, name: str, reason: str) -> None:
        """Request that a job is stopped and deleted; a missing job is no error."""
        request = batch_v1.DeleteJobRequest(name=self._full(name), reason=reason)
        with self._explained(request.name):
            try:
                self._client.delete_job(request=request, **_OPTIONS)
            except api.NotFound:
                return

    def _full(self, name: str) -> str:
        return f"{self._parent}/jobs/{name.rpartition('/')[2]}"

    @cached_property
    def _client(self) -> Any:
        with self._explained(self._parent):
            return batch_v1.BatchServiceClient()

    def _explained(self, where: str) -> AbstractContextManager[None]:
        return explained(where, "Google Batch", _REMEDIES)


def batch_of(name: str) -> BatchJobs:
    """Return the client for the project and region in the full name of a job."""
    _, project, _, region, *_ = name.split("/")
    return BatchJobs(project, region)


def is_over(job: batch_v1.Job) -> bool:
    """Return whether a job is in a final state."""
    return job.status.state in OVER


def label_value(text: str) -> str:
    """Return a name as the value of a label: lower-case, other characters as hyphens, at most 63.

    Source: https://cloud.google.com/compute/docs/labeling-resources#requirements. Two names may
    give one value.
    """
    return re.sub(r"[^a-z0-9_-]", "-", text.lower())[:LONGEST_LABEL]

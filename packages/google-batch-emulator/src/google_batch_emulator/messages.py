"""Load the protocol buffers of the client libraries, without the wrappers of proto-plus.

The raw classes are several times faster, and one service answers with what the others store. They
have no types, so ``Message`` stands for any of them. Their enumerations are defined here.
"""

from enum import IntEnum
from typing import Any

from google.cloud import batch_v1
from google.cloud.logging_v2 import types as logging_types
from google.cloud.secretmanager_v1 import types as secret_types

Message = Any

Job: Any = batch_v1.Job.pb()
Task: Any = batch_v1.Task.pb()
StatusEvent: Any = batch_v1.StatusEvent.pb()
OperationMetadata: Any = batch_v1.OperationMetadata.pb()
CancelJobResponse: Any = batch_v1.CancelJobResponse.pb()
CreateJobRequest: Any = batch_v1.CreateJobRequest.pb()
GetJobRequest: Any = batch_v1.GetJobRequest.pb()
DeleteJobRequest: Any = batch_v1.DeleteJobRequest.pb()
CancelJobRequest: Any = batch_v1.CancelJobRequest.pb()
ListJobsRequest: Any = batch_v1.ListJobsRequest.pb()
ListJobsResponse: Any = batch_v1.ListJobsResponse.pb()
GetTaskRequest: Any = batch_v1.GetTaskRequest.pb()
ListTasksRequest: Any = batch_v1.ListTasksRequest.pb()
ListTasksResponse: Any = batch_v1.ListTasksResponse.pb()

LogEntry: Any = logging_types.LogEntry.pb()
WriteLogEntriesRequest: Any = logging_types.WriteLogEntriesRequest.pb()
WriteLogEntriesResponse: Any = logging_types.WriteLogEntriesResponse.pb()
ListLogEntriesRequest: Any = logging_types.ListLogEntriesRequest.pb()
ListLogEntriesResponse: Any = logging_types.ListLogEntriesResponse.pb()
DeleteLogRequest: Any = logging_types.DeleteLogRequest.pb()
ListLogsRequest: Any = logging_types.ListLogsRequest.pb()
ListLogsResponse: Any = logging_types.ListLogsResponse.pb()

AccessSecretVersionRequest: Any = secret_types.AccessSecretVersionRequest.pb()
AccessSecretVersionResponse: Any = secret_types.AccessSecretVersionResponse.pb()


class JobState(IntEnum):
    """State of a job."""

    STATE_UNSPECIFIED = 0
    QUEUED = 1
    SCHEDULED = 2
    RUNNING = 3
    SUCCEEDED = 4
    FAILED = 5
    DELETION_IN_PROGRESS = 6
    CANCELLATION_IN_PROGRESS = 7
    CANCELLED = 8


class TaskState(IntEnum):
    """State of a task."""

    STATE_UNSPECIFIED = 0
    PENDING = 1
    ASSIGNED = 2
    RUNNING = 3
    FAILED = 4
    SUCCEEDED = 5
    UNEXECUTED = 6


class Action(IntEnum):
    """What a lifecycle policy does."""

    ACTION_UNSPECIFIED = 0
    RETRY_TASK = 1
    FAIL_TASK = 2


class Provisioning(IntEnum):
    """How VMs are paid for."""

    PROVISIONING_MODEL_UNSPECIFIED = 0
    STANDARD = 1
    SPOT = 2
    PREEMPTIBLE = 3
    # Older client libraries do not have these two.
    RESERVATION_BOUND = 4
    FLEX_START = 5


class Destination(IntEnum):
    """Where logs are kept."""

    DESTINATION_UNSPECIFIED = 0
    CLOUD_LOGGING = 1
    PATH = 2

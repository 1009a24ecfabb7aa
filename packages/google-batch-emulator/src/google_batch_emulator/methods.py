"""List the gRPC methods that are served, with the quota each counts against."""

from google.cloud.location import locations_pb2
from google.longrunning import operations_pb2

from google_batch_emulator import messages
from google_batch_emulator.grpc_server import Method
from google_batch_emulator.identity import project_number
from google_batch_emulator.rate_limits import Quota
from google_batch_emulator.services import batch_locations
from google_batch_emulator.services.batch import BatchService
from google_batch_emulator.services.logging import LoggingService
from google_batch_emulator.services.operations import Operations
from google_batch_emulator.services.secrets import SecretsService
from google_batch_emulator.settings import Settings

_BATCH = "google.cloud.batch.v1.BatchService"
_OPERATIONS = "google.longrunning.Operations"
_LOGGING = "google.logging.v2.LoggingServiceV2"
_LOCATIONS = "google.cloud.location.Locations"
_SECRETS = "google.cloud.secretmanager.v1.SecretManagerService"


def methods(
    settings: Settings,
    batch: BatchService,
    operations: Operations,
    logging: LoggingService,
    secrets: SecretsService,
) -> list[Method]:
    """Return every method that is served."""
    return [
        *_of_batch(settings, batch),
        *_of_operations(operations),
        *_of_logging(settings, logging),
        Method(
            f"{_LOCATIONS}/ListLocations",
            locations_pb2.ListLocationsRequest,
            batch_locations.list_locations,
        ),
        Method(
            f"{_LOCATIONS}/GetLocation",
            locations_pb2.GetLocationRequest,
            batch_locations.get_location,
        ),
        Method(
            f"{_SECRETS}/AccessSecretVersion",
            messages.AccessSecretVersionRequest,
            secrets.access_secret_version,
        ),
    ]


def _of_batch(settings: Settings, batch: BatchService) -> list[Method]:
    def quota(limit: int, metric: str) -> Quota:
        return Quota(limit, metric, "batch.googleapis.com", project_number(settings.project))

    write = quota(settings.quotas.batch_mutations, "Mutation requests")
    read = quota(settings.quotas.batch_reads, "Read requests")
    return [
        Method(f"{_BATCH}/CreateJob", messages.CreateJobRequest, batch.create_job, write),
        Method(f"{_BATCH}/GetJob", messages.GetJobRequest, batch.get_job, read),
        Method(f"{_BATCH}/DeleteJob", messages.DeleteJobRequest, batch.delete_job, write),
        Method(f"{_BATCH}/CancelJob", messages.CancelJobRequest, batch.cancel_job, write),
        Method(f"{_BATCH}/ListJobs", messages.ListJobsRequest, batch.list_jobs, read),
        Method(f"{_BATCH}/GetTask", messages.GetTaskRequest, batch.get_task, read),
        Method(f"{_BATCH}/ListTasks", messages.ListTasksRequest, batch.list_tasks, read),
    ]


def _of_operations(operations: Operations) -> list[Method]:
    o = operations_pb2
    return [
        Method(f"{_OPERATIONS}/GetOperation", o.GetOperationRequest, operations.get_operation),
        Method(f"{_OPERATIONS}/WaitOperation", o.WaitOperationRequest, operations.wait_operation),
        Method(
            f"{_OPERATIONS}/ListOperations", o.ListOperationsRequest, operations.list_operations
        ),
        Method(
            f"{_OPERATIONS}/CancelOperation", o.CancelOperationRequest, operations.cancel_operation
        ),
        Method(
            f"{_OPERATIONS}/DeleteOperation", o.DeleteOperationRequest, operations.delete_operation
        ),
    ]


def _of_logging(settings: Settings, logging: LoggingService) -> list[Method]:
    def quota(limit: int, metric: str) -> Quota:
        return Quota(limit, metric, "logging.googleapis.com", project_number(settings.project))

    read = quota(settings.quotas.log_reads, "Read requests")
    write = quota(settings.quotas.log_writes, "Write requests")
    m = messages
    return [
        Method(
            f"{_LOGGING}/WriteLogEntries",
            m.WriteLogEntriesRequest,
            logging.write_log_entries,
            write,
        ),
        Method(
            f"{_LOGGING}/ListLogEntries", m.ListLogEntriesRequest, logging.list_log_entries, read
        ),
        Method(f"{_LOGGING}/ListLogs", m.ListLogsRequest, logging.list_logs, read),
        Method(f"{_LOGGING}/DeleteLog", m.DeleteLogRequest, logging.delete_log, write),
    ]

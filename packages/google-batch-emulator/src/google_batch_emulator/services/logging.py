"""Implement google.logging.v2.LoggingServiceV2."""

import re
from urllib.parse import unquote

from google.protobuf.empty_pb2 import Empty

from google_batch_emulator.errors import invalid, not_emulated
from google_batch_emulator.filters import compile_filter
from google_batch_emulator.logbook import INDEXED, Logbook
from google_batch_emulator.messages import (
    ListLogEntriesResponse,
    ListLogsResponse,
    LogEntry,
    Message,
    WriteLogEntriesResponse,
)
from google_batch_emulator.pagination import page

_LOG_NAME = re.compile(r"(projects|organizations|folders|billingAccounts)/[^/]+/logs/[^/]+")
_PROJECT = re.compile(r"projects/([^/]+)")
_ORDERS = ("", "timestamp asc", "timestamp desc")
_MAX_FILTER = 20_000


class LoggingService:
    """Writes and reads log entries."""

    def __init__(self, logbook: Logbook, page_size: int) -> None:
        self._logbook = logbook
        self._page_size = page_size

    def write_log_entries(self, request: Message) -> Message:
        """Add entries; what they leave open is taken from the request."""
        entries = []
        for given in request.entries:
            entry = LogEntry()
            entry.CopyFrom(given)
            entry.log_name = entry.log_name or request.log_name
            if not _LOG_NAME.fullmatch(entry.log_name):
                raise invalid(
                    f'Invalid log_name "{entry.log_name}": expected "<parent>/logs/<log>".'
                )
            entry.log_name = unquote(entry.log_name)
            if not entry.HasField("resource"):
                entry.resource.CopyFrom(request.resource)
            for key, value in request.labels.items():
                if key not in entry.labels:
                    entry.labels[key] = value
            entries.append(entry)
        if not request.dry_run:
            self._logbook.write(entries)
        return WriteLogEntriesResponse()

    def list_log_entries(self, request: Message) -> Message:
        """Return the entries that match a filter, by time."""
        if not request.resource_names:
            raise invalid("resource_names is required.")
        projects = [_project_of(name) for name in request.resource_names]
        if request.order_by not in _ORDERS:
            raise invalid(f'Invalid order_by "{request.order_by}": expected one of {_ORDERS[1:]}.')
        if len(request.filter) > _MAX_FILTER:
            raise invalid(f"The filter has more than {_MAX_FILTER} characters.")
        matches, job_uid = compile_filter(request.filter, INDEXED)
        prefixes = tuple(f"projects/{project}/logs/" for project in projects)
        found = [
            entry
            for entry in self._logbook.find(matches, job_uid)
            if entry.log_name.startswith(prefixes)
        ]
        if request.order_by == "timestamp desc":
            found.reverse()
        query = f"{list(request.resource_names)}|{request.filter}|{request.order_by}"
        chosen, token = page(found, request.page_size, request.page_token, self._page_size, query)
        return ListLogEntriesResponse(entries=chosen, next_page_token=token)

    def list_logs(self, request: Message) -> Message:
        """Return the names of a project's logs."""
        names = self._logbook.names(_project_of(request.parent))
        chosen, token = page(
            names, request.page_size, request.page_token, self._page_size, request.parent
        )
        return ListLogsResponse(log_names=chosen, next_page_token=token)

    def delete_log(self, request: Message) -> Message:
        """Forget the entries of a log."""
        self._logbook.delete(unquote(request.log_name))
        return Empty()


def _project_of(name: str) -> str:
    match = _PROJECT.fullmatch(name)
    if match is None:
        raise not_emulated(f"logs of {name!r}; projects/<project> has them")
    return match[1]

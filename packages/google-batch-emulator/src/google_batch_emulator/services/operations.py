"""Implement google.longrunning.Operations for deletions and cancellations of jobs."""

import secrets
import threading

from google.longrunning import operations_pb2
from google.protobuf.any_pb2 import Any as AnyPb
from google.protobuf.empty_pb2 import Empty

from google_batch_emulator import timestamps
from google_batch_emulator.errors import not_found
from google_batch_emulator.messages import CancelJobResponse, Message, OperationMetadata
from google_batch_emulator.pagination import page
from google_batch_emulator.records import JobRecord

_PAGE_SIZE = 100
_MAX_WAIT_SECONDS = 30.0


class Operations:
    """Operations by name; safe to use from several threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._operations: dict[str, Message] = {}

    def begin(self, job: JobRecord, verb: str) -> Message:
        """Return a new operation on a job."""
        serial = f"{timestamps.now().ToMilliseconds()}-{secrets.token_hex(6)}"
        name = f"{job.parent}/operations/operation-{serial}"
        operation = operations_pb2.Operation(name=name)
        metadata = OperationMetadata(
            create_time=timestamps.now(), target=job.name, verb=verb, api_version="v1"
        )
        operation.metadata.Pack(metadata)
        with self._changed:
            self._operations[name] = operation
        return operation

    def finish(self, name: str) -> None:
        """Mark an operation as done."""
        with self._changed:
            operation = self._operations.get(name)
            if operation is None or operation.done:
                return
            metadata = OperationMetadata()
            operation.metadata.Unpack(metadata)
            metadata.end_time.CopyFrom(timestamps.now())
            operation.metadata.Pack(metadata)
            answer = Empty() if metadata.verb == "delete" else CancelJobResponse()
            operation.response.CopyFrom(AnyPb())
            operation.response.Pack(answer)
            operation.done = True
            self._changed.notify_all()

    def find(self, name: str) -> Message:
        """Return an operation as it is now.

        Raises
        ------
        ApiError
            NOT_FOUND, if there is none of this name.
        """
        with self._changed:
            if name not in self._operations:
                raise not_found(name)
            copy = operations_pb2.Operation()
            copy.CopyFrom(self._operations[name])
            return copy

    def get_operation(self, request: Message) -> Message:
        """Return an operation."""
        return self.find(request.name)

    def wait_operation(self, request: Message) -> Message:
        """Return an operation when it is done or the time is up."""
        wanted = timestamps.seconds_of(request.timeout) or _MAX_WAIT_SECONDS
        self.find(request.name)
        with self._changed:
            self._changed.wait_for(
                lambda: self._operations[request.name].done, min(wanted, _MAX_WAIT_SECONDS)
            )
        return self.find(request.name)

    def list_operations(self, request: Message) -> Message:
        """Return the operations of a region, in the order of their creation."""
        with self._changed:
            found = [
                operation
                for name, operation in self._operations.items()
                if name.startswith(f"{request.name}/operations/")
            ]
        chosen, token = page(found, request.page_size, request.page_token, _PAGE_SIZE, request.name)
        return operations_pb2.ListOperationsResponse(operations=chosen, next_page_token=token)

    def cancel_operation(self, request: Message) -> Message:
        """Note the wish; a deletion under way is not stopped."""
        with self._changed:
            if request.name not in self._operations:
                raise not_found(request.name)
            operation = self._operations[request.name]
            metadata = OperationMetadata()
            operation.metadata.Unpack(metadata)
            metadata.requested_cancellation = True
            operation.metadata.Pack(metadata)
        return Empty()

    def delete_operation(self, request: Message) -> Message:
        """Forget an operation; what it does goes on."""
        with self._changed:
            if self._operations.pop(request.name, None) is None:
                raise not_found(request.name)
        return Empty()

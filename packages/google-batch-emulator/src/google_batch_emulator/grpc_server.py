"""Serve the gRPC methods; count, delay, refuse or answer each call."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import grpc

from google_batch_emulator.errors import ApiError, disabled
from google_batch_emulator.fault_state import Faults
from google_batch_emulator.faults import ApiFault, fault_error
from google_batch_emulator.identity import Identity
from google_batch_emulator.messages import Message
from google_batch_emulator.rate_limits import Quota
from google_batch_emulator.request_counts import Requests
from google_batch_emulator.tokens import Tokens

_THREADS = 32
_STOP_SECONDS = 2.0
_MAX_REQUEST = 64 << 20

_PERMISSIONS = {
    "CreateJob": "batch.jobs.create",
    "GetJob": "batch.jobs.get",
    "ListJobs": "batch.jobs.list",
    "DeleteJob": "batch.jobs.delete",
    "CancelJob": "batch.jobs.cancel",
    "GetTask": "batch.tasks.get",
    "ListTasks": "batch.tasks.list",
    "ListLogEntries": "logging.logEntries.list",
    "WriteLogEntries": "logging.logEntries.create",
    "AccessSecretVersion": "secretmanager.versions.access",
}


_SERVICES = {
    "batch": "batch.googleapis.com",
    "logging": "logging.googleapis.com",
    "secretmanager": "secretmanager.googleapis.com",
}


@dataclass(frozen=True)
class Method:
    """A method of a service.

    Parameters
    ----------
    path
        As in ``google.cloud.batch.v1.BatchService/GetJob``.
    request
        Type of the request.
    answer
        Makes the answer.
    quota
        What is used up by a call; None if nothing.
    """

    path: str
    request: Message
    answer: Callable[[Message], Message]
    quota: Quota | None = None

    @property
    def name(self) -> str:
        """The name without its service."""
        return self.path.rpartition("/")[2]


class Server:
    """Serves methods over TLS on the loopback interface.

    Parameters
    ----------
    faults, requests
        What goes wrong, and what is counted.
    identity
        Key and certificates, and the account whose tokens are good.
    project
        Whose services can be disabled.
    """

    def __init__(
        self, faults: Faults, requests: Requests, identity: Identity, project: str
    ) -> None:
        self._project = project
        self._faults = faults
        self._requests = requests
        self._tokens = Tokens(identity.account_key)
        pair = (identity.server_key, identity.server_chain)
        self._credentials = grpc.ssl_server_credentials([pair])
        self._pool = ThreadPoolExecutor(_THREADS, "grpc")
        # Two servers on one port would each get half of the calls.
        options = [("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", _MAX_REQUEST)]
        self._server = grpc.server(self._pool, options=options)

    def bind(self, port: int) -> int:
        """Take a port, 0 for a free one; return it.

        Raises
        ------
        RuntimeError
            If the port is taken.
        """
        return int(self._server.add_secure_port(f"127.0.0.1:{port}", self._credentials))

    def start(self, methods: list[Method]) -> None:
        """Answer from now on."""
        handlers = [_handler(group, self._serve) for group in _by_service(methods)]
        self._server.add_generic_rpc_handlers(handlers)
        self._server.start()

    def stop(self) -> None:
        """Refuse new calls and wait for those under way, but not for long."""
        self._server.stop(_STOP_SECONDS).wait()
        self._pool.shutdown(wait=True)

    def _serve(self, method: Method) -> Callable[[Message, grpc.ServicerContext], Message]:
        def serve(request: Message, context: grpc.ServicerContext) -> Message:
            self._requests.made(method.name)
            try:
                return self._answer(method, request, context)
            except ApiError as error:
                self._requests.failed(method.name, error.code.name)
                context.abort(error.code, error.message)

        return serve

    def _answer(self, method: Method, request: Message, context: grpc.ServicerContext) -> Message:
        resource = _resource(request)
        fault = self._faults.of_call(method.name, resource)
        time.sleep(self._faults.plan.latency_seconds + (fault.latency_seconds if fault else 0))
        self._tokens.check(context.invocation_metadata())
        if fault and fault.code and fault.effect == "before":
            raise fault_error(fault, _permission(method), resource)
        self._check_project(method, resource)
        if method.quota is not None:
            method.quota.take()
        answer = method.answer(request)
        if fault and fault.code:
            raise fault_error(fault, _permission(method), resource)
        return answer

    def _check_project(self, method: Method, resource: str) -> None:
        """Refuse what the account may not do, or a service that is not enabled."""
        project = self._faults.plan.project
        service = _SERVICES.get(method.path.split(".")[2], "")
        if project.disables(service):
            raise disabled(service, self._project)
        if project.denies(_permission(method)):
            fault = ApiFault(code="PERMISSION_DENIED")
            raise fault_error(fault, _permission(method), resource)


def _by_service(methods: list[Method]) -> list[list[Method]]:
    services: dict[str, list[Method]] = {}
    for method in methods:
        services.setdefault(method.path.rpartition("/")[0], []).append(method)
    return list(services.values())


def _handler(
    methods: list[Method],
    serve: Callable[[Method], Callable[[Message, grpc.ServicerContext], Message]],
) -> grpc.GenericRpcHandler:
    return grpc.method_handlers_generic_handler(
        methods[0].path.rpartition("/")[0],
        {
            method.name: grpc.unary_unary_rpc_method_handler(
                serve(method),
                request_deserializer=method.request.FromString,
                response_serializer=lambda answer: answer.SerializeToString(),
            )
            for method in methods
        },
    )


def _resource(request: Message) -> str:
    """Return the name of what a request is about."""
    fields = request.DESCRIPTOR.fields_by_name
    if "job_id" in fields:
        return f"{request.parent}/jobs/{request.job_id}"
    if "resource_names" in fields:
        return ",".join(request.resource_names)
    for name in ("name", "parent", "log_name"):
        if name in fields:
            return str(getattr(request, name))
    return ""


def _permission(method: Method) -> str:
    return _PERMISSIONS.get(method.name, method.name)

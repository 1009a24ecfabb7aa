"""Forward storage requests; count them, and break those that a fault selects."""

import http.client
import socket
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from google_batch_emulator.fault_state import Faults
from google_batch_emulator.faults import StorageFault
from google_batch_emulator.request_counts import Requests
from google_batch_emulator.storage import permissions
from google_batch_emulator.storage.clock import shifted
from google_batch_emulator.storage.multipart import take_apart
from google_batch_emulator.storage.requests import StorageRequest, tell_apart
from google_batch_emulator.storage.service import StorageService, refusal
from google_batch_emulator.storage.upstream import OF_CONNECTION, StorageAnswer, Upstream

# As socketserver has it; a server for TCP sees the first kind only.
_Connection = socket.socket | tuple[bytes, socket.socket]

_NO_BODY = {http.client.NO_CONTENT, http.client.NOT_MODIFIED}


class StorageProxy:
    """Listens on the loopback interface and passes requests on.

    Parameters
    ----------
    faults, requests
        What goes wrong, and what is counted.
    port
        0 takes a free one.
    """

    def __init__(self, faults: Faults, requests: Requests, port: int) -> None:
        self.faults = faults
        self.requests = requests
        self.service = StorageService()
        self.upstream_port = 0
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.proxy = self
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="storage", daemon=True
        )

    @property
    def url(self) -> str:
        """Address for clients."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self, upstream_port: int) -> None:
        """Pass requests on to a port from now on."""
        self.upstream_port = upstream_port
        self._thread.start()

    def stop(self) -> None:
        """Close every connection."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    """One thread for each connection."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256
    proxy: StorageProxy

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self._lock = threading.Lock()
        self._open: set[_Connection] = set()

    def process_request(self, request: _Connection, client_address: Any) -> None:
        """Note the connection, so that it can be closed at the end."""
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: _Connection) -> None:
        """Forget the connection and close it."""
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Close the listening socket and every connection."""
        super().server_close()
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            if isinstance(connection, socket.socket):
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that go away; they are killed in tests."""


class _Handler(BaseHTTPRequestHandler):
    """One connection of a client, with one of its own to the server."""

    protocol_version = "HTTP/1.1"
    server: _Server
    # The answer goes out in two writes; without this, the second waits for an acknowledgement.
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def setup(self) -> None:
        """Connect to the server."""
        super().setup()
        self._upstream = Upstream(self.server.proxy.upstream_port)

    def finish(self) -> None:
        """Close both connections."""
        self._upstream.close()
        with suppress(OSError):
            super().finish()

    def _serve(self) -> None:
        proxy = self.server.proxy
        body = self._read_body()
        request = tell_apart(self.command, self.path, self._content_type, body)
        proxy.requests.made(f"storage.{request.kind}")
        fault = proxy.faults.of_storage(request.kind, request.name)
        latency = proxy.faults.plan.storage_latency_seconds
        time.sleep(latency + (fault.latency_seconds if fault else 0))
        if fault is None:
            answer = self._allowed(request, body)
            self._send(request, shifted(answer, proxy.faults.plan.storage_clock_seconds))
        else:
            self._break(request, body, fault)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _serve  # noqa: N815

    def _read_body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(parts)

    def _ask(self, request: StorageRequest, body: bytes) -> StorageAnswer:
        line = (self.command, self.path)
        headers = {key.lower(): value for key, value in self.headers.items()}
        return self.server.proxy.service.answer(self._upstream, request, line, headers, body)

    def _allowed(self, request: StorageRequest, body: bytes) -> StorageAnswer:
        """Answer as the project's permissions allow."""
        project = self.server.proxy.faults.plan.project
        if lacking := permissions.denied(project, request, self.path):
            return refusal(http.client.FORBIDDEN, f"The caller does not have {lacking} access.")
        is_test = permissions.is_test(self.path)
        if not is_test and not permissions.is_policy(self.path):
            return permissions.located(project, request, self._ask(request, body))
        bucket = self._upstream.ask("GET", permissions.bucket_of(self.path), {}, b"")
        if bucket.status != http.client.OK:
            return bucket
        return permissions.tested(project, self.path) if is_test else permissions.policy(project)

    @property
    def _content_type(self) -> str:
        return self.headers.get("Content-Type", "")

    def _break(self, request: StorageRequest, body: bytes, fault: StorageFault) -> None:
        if fault.action == "refuse":
            self._send(request, refusal(fault.status, fault.message))
            return
        self.server.proxy.requests.failed(f"storage.{request.kind}", fault.action)
        if fault.action == "lose-reply":
            self._ask(request, body)
        elif request.kind == "download":
            self._write(self._ask(request, body), half=True)
        elif fault.action == "truncate":
            self._send(request, self._ask(request, self._truncated(body)))
            return
        # A body that does not come to its end never reaches the server: nothing is stored.
        self._hang_up()

    def _truncated(self, body: bytes) -> bytes:
        upload = take_apart(self._content_type, body)
        return upload.truncated() if upload else body[: len(body) // 2]

    def _send(self, request: StorageRequest, answer: StorageAnswer) -> None:
        if answer.status >= http.client.BAD_REQUEST:
            self.server.proxy.requests.failed(f"storage.{request.kind}", str(answer.status))
        self._write(answer)

    def _write(self, answer: StorageAnswer, half: bool = False) -> None:
        content = answer.content
        self.send_response_only(answer.status)
        for key, value in answer.headers:
            if key.lower() not in OF_CONNECTION:
                self.send_header(key, value)
        if answer.status not in _NO_BODY:
            length = answer.header("content-length") if self.command == "HEAD" else ""
            self.send_header("Content-Length", length or str(len(content)))
        self.end_headers()
        if self.command != "HEAD" and answer.status not in _NO_BODY:
            self.wfile.write(content[: len(content) // 2] if half else content)

    def _hang_up(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)

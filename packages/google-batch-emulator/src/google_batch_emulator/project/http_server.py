"""Serve the REST APIs of the project at ``/<host>/<path>``."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import grpc

from google_batch_emulator.errors import ApiError, not_emulated
from google_batch_emulator.fault_state import Faults
from google_batch_emulator.faults import fault_error
from google_batch_emulator.identity import Identity
from google_batch_emulator.project import compute, management, registry
from google_batch_emulator.project.calls import Call, Route, error_document, refused_at_the_door
from google_batch_emulator.request_counts import Requests
from google_batch_emulator.tokens import Tokens

ROUTES: tuple[Route, ...] = (*management.ROUTES, *compute.ROUTES, *registry.ROUTES)

_OK = 200


class ProjectServer:
    """Listens on the loopback interface.

    Parameters
    ----------
    faults, requests
        What goes wrong, and what is counted.
    identity
        The account whose tokens are good.
    project
        The only project that there is.
    port
        0 takes a free one.
    """

    def __init__(
        self, faults: Faults, requests: Requests, identity: Identity, project: str, port: int
    ) -> None:
        self._faults = faults
        self._requests = requests
        self._project = project
        self._tokens = Tokens(identity.account_key)
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.project = self
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="project", daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """Address for clients."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def stop(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, line: tuple[str, str], authorization: str, body: bytes) -> tuple[int, bytes]:
        """Return status and body of the answer to a request.

        Parameters
        ----------
        line
            Method and target.
        authorization
            The header.
        body
            JSON, if anything.
        """
        method, target = line
        parts = urlsplit(target)
        host, _, path = parts.path.lstrip("/").partition("/")
        name, call = "project", None
        try:
            route, names = _route(host, f"{method} /{path}")
            name = route.name
            self._requests.made(name)
            call = Call(
                host, names, parse_qs(parts.query), _document(body), self._faults.plan.project
            )
            return _OK, json.dumps(self._answer(route, call, authorization)).encode()
        except ApiError as error:
            self._requests.failed(name, error.code.name)
            return error_document(call, error)

    def _answer(self, route: Route, call: Call, authorization: str) -> object:
        resource = "/".join(call.names.values())
        fault = self._faults.of_call(route.name, resource)
        time.sleep(self._faults.plan.latency_seconds + (fault.latency_seconds if fault else 0))
        self._tokens.check([("authorization", authorization)])
        if fault and fault.code:
            raise fault_error(fault, route.permission or route.name, resource)
        refusal = refused_at_the_door(call, route.permission, self._project)
        if refusal is not None:
            raise refusal
        return route.answer(call)


def _route(host: str, line: str) -> tuple[Route, Any]:
    for route in ROUTES:
        names = route.match(host, line)
        if names is not None:
            return route, names
    raise not_emulated(f"{line} of {host or 'no host'}")


def _document(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body or b"{}")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ApiError(grpc.StatusCode.INVALID_ARGUMENT, "Invalid JSON payload received.")
    return found


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    project: ProjectServer


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    # The answer goes out in two writes; without this, the second waits for an acknowledgement.
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        header = self.headers.get("Authorization", "")
        status, content = self.server.project.answer((self.command, self.path), header, body)
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=UTF-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_HEAD = do_POST = _serve  # noqa: N815

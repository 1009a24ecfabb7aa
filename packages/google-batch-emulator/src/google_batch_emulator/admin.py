"""Let tests in other processes change faults and read request counts, over HTTP.

GET    /requests    return {"made": {...}, "failed": {...}}
DELETE /requests    set the counts to 0
GET    /faults      return the current plan
PUT    /faults      replace the plan
POST   /strike      {"job": PATTERN, "task": INDEX or null, "action": ..., "notice_seconds":
                   0 to 30}: a fault of running tasks
"""

import http.client
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import NonNegativeInt, ValidationError

from google_batch_emulator.errors import EmulatorError
from google_batch_emulator.fault_state import Faults
from google_batch_emulator.faults import FaultPlan, Notice
from google_batch_emulator.request_counts import Requests
from google_batch_emulator.settings import Strict

_OK, _BAD, _ABSENT = 200, 400, 404
_SECONDS = 10.0

Answer = tuple[int, object]
StrikeCall = Callable[[str, int | None, str, float], int]


class Strike(Strict):
    """What befalls tasks that run now."""

    job: str = "*"
    task: NonNegativeInt | None = None
    action: Literal[
        "preempt", "vm-timeout", "vm-reboot", "unresponsive", "vm-recreated", "out-of-memory"
    ] = "preempt"
    notice_seconds: Notice = 0


class AdminServer:
    """Listens on the loopback interface.

    Parameters
    ----------
    faults, requests
        What can be changed and read.
    strike
        Befalls running tasks: takes the fields of a `Strike`, and returns how many it met.
    port
        0 takes a free one.
    """

    def __init__(self, faults: Faults, requests: Requests, strike: StrikeCall, port: int) -> None:
        self._faults = faults
        self._requests = requests
        self._strike = strike
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.answer = self._answer
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="admin", daemon=True
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

    def _answer(self, method: str, path: str, body: bytes) -> Answer:
        if (method, path) == ("GET", "/requests"):
            return _OK, {"made": self._requests.counts(), "failed": self._requests.failures()}
        if (method, path) == ("DELETE", "/requests"):
            self._requests.reset()
            return _OK, {}
        try:
            if (method, path) == ("POST", "/strike"):
                strike = Strike.model_validate_json(body)
                struck = self._strike(strike.job, strike.task, strike.action, strike.notice_seconds)
                return _OK, {"struck": struck}
            if (method, path) == ("PUT", "/faults"):
                self._faults.replace(FaultPlan.model_validate_json(body))
            elif (method, path) != ("GET", "/faults"):
                return _ABSENT, {"error": f"{method} {path}: see google_batch_emulator.admin"}
        except ValidationError as error:
            return _BAD, {"error": str(error)}
        return _OK, self._faults.plan.model_dump(mode="json", exclude_unset=True)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    answer: Callable[[str, str, bytes], Answer]


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, document = self.server.answer(self.command, self.path, body)
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PUT = do_POST = do_DELETE = _serve  # noqa: N815


class AdminClient:
    """Asks an emulator in another process.

    Parameters
    ----------
    url
        Value of GOOGLE_BATCH_EMULATOR_ADMIN.
    """

    def __init__(self, url: str) -> None:
        self._host = urlsplit(url).netloc

    def requests(self) -> dict[str, int]:
        """Return how many requests were made, by name."""
        return dict(self._ask("GET", "/requests")["made"])

    def failures(self) -> dict[str, int]:
        """Return how many answers were other than OK, by name and reason."""
        return dict(self._ask("GET", "/requests")["failed"])

    def reset_requests(self) -> None:
        """Let the counts begin at 0."""
        self._ask("DELETE", "/requests")

    def faults(self) -> FaultPlan:
        """Return the plan at work."""
        return FaultPlan.model_validate(self._ask("GET", "/faults"))

    def replace_faults(self, plan: FaultPlan) -> None:
        """Work by another plan from now on; every count begins at 0."""
        self._ask("PUT", "/faults", plan.model_dump_json(exclude_unset=True))

    def strike(
        self,
        job: str = "*",
        task: int | None = None,
        action: str = "preempt",
        notice_seconds: float = 0,
    ) -> int:
        """Let something befall tasks that run now; return how many were running.

        Parameters
        ----------
        job
            Pattern of job ids.
        task
            Index; None for all.
        action, notice_seconds
            As in `TaskFault`.
        """
        strike = {"job": job, "task": task, "action": action, "notice_seconds": notice_seconds}
        return int(self._ask("POST", "/strike", json.dumps(strike))["struck"])

    def _ask(self, method: str, path: str, body: str = "") -> dict[str, Any]:
        connection = http.client.HTTPConnection(self._host, timeout=_SECONDS)
        try:
            connection.request(method, path, body.encode())
            answer = connection.getresponse()
            document: dict[str, Any] = json.loads(answer.read())
        except OSError as error:
            raise EmulatorError(f"no emulator answers at {self._host}: {error}") from error
        finally:
            connection.close()
        if answer.status != _OK:
            raise EmulatorError(f"{method} {path}: {document.get('error')}")
        return document

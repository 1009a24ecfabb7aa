"""An HTTP proxy in front of fake-gcs-server that counts requests and makes them go wrong."""

import contextlib
import http.client
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}
OWN = {"date", "server"}

What = Literal["refuse", "cut", "lose", "truncate", "corrupt", "garble"]


@dataclass(frozen=True)
class Fault:
    """What to do with a request instead of passing it on.

    ``refuse`` answers with ``status``; ``cut`` closes the connection before the request is passed
    on, ``lose`` after; ``truncate`` closes it halfway through the answer's body, ``corrupt`` flips
    the last byte of that body; ``garble`` flips a byte in the middle of the request's body.
    """

    what: What
    status: int = 503
    message: str = "fault made by the test"


@dataclass(frozen=True)
class Seen:
    """One request, as the server saw it."""

    method: str
    path: str
    query: dict[str, str]
    agent: str = ""

    @property
    def kind(self) -> str:
        """What the request is for."""
        if self.path.startswith("/upload/"):
            return "upload"
        if self.path.startswith("/download/") or self.query.get("alt") == "media":
            return "download"
        if self.path.endswith("/o"):
            return "list"
        if "/o/" not in self.path:
            return "bucket"
        return {"GET": "metadata", "DELETE": "delete", "POST": "rewrite"}[self.method]

    @property
    def name(self) -> str:
        """The object's name, or where an upload or a listing begins."""
        if "/o/" in self.path:
            return unquote(self.path.split("/o/", 1)[1])
        return self.query.get("name", self.query.get("startOffset", ""))


@dataclass
class Proxy:
    """Listens on ``port``, passes on to ``upstream_port``, remembers what went by."""

    upstream_port: int = 0
    log: list[Seen] = field(default_factory=list)
    rules: list[Callable[[Seen], Fault | None]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> None:
        """Listen, on a port of the system's choice."""
        handler = type("Handler", (_Handler,), {"proxy": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        """Stop listening."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    @property
    def url(self) -> str:
        """Where the storage client is to find its server."""
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def reset(self) -> None:
        """Forget requests and faults."""
        with self.lock:
            self.log.clear()
            self.rules.clear()

    def fail(self, kind: str, fault: Fault, *, times: int = 1, name: str = "") -> None:
        """Make the next requests of a kind fail, those whose object is ``name`` if it is given."""
        left = iter(range(times))

        def rule(seen: Seen) -> Fault | None:
            if seen.kind != kind or not seen.name.endswith(name):
                return None
            with self.lock:
                return None if next(left, None) is None else fault

        self.rules.append(rule)

    def counts(self) -> Counter[str]:
        """How many requests of each kind went by."""
        with self.lock:
            return Counter(seen.kind for seen in self.log)

    def total(self) -> int:
        """How many requests went by."""
        return self.counts().total()

    def decide(self, seen: Seen) -> Fault | None:
        """Remember a request and say what is to become of it."""
        with self.lock:
            self.log.append(seen)
            rules = list(self.rules)
        return next((fault for rule in rules if (fault := rule(seen))), None)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body in one packet: otherwise each answer waits 40 ms for an acknowledgement.
    disable_nagle_algorithm = True
    wbufsize = -1
    proxy: Proxy

    def handle_one_request(self) -> None:
        """Pass one request on, unless a rule says otherwise."""
        with contextlib.suppress(ConnectionError, TimeoutError):
            super().handle_one_request()

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        # The upload's name is in its body, before the object's bytes.
        if parts.path.startswith("/upload/") and "name" not in query:
            query["name"] = _named_in(body)
        fault = self.proxy.decide(
            Seen(self.command, parts.path, query, self.headers.get("X-Goog-API-Client", ""))
        )
        if fault and fault.what == "refuse":
            return self._answer(fault.status, {}, fault.message.encode())
        if fault and fault.what == "cut":
            return self._hang_up()
        if fault and fault.what == "garble":
            body = _flip(body, len(body) - len(body) // 8)
        status, headers, answer = self._ask(body)
        if fault and fault.what == "lose":
            return self._hang_up()
        if fault and fault.what == "corrupt":
            answer = _flip(answer, len(answer) - 1)
        short = len(answer) // 2 if fault and fault.what == "truncate" else None
        return self._answer(status, headers, answer, short)

    do_GET = do_POST = do_PUT = do_DELETE = _pass_on  # noqa: N815

    def _ask(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        upstream = http.client.HTTPConnection("127.0.0.1", self.proxy.upstream_port, timeout=30)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in HOP_BY_HOP}
        try:
            upstream.request(self.command, self.path, body, headers)
            answer = upstream.getresponse()
            kept = {k: v for k, v in answer.getheaders() if k.lower() not in HOP_BY_HOP | OWN}
            return answer.status, kept, answer.read()
        except OSError as error:
            return 502, {}, str(error).encode()
        finally:
            upstream.close()

    def _answer(
        self, status: int, headers: dict[str, str], body: bytes, short: int | None = None
    ) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body if short is None else body[:short])
        if short is not None:
            self._hang_up()

    def _hang_up(self) -> None:
        self.wfile.flush()
        self.close_connection = True
        self.connection.close()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the log is in the proxy."""


def _flip(data: bytes, where: int) -> bytes:
    return data[:where] + bytes([data[where] ^ 0x55]) + data[where + 1 :] if data else data


def _named_in(body: bytes) -> str:
    import json

    with contextlib.suppress(ValueError, IndexError):
        start = body.index(b"{")
        return str(json.JSONDecoder().raw_decode(body[start:].decode(errors="replace"))[0]["name"])
    return ""

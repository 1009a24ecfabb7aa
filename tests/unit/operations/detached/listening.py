"""A server that stands for Pub/Sub and for a webhook."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from tests.running import running


class Server(HTTPServer):
    """Keeps what it is sent.

    Attributes
    ----------
    seen
        Path and content of every request.
    answer
        The status that everybody is given.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[tuple[str, Any]] = []
        self.answer = 200

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    def published(self, topic: str) -> list[Any]:
        """Return what a topic was told."""
        bodies = [body for path, body in self.seen if path == f"/v1/{topic}:publish"]
        messages = [message for body in bodies for message in body["messages"]]
        return [json.loads(base64.b64decode(message["data"])) for message in messages]


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.path, json.loads(body)))
        self.send_response(self.server.answer)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """Print nothing."""


@contextmanager
def listening() -> Iterator[Server]:
    """Listen while the block runs."""
    with running(Server()) as server:
        yield server

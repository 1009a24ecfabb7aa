"""Servers that stand for Pub/Sub, for a webhook and for a mail server."""

import base64
import email
import email.policy
import json
import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
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


class Post(socketserver.TCPServer):
    """Takes mail, and keeps its recipients and messages."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _MailHandler)
        self.recipients: list[str] = []
        self.messages: list[EmailMessage] = []

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class _MailHandler(socketserver.StreamRequestHandler):
    server: Post

    def handle(self) -> None:
        self.wfile.write(b"220 ready\r\n")
        while (line := self.rfile.readline()).lower() != b"quit\r\n":
            if line.lower().startswith(b"rcpt to:"):
                self.server.recipients.append(line[8:].strip().decode())
            elif line.lower() == b"data\r\n":
                self.wfile.write(b"354 go on\r\n")
                text = b"".join(iter(self.rfile.readline, b".\r\n"))
                read = email.message_from_bytes(text, policy=email.policy.default)
                assert isinstance(read, EmailMessage)
                self.server.messages.append(read)
            self.wfile.write(b"250 ok\r\n")
        self.wfile.write(b"221 bye\r\n")


@contextmanager
def taking_mail() -> Iterator[Post]:
    """Take mail while the block runs."""
    with running(Post()) as post:
        yield post

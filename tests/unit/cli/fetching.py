"""Vintages that are fetched: from a hub, or a server that stands for data.cdc.gov."""

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.unit.cli.command import run

HEADER = "date,location,value\n"
WEEK_1 = "2025-01-04,25,10\n2025-01-04,US,900\n"
WEEK_2 = "2025-01-11,25,12\n2025-01-11,US,950\n"


class Server(HTTPServer):
    """Answers with the rows of a page, or with a status."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.rows: Any = []
        self.status = 200
        self.seen: list[tuple[dict[str, list[str]], str | None]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/resource/mpgq-jmmr.json"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        self.server.seen.append((query, self.headers["X-App-Token"]))
        start, limit = int(query["$offset"][0]), int(query["$limit"][0])
        rows = self.server.rows
        body = json.dumps(rows[start : start + limit] if isinstance(rows, list) else rows).encode()
        self.send_response(self.server.status)
        if self.server.status == 302:
            self.send_header("Location", "/elsewhere?$offset=0&$limit=1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


def row(day: str, place: str, **value: str | None) -> dict[str, str | None]:
    return {"weekendingdate": f"{day}T00:00:00.000", "jurisdiction": place, **value}


def fetch(tmp_path, hub, day: str, text: str, *options: object):
    hub.write_text(HEADER + text)
    to = tmp_path / "vintages"
    return run("data", "fetch", "--hub", tmp_path / "hub", "--to", to, "--as-of", day, *options)

"""As much of BigQuery as one query needs: jobs.insert, dry runs, getQueryResults, and tokens.

Source: https://cloud.google.com/bigquery/docs/reference/rest/v2.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

TOKEN = "a-token"  # noqa: S105
FIELDS = [
    {"name": "product", "type": "STRING"},
    {"name": "units", "type": "INTEGER"},
    {"name": "revenue", "type": "FLOAT"},
]


class BigQuery(ThreadingHTTPServer):
    """Answers every query with the same rows, and keeps what it was asked."""

    daemon_threads = True

    def __init__(self, rows: list[tuple[object, ...]], bytes_read: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.rows, self.bytes_read = rows, bytes_read
        self.jobs: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: BigQuery

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/token":
            self._answer({"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"})
            return
        job = json.loads(body)
        self.server.jobs.append(job)
        self._answer(self._job(job))

    def do_GET(self) -> None:
        rows = [{"f": [{"v": str(value)} for value in row]} for row in self.server.rows]
        job = self.server.jobs[-1]
        reference = job["jobReference"] | {"location": "US"}
        if "/queries/" not in self.path:
            self._answer(self._job(job))
            return
        answer = {"jobReference": reference, "jobComplete": True, "schema": {"fields": FIELDS}}
        self._answer(answer | {"rows": rows, "totalRows": str(len(rows))})

    def _job(self, job: dict[str, Any]) -> dict[str, Any]:
        read = str(self.server.bytes_read)
        destination = {"projectId": "p", "datasetId": "d", "tableId": "t"}
        job["configuration"]["query"].setdefault("destinationTable", destination)
        statistics = {"totalBytesProcessed": read, "query": {"totalBytesProcessed": read}}
        statistics["query"] |= {"statementType": "SELECT"}
        return job | {"status": {"state": "DONE"}, "statistics": statistics}

    def _answer(self, document: dict[str, Any]) -> None:
        allowed = self.path == "/token" or self.headers["Authorization"] == f"Bearer {TOKEN}"
        content = json.dumps(document).encode()
        self.send_response(200 if allowed else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def bigquery_server(rows: list[tuple[object, ...]], bytes_read: int) -> Iterator[BigQuery]:
    with BigQuery(rows, bytes_read) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


def write_key(path: Path, server: BigQuery) -> None:
    """Write the key of a service account whose tokens the server gives."""
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    account = {"type": "service_account", "client_email": "me@p.iam.gserviceaccount.com"}
    account |= {"private_key": key.decode(), "token_uri": f"{server.url}/token"}
    path.write_text(json.dumps(account | {"project_id": "p", "private_key_id": "1"}))

"""Send requests to fake-gcs-server."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from google_batch_emulator.storage.preconditions import Version

_OK = 200

# Headers of one connection, which are not passed on (RFC 9110, section 7.6.1). Host is: the server
# makes addresses of upload sessions with it, and they must lead through the proxy.
OF_CONNECTION = frozenset(
    {
        "connection",
        "content-length",
        "keep-alive",
        "proxy-authenticate",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


@dataclass(frozen=True)
class StorageAnswer:
    """An answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    content: bytes

    def header(self, name: str) -> str:
        """Return a header; empty if it is absent."""
        return next((value for key, value in self.headers if key.lower() == name), "")


class Upstream:
    """A connection to the storage server, for one thread.

    Parameters
    ----------
    port
        Where the server listens.
    """

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port)

    def ask(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> StorageAnswer:
        """Pass a request on; a connection that was closed meanwhile is made anew."""
        passed = {key: value for key, value in headers.items() if key.lower() not in OF_CONNECTION}
        if body or method in ("POST", "PUT", "PATCH"):
            passed["Content-Length"] = str(len(body))
        try:
            return self._ask(method, target, passed, body)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            self._connection.close()
            return self._ask(method, target, passed, body)

    def version(self, bucket: str, name: str) -> Version:
        """Return which version of an object is there."""
        target = f"/storage/v1/b/{bucket}/o/{quote(name, safe='')}"
        answer = self.ask("GET", target, {}, b"")
        if answer.status != _OK:
            return Version()
        document = json.loads(answer.content)
        return Version(int(document["generation"]), int(document.get("metageneration", 1)))

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _ask(self, method: str, target: str, headers: dict[str, str], body: bytes) -> StorageAnswer:
        self._connection.request(method, target, body, headers)
        answer = self._connection.getresponse()
        return StorageAnswer(answer.status, tuple(answer.getheaders()), answer.read())

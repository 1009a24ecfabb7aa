"""Answer storage requests by fake-gcs-server, and add what it does not do.

fake-gcs-server stores the objects. This module adds preconditions of every kind, declared checksums
and batches of requests.
"""

import http.client
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from google_batch_emulator.storage.batches import answer_of, parts_of
from google_batch_emulator.storage.checksums import mismatch
from google_batch_emulator.storage.multipart import metadata_of, take_apart
from google_batch_emulator.storage.preconditions import (
    NOT_MODIFIED,
    has_conditions,
    is_last_chunk,
    violation,
)
from google_batch_emulator.storage.requests import StorageRequest, tell_apart
from google_batch_emulator.storage.upstream import StorageAnswer, Upstream

_STRIPES = 64

_REASONS = {
    400: ("invalid", "Bad request."),
    401: ("authError", "Invalid Credentials"),
    403: ("forbidden", "The caller does not have the permission needed for this object."),
    404: ("notFound", "No such object."),
    408: ("requestTimeout", "Request timed out."),
    412: ("conditionNotMet", "At least one of the pre-conditions you specified did not hold."),
    429: (
        "rateLimitExceeded",
        "The object exceeded the rate limit for object mutation operations.",
    ),
    503: ("backendError", "We encountered an internal error. Please try again."),
}


def refusal(status: int, message: str = "") -> StorageAnswer:
    """Return an error as the service writes it."""
    if status == NOT_MODIFIED:
        return StorageAnswer(status, (), b"")
    reason, text = _REASONS.get(status, ("backendError", "Internal error."))
    text = message or text
    error = {
        "code": status,
        "message": text,
        "errors": [{"message": text, "domain": "global", "reason": reason}],
    }
    headers = (("Content-Type", "application/json; charset=UTF-8"),)
    return StorageAnswer(status, headers, json.dumps({"error": error}).encode())


@dataclass
class _Session:
    """An upload in parts: the parameters of its start, and the bytes that have come."""

    query: dict[str, str] = field(default_factory=dict)
    received: int = 0


class StorageService:
    """Answers requests; safe to use from several threads, each with its own `Upstream`."""

    def __init__(self) -> None:
        # A condition is checked and used under the lock of its object.
        self._locks = [threading.Lock() for _ in range(_STRIPES)]
        self._sessions_lock = threading.Lock()
        self._sessions: dict[str, _Session] = {}

    def answer(
        self,
        upstream: Upstream,
        request: StorageRequest,
        line: tuple[str, str],
        headers: Mapping[str, str],
        body: bytes,
    ) -> StorageAnswer:
        """Return the answer to a request.

        Parameters
        ----------
        upstream
            Connection to the server.
        request
            What the request is.
        line
            Method and target.
        headers, body
            The rest of it; the names of headers in lower case.
        """
        if request.kind == "batch":
            return self._batch(upstream, headers, body)
        if not request.changes:
            return self._conditional(upstream, request, line, headers, body)
        stripe = hash((request.bucket, request.name)) % _STRIPES
        with self._locks[stripe]:
            return self._conditional(upstream, request, line, headers, body)

    def _batch(self, upstream: Upstream, headers: Mapping[str, str], body: bytes) -> StorageAnswer:
        parts = parts_of(headers.get("content-type", ""), body)
        answers = []
        for part in parts:
            kind = part.headers.get("content-type", "")
            request = tell_apart(part.method, part.target, kind, part.body)
            line = (part.method, part.target)
            answers.append((part, self.answer(upstream, request, line, part.headers, part.body)))
        return answer_of(answers)

    def _conditional(
        self,
        upstream: Upstream,
        request: StorageRequest,
        line: tuple[str, str],
        headers: Mapping[str, str],
        body: bytes,
    ) -> StorageAnswer:
        query = self._conditions(request, headers)
        if has_conditions(query) and request.name:
            version = upstream.version(request.bucket, request.name)
            reading = not request.changes
            status = violation(query, version, reading)
            # What is not there is not found, whatever version is wanted.
            if status and not (reading and not version.generation):
                return refusal(status)
        if request.kind == "upload" and (wrong := _wrong_checksum(headers, body)):
            return refusal(http.client.BAD_REQUEST, wrong)
        answer = upstream.ask(*line, headers, body)
        if answer.status == http.client.NOT_FOUND and request.kind in ("list", "upload"):
            return refusal(answer.status, _no_bucket(upstream, request.bucket))
        self._remember(request, answer)
        return answer

    def _conditions(self, request: StorageRequest, headers: Mapping[str, str]) -> dict[str, str]:
        """Return the parameters that hold conditions: of an upload in parts, those of its start."""
        if request.kind != "upload-chunk":
            return request.query
        with self._sessions_lock:
            session = self._sessions.get(request.query["upload_id"], _Session())
        last = is_last_chunk(headers.get("content-range", ""), session.received)
        return session.query if last else {}

    def _remember(self, request: StorageRequest, answer: StorageAnswer) -> None:
        """Keep the conditions of an upload in parts, and how far it is."""
        if request.kind == "upload":
            location = parse_qs(urlsplit(answer.header("location")).query)
            for upload_id in location.get("upload_id", ()):
                with self._sessions_lock:
                    self._sessions[upload_id] = _Session(request.query)
        elif request.kind == "upload-chunk":
            end = answer.header("range").rpartition("-")[2]
            with self._sessions_lock:
                session = self._sessions.setdefault(request.query["upload_id"], _Session())
                session.received = int(end) + 1 if end else session.received


def _no_bucket(upstream: Upstream, bucket: str) -> str:
    """Say which buckets there are, and how to have another one."""
    listing = json.loads(upstream.ask("GET", "/storage/v1/b?project=any", {}, b"").content)
    names = ", ".join(item["name"] for item in listing.get("items", ()))
    return (
        f"The bucket {bucket} does not exist on this emulator, which has: {names}. Use that one, "
        f"or start the emulator with --bucket {bucket}."
    )


def _wrong_checksum(headers: Mapping[str, str], body: bytes) -> str | None:
    content_type = headers.get("content-type", "")
    upload = take_apart(content_type, body)
    if upload is None:
        return None
    return mismatch(metadata_of(content_type, body), upload.content)

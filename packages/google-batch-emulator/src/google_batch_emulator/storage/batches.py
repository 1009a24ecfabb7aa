"""Split a batch of storage requests, as ``with client.batch():`` sends it.

Source: cloud.google.com/storage/docs/batch
"""

import http.client
from dataclasses import dataclass
from email import message_from_bytes, policy
from urllib.parse import urlsplit

from google_batch_emulator.storage.upstream import StorageAnswer

_BOUNDARY = "batch_emulated"


@dataclass(frozen=True)
class Part:
    """One of the requests.

    Parameters
    ----------
    content_id
        Header that the answer repeats.
    method, target
        As in the first line of a request.
    headers, body
        The rest of it; the names of headers in lower case.
    """

    content_id: str
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


def parts_of(content_type: str, body: bytes) -> list[Part]:
    """Return the requests in a batch; none if the body is no batch."""
    whole = f"Content-Type: {content_type}\r\n\r\n".encode() + body
    message = message_from_bytes(whole, policy=policy.HTTP)
    found = []
    for item in message.iter_parts():
        payload = item.get_payload(decode=True)
        if not isinstance(payload, bytes):
            continue
        line, _, rest = payload.replace(b"\r\n", b"\n").partition(b"\n")
        words = line.decode("latin-1").split()
        head, _, content = rest.partition(b"\n\n")
        headers = message_from_bytes(head, policy=policy.HTTP)
        parts = urlsplit(words[1])
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        fields = {key.lower(): str(value) for key, value in headers.items()}
        found.append(Part(str(item["Content-ID"] or ""), words[0], target, fields, content))
    return found


def answer_of(answers: list[tuple[Part, StorageAnswer]]) -> StorageAnswer:
    """Return the answer to a batch: the answers to its requests, in their order."""
    lines = []
    for part, answer in answers:
        content_id = part.content_id.replace("<", "<response-", 1)
        phrase = http.client.responses.get(answer.status, "")
        lines += [
            f"--{_BOUNDARY}",
            "Content-Type: application/http",
            f"Content-ID: {content_id}",
            "",
            f"HTTP/1.1 {answer.status} {phrase}",
            f"Content-Type: {answer.header('content-type') or 'application/json'}",
            f"Content-Length: {len(answer.content)}",
            "",
            answer.content.decode("utf-8", "replace"),
        ]
    lines += [f"--{_BOUNDARY}--", ""]
    headers = (("Content-Type", f"multipart/mixed; boundary={_BOUNDARY}"),)
    return StorageAnswer(http.client.OK, headers, "\r\n".join(lines).encode())

"""Read multipart uploads: a JSON description of the object, then its content.

Source: cloud.google.com/storage/docs/json_api/v1/how-tos/multipart-upload
"""

import json
from dataclasses import dataclass

_EMPTY_LINE = b"\r\n\r\n"


@dataclass(frozen=True)
class Upload:
    """A multipart upload, taken apart; the parts joined are the body.

    Parameters
    ----------
    before
        Everything before the content, which includes the description.
    content
        Content of the object.
    after
        Everything after the content.
    """

    before: bytes
    content: bytes
    after: bytes

    def truncated(self) -> bytes:
        """Return the body with half of the content."""
        return self.before + self.content[: len(self.content) // 2] + self.after


def take_apart(content_type: str, body: bytes) -> Upload | None:
    """Return the parts of a multipart upload; None if the body is none."""
    if not content_type.startswith("multipart/related"):
        return None
    boundary = content_type.partition("boundary=")[2].strip("\"'").encode()
    mark = b"--" + boundary
    first = body.find(mark)
    second = body.find(mark, first + len(mark))
    start = body.find(_EMPTY_LINE, second) + len(_EMPTY_LINE)
    end = body.rfind(b"\r\n" + mark)
    if min(first, second, start - len(_EMPTY_LINE), end) < 0 or end < start:
        return None
    return Upload(body[:start], body[start:end], body[end:])


def metadata_of(content_type: str, body: bytes) -> dict[str, object]:
    """Return the description of an object that comes with its upload, if there is one."""
    text = body if content_type.startswith("application/json") else b""
    if (upload := take_apart(content_type, body)) is not None:
        opening = upload.before.find(b"{")
        text = upload.before[opening : upload.before.rfind(b"}") + 1]
    try:
        document = json.loads(text)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}

"""Read the kind, object and conditions of a storage request.

Source: cloud.google.com/storage/docs/json_api/v1
"""

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

from google_batch_emulator.storage.multipart import metadata_of

_OBJECT = re.compile(r"/(?:download/)?storage/v1/b/([^/]+)/o/(.+)")
_OBJECTS = re.compile(r"/storage/v1/b/([^/]+)/o/?")
_UPLOAD = re.compile(r"/(?:resumable/)?upload/storage/v1/b/([^/]+)/o/?")
_BUCKET = re.compile(r"/storage/v1/b(?:/([^/]*).*)?")
_COPY = re.compile(r"(.+?)/(?:rewriteTo|copyTo)/b/([^/]+)/o/(.+)")
_COMPOSE = re.compile(r"(.+)/compose")

_OF_OBJECT = {"GET": "get", "HEAD": "get", "DELETE": "delete"}


@dataclass(frozen=True)
class StorageRequest:
    """A request, told apart.

    Parameters
    ----------
    kind
        upload, upload-chunk, download, list, get, delete, patch, copy, bucket, batch or other.
    bucket
        The bucket; of a copy, that of the new object.
    name
        Name of the object or bucket, or prefix of the listing.
    query
        First value of each parameter.
    """

    kind: str
    bucket: str = ""
    name: str = ""
    query: dict[str, str] = field(default_factory=dict)

    @property
    def changes(self) -> bool:
        """Whether an object is written or deleted; the parts of an upload are so at the end."""
        return self.kind in ("upload", "upload-chunk", "delete", "patch", "copy")


def tell_apart(method: str, target: str, content_type: str, body: bytes) -> StorageRequest:
    """Return what a request is.

    Parameters
    ----------
    method, target
        As in the first line of the request.
    content_type, body
        The name of an uploaded object may be in its description.
    """
    parts = urlsplit(target)
    path = parts.path
    query = {key: values[0] for key, values in parse_qs(parts.query).items()}
    if path.startswith("/batch"):
        return StorageRequest("batch")
    if match := _UPLOAD.fullmatch(path):
        kind = "upload-chunk" if method == "PUT" and "upload_id" in query else "upload"
        name = query.get("name") or str(metadata_of(content_type, body).get("name", ""))
        return StorageRequest(kind, match[1], name, query)
    if match := _OBJECTS.fullmatch(path):
        return StorageRequest("list", match[1], query.get("prefix", ""), query)
    if match := _OBJECT.fullmatch(path):
        return _of_object(method, path, match, query)
    if match := _BUCKET.fullmatch(path):
        bucket = unquote(match[1] or "")
        return StorageRequest("bucket", bucket, bucket, query)
    return StorageRequest("other", name=path, query=query)


def _of_object(
    method: str, path: str, match: re.Match[str], query: dict[str, str]
) -> StorageRequest:
    bucket, rest = match[1], match[2]
    if method == "POST" and (copy := _COPY.fullmatch(rest)):
        return StorageRequest("copy", copy[2], unquote(copy[3]), query)
    if method == "POST" and (composed := _COMPOSE.fullmatch(rest)):
        return StorageRequest("copy", bucket, unquote(composed[1]), query)
    is_media = path.startswith("/download") or query.get("alt") == "media"
    kind = "download" if is_media else _OF_OBJECT.get(method, "patch")
    return StorageRequest(kind, bucket, unquote(rest), query)

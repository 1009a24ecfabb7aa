"""Read and write files under a prefix of a Google Cloud Storage bucket.

Sources: https://cloud.google.com/python/docs/reference/storage/latest (Client, Bucket, Blob and
"Configuring Timeouts and Retries"), https://cloud.google.com/storage/docs/json_api/v1/status-codes.
"""

import io
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cached_property
from itertools import repeat
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from google.api_core import exceptions as api
from google.cloud import storage
from google.cloud.storage.retry import DEFAULT_RETRY

from epyflow.errors import EpyflowError, UnreadableError
from epyflow.google.api_errors import explained
from epyflow.storage.stored_file import LARGEST_VERSION, Stored, Version, confirm_readable

# The number of connections that the client library keeps open.
_THREADS = 10

_REMEDIES = {
    403: "the account needs the role roles/storage.objectAdmin on the bucket",
    404: "check the bucket's name, or create it: gcloud storage buckets create gs://<bucket>",
}


class _Received(io.BytesIO):
    """The part of an object that has arrived. Its size is checked without another request."""

    def __init__(self, uri: str, most: int | None) -> None:
        super().__init__()
        self._uri, self._most = uri, most

    def write(self, data: Any, /) -> int:
        """Append bytes."""
        written = super().write(data)
        confirm_readable(self.tell(), self._uri, self._most)
        return written


class Bucket:
    """Files under ``gs://bucket/prefix``.

    Every request is retried after a transient error. That is safe: a request reads, or writes
    or deletes the same bytes again.

    Parameters
    ----------
    uri
        ``gs://bucket/prefix``; the prefix may be empty.
    """

    def __init__(self, uri: str) -> None:
        parts = urlsplit(uri)
        self._uri = f"gs://{parts.netloc}"
        self._name, prefix = parts.netloc, parts.path.strip("/")
        self._prefix = f"{prefix}/" if prefix else ""

    @property
    def uri(self) -> str:
        """``gs://bucket/prefix``."""
        return f"{self._uri}/{self._prefix}".rstrip("/")

    def names(self, folder: str) -> Mapping[str, str | None]:
        """List the objects directly in a folder, with their MD5 in base64."""
        prefix = self._folder(folder)
        with self._explained(folder):
            found = self._client.list_blobs(
                self._name,
                prefix=prefix,
                delimiter="/",
                fields="items(name,md5Hash),nextPageToken",
                retry=DEFAULT_RETRY,
            )
            return {blob.name.removeprefix(prefix): blob.md5_hash for blob in found}

    def below(self, folder: str) -> Mapping[str, Stored]:
        """List the objects in a folder and all folders below it."""
        prefix = self._folder(folder)
        with self._explained(folder):
            found = self._client.list_blobs(
                self._name,
                prefix=prefix,
                fields="items(name,size,updated),nextPageToken",
                retry=DEFAULT_RETRY,
            )
            return {
                blob.name.removeprefix(prefix): Stored(int(blob.size), blob.updated)
                for blob in found
                if not blob.name.endswith("/")  # a folder, as the console makes them
            }

    def unfinished(self, folder: str) -> Mapping[str, Stored]:
        """Return nothing: an object is whole or absent."""
        del folder
        return {}

    def read(self, path: str, most: int | None = None) -> bytes | None:
        """Download an object.

        Raises
        ------
        UnreadableError
            If it is too large, or may not be read.
        """
        received = _Received(f"{self._uri}/{self._key(path)}", most)
        with self._reading(path):
            try:
                self._blob(path).download_to_file(received, retry=DEFAULT_RETRY)
            except api.NotFound as missing:
                if not _is_of_an_object(missing):
                    raise
                return None
            return received.getvalue()

    def read_all(self, paths: Iterable[str], most: int | None = None) -> Mapping[str, bytes]:
        """Download objects, several at a time."""
        wanted = list(paths)
        with ThreadPoolExecutor(_THREADS) as pool:
            found = dict(zip(wanted, pool.map(self.read, wanted, repeat(most)), strict=True))
        return {path: data for path, data in found.items() if data is not None}

    def read_part(self, path: str, start: int, count: int) -> bytes | None:
        """Download a part of an object, as it is stored."""
        with self._reading(path):
            try:
                data: bytes = self._blob(path).download_as_bytes(
                    start=start, end=start + count - 1, raw_download=True, retry=DEFAULT_RETRY
                )
            except api.RequestRangeNotSatisfiable:
                return b""
            except api.NotFound as missing:
                if not _is_of_an_object(missing):
                    raise
                return None
            return data

    def write(self, path: str, data: bytes) -> None:
        """Upload an object; it is whole or absent."""
        with self._explained(path):
            self._blob(path).upload_from_string(
                data, content_type="application/octet-stream", retry=DEFAULT_RETRY
            )

    def read_version(self, path: str) -> Version | None:
        """Download an object with its generation."""
        with self._reading(path):
            while (blob := self._client.bucket(self._name).get_blob(self._key(path))) is not None:
                its = blob.generation
                last = LARGEST_VERSION - 1 if blob.size > LARGEST_VERSION else None
                with suppress(api.PreconditionFailed, api.NotFound):  # it is written at this moment
                    data = blob.download_as_bytes(
                        # A small object that is said to be compressed may fill the memory.
                        raw_download=True,
                        end=last,
                        if_generation_match=its,
                        retry=DEFAULT_RETRY,
                    )
                    return Version(data, str(its), blob.updated)
            return None

    def write_version(self, path: str, data: bytes, replaced: str | None) -> str | None:
        """Upload an object if its generation is still the one that was read."""
        with self._explained(path):
            blob = self._blob(path)
            try:
                blob.upload_from_string(
                    data,
                    content_type="application/octet-stream",
                    if_generation_match=int(replaced or 0),
                    retry=DEFAULT_RETRY,
                )
            except api.PreconditionFailed:
                return None
            return str(blob.generation)

    def remove_version(self, path: str, version: str) -> None:
        """Delete an object if its generation is still the one that was read."""
        with self._explained(path), suppress(api.PreconditionFailed, api.NotFound):
            self._blob(path).delete(if_generation_match=int(version), retry=DEFAULT_RETRY)

    def upload(self, file: Path, path: str) -> None:
        """Upload a file, of any size."""
        with self._explained(path):
            self._blob(path).upload_from_filename(
                str(file), content_type="application/octet-stream", retry=DEFAULT_RETRY
            )

    def copy(self, targets: Mapping[str, str]) -> None:
        """Copy objects within the bucket, several at a time."""
        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(self._copy_one, targets, targets.values()))

    def _copy_one(self, source: str, target: str) -> None:
        with self._explained(source):
            token, blob = None, self._blob(target)
            while True:  # a large object is copied in several requests
                token, _, _ = blob.rewrite(self._blob(source), token=token, retry=DEFAULT_RETRY)
                if token is None:
                    return

    def remove(self, paths: Iterable[str]) -> None:
        """Delete objects, several at a time."""
        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(self._remove_one, paths))

    def prune(self, folder: str) -> None:
        """Do nothing: a bucket has no folders."""

    def _remove_one(self, path: str) -> None:
        with self._explained(path):
            try:
                self._blob(path).delete(retry=DEFAULT_RETRY)
            except api.NotFound as missing:
                if not _is_of_an_object(missing):
                    raise

    @cached_property
    def _client(self) -> Any:
        with self._explained(""):
            return storage.Client()

    def _folder(self, folder: str) -> str:
        """Return the prefix of the names of a folder's objects; "" is the top."""
        return (
            f"{self._prefix}{folder.strip('/')}/".lstrip("/") if folder.strip("/") else self._prefix
        )

    def _key(self, path: str) -> str:
        return f"{self._prefix}{path}"

    def _blob(self, path: str) -> Any:
        return self._client.bucket(self._name).blob(self._key(path))

    @contextmanager
    def _reading(self, path: str) -> Iterator[None]:
        try:
            with self._explained(path):
                yield
        except EpyflowError as error:
            if isinstance(error.__cause__, api.Forbidden):
                raise UnreadableError(str(error)) from error.__cause__
            raise

    def _explained(self, path: str) -> AbstractContextManager[None]:
        where = f"{self._uri}/{self._prefix}{path}".rstrip("/")
        return explained(where, "Google Cloud Storage", _REMEDIES)


def _is_of_an_object(missing: Any) -> bool:
    """Return whether an object is missing, not the bucket: both are 404."""
    return "bucket does not exist" not in str(missing).lower()

"""Send requests to one bucket."""

import email.utils
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from google.api_core import exceptions as api
from google.cloud import storage
from google.cloud.storage.retry import DEFAULT_RETRY

from .checksums import CheckedWriter, crc32c_of
from .errors import DamagedTransferError, explained
from .index import Entry, Page
from .retries import Repeat

try:
    from google.cloud.storage.exceptions import DataCorruption
except ImportError:  # before version 3 of the client
    from google.resumable_media import DataCorruption

T = TypeVar("T")

# What a listing is to tell of each object, and no more: a page of 1,000 is about 150 kB.
LISTED = "items(name,generation,size,crc32c,updated),nextPageToken"
# The most that a page may hold: objects/list, "maxResults".
PAGE = 1000
# From this size on, a broken download goes on where it broke. Smaller ones begin anew.
RESUMED_FROM = 32 << 20
RESUMING = DEFAULT_RETRY.with_timeout(60.0)


class Bucket:
    """One bucket, through Google's client: faults that pass are waited out, others explained.

    Every method raises ``WorkflowError`` with the cause and the remedy where Google refuses.

    Parameters
    ----------
    client
        Google's client, which has the credentials.
    name
        The bucket's name.
    project
        The project that pays for the requests, as in the stock plugin.
    repeat
        How to wait out faults.
    """

    def __init__(
        self, client: storage.Client, name: str, project: str | None, repeat: Repeat
    ) -> None:
        self.name = name
        self._client = client
        self._bucket = client.bucket(name, user_project=project)
        self._repeat = repeat
        self._opened = time.time()
        # How far Google's clock is ahead of ours, once it has answered.
        self._ahead: float | None = None
        client._http.hooks["response"].append(self._note_time)

    @property
    def opened(self) -> float:
        """When we came, in seconds since 1970, by Google's clock.

        Up to a second late, as answers give the time in whole seconds.
        """
        return self._opened + (self._ahead or 0.0) + 1.0

    def page_from(self, start: str) -> Page:
        """List up to 1,000 objects, the first whose name is ``start`` or sorts after it."""

        def call() -> Page:
            pages = self._client.list_blobs(
                self._bucket, start_offset=start, page_size=PAGE, fields=LISTED, retry=None
            )
            items: list[tuple[str, Entry]] = []
            # A page may be empty and yet not be the last.
            for page in pages.pages:
                items = [(blob.name, _entry(blob)) for blob in page]
                if items:
                    break
            return Page(tuple(items), complete=not items or pages.next_page_token is None)

        return self._do(f"list gs://{self.name}/{start}", call)

    def names(self, prefix: str) -> list[str]:
        """List the names that start with ``prefix``: one request per 1,000."""

        def call() -> list[str]:
            found = self._client.list_blobs(
                self._bucket,
                prefix=prefix,
                page_size=PAGE,
                fields="items(name),nextPageToken",
                retry=DEFAULT_RETRY,
            )
            return [blob.name for blob in found]

        return self._do(f"list gs://{self.name}/{prefix}*", call)

    def describe(self, name: str) -> Entry | None:
        """Return what is stored under ``name`` now, None if nothing is."""

        def call() -> Entry | None:
            blob = self._bucket.get_blob(name, retry=None)
            return None if blob is None else _entry(blob)

        return self._do(f"look up {self.url(name)}", call)

    def download(self, name: str, path: Path, size: int | None = None) -> Entry | None:
        """Write an object's bytes to ``path`` and check them; None if there is no such object.

        Parameters
        ----------
        size
            Its size in bytes, if that is known: large downloads can be resumed.
        """
        resume = RESUMING if size is not None and size >= RESUMED_FROM else None

        def call() -> Entry | None:
            blob = self._bucket.blob(name)
            with path.open("wb") as file:
                writer = CheckedWriter(file)
                try:
                    blob.download_to_file(writer, checksum="crc32c", retry=resume)
                except DataCorruption as error:
                    raise DamagedTransferError(str(error)) from error
                except api.GoogleAPICallError as error:
                    # The client leaves the connection of a refused download open.
                    if error.response is not None:
                        error.response.close()
                    if isinstance(error, api.NotFound):
                        return None
                    raise
            return self._checked(blob, writer)

        return self._do(f"download {self.url(name)}", call)

    def upload(self, name: str, path: Path, generation: int) -> Entry:
        """Store a file's bytes, if the object is still what it was.

        Parameters
        ----------
        generation
            The generation to replace; 0 if no object may exist.

        Raises
        ------
        google.api_core.exceptions.PreconditionFailed
            If something else is there. Google may have stored the file and its answer been lost:
            compare checksums.
        """
        expected = generation
        resume = RESUMING if path.stat().st_size >= RESUMED_FROM else None

        def call() -> Entry:
            nonlocal expected
            blob = self._bucket.blob(name)
            # Sent along, so that Google refuses bytes that do not match.
            blob.crc32c = checksum = crc32c_of(path)
            try:
                blob.upload_from_filename(path, if_generation_match=expected, retry=resume)
            except api.BadRequest as error:
                if "crc32c" in str(error).lower():
                    raise DamagedTransferError(str(error)) from error
                raise
            if blob.crc32c != checksum:
                expected = int(blob.generation)
                raise DamagedTransferError(f"{checksum} was sent, {blob.crc32c} arrived")
            return _entry(blob)

        return self._do(f"upload {self.url(name)}", call)

    def renew(self, name: str) -> Entry | None:
        """Copy an object onto itself: the same bytes, a new time; None if there is no object."""

        def call() -> Entry | None:
            source, target, token = self._bucket.blob(name), self._bucket.blob(name), None
            try:
                while True:
                    token, _, _ = target.rewrite(source, token=token, retry=None)
                    if token is None:
                        return _entry(target)
            except api.NotFound:
                return None

        return self._do(f"touch {self.url(name)}", call)

    def remove(self, name: str) -> None:
        """Delete an object; a missing object is not an error."""

        def call() -> None:
            try:
                self._bucket.blob(name).delete(retry=None)
            except api.NotFound:
                return

        self._do(f"remove {self.url(name)}", call)

    def url(self, name: str) -> str:
        """How a person would name the object."""
        return f"gs://{self.name}/{name}"

    def _checked(self, blob: Any, writer: CheckedWriter) -> Entry:
        """Compare what was written with what Google says of the object."""
        generation = int(blob.generation)
        # Google decompressed it on the way: only the library has seen the stored bytes.
        if blob.content_encoding == "gzip":
            return Entry(generation, writer.size)
        expected = blob.crc32c
        if expected is None:
            blob.reload(retry=None)
            expected = blob.crc32c
        if writer.crc32c != expected or int(blob.generation) != generation:
            raise DamagedTransferError(f"{expected} was sent, {writer.crc32c} arrived")
        return Entry(generation, writer.size, expected)

    def _do(self, what: str, call: Callable[[], T]) -> T:
        with explained(what, self.name, self._repeat.times):
            return self._repeat(what, call)

    def _note_time(self, response: Any, *_args: Any, **_options: Any) -> None:
        date = email.utils.parsedate_tz(response.headers.get("Date", ""))
        if self._ahead is None and date is not None:
            self._ahead = email.utils.mktime_tz(date) - time.time()


def _entry(blob: Any) -> Entry:
    updated = None if blob.updated is None else blob.updated.timestamp()
    return Entry(int(blob.generation), int(blob.size), blob.crc32c, updated)

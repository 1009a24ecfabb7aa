"""Download inputs before Snakemake asks for them.

A worker needs every input of its job. One request per input gives its bytes and, in the headers,
that it exists, its size and its generation: Snakemake's later questions need no request. Several
downloads run at a time, where Snakemake would run one after the other.
"""

import threading
import uuid
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from .indexed_bucket import IndexedBucket


def part_beside(path: Path) -> Path:
    """Return a name beside ``path`` to write to before renaming, never the same twice."""
    return path.with_name(f".gcs-{uuid.uuid4().hex}.part")


def fetch(indexed: IndexedBucket, name: str, part: Path, size: int | None = None) -> bool:
    """Download an object to ``part`` and record what the bucket says; False if there is none."""
    part.parent.mkdir(parents=True, exist_ok=True)
    try:
        entry = indexed.bucket.download(name, part, size)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    if entry is None:
        part.unlink(missing_ok=True)
        indexed.index.drop(name)
        return False
    indexed.index.put(name, entry)
    return True


class Prefetcher:
    """Downloads under way or finished, by the object's query.

    Parameters
    ----------
    parallel
        How many at a time; 0 for none ever.
    """

    def __init__(self, parallel: int) -> None:
        self._parallel = parallel
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._parts: dict[str, tuple[Path, Future[bool]]] = {}

    def begin(self, query: str, indexed: IndexedBucket, name: str, target: Path) -> None:
        """Start to download an object, if that has not been done; return at once."""
        with self._lock:
            if not self._parallel or query in self._parts:
                return
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._parallel, thread_name_prefix="gcs-indexed")
            part = part_beside(target)
            future = self._pool.submit(fetch, indexed, name, part)
            self._parts[query] = (part, future)

    def wait(self, query: str) -> None:
        """Return when the download of an object has ended, if one was begun.

        Raises
        ------
        WorkflowError
            If it failed.
        """
        with self._lock:
            begun = self._parts.get(query)
        if begun is not None:
            begun[1].result()

    def take(self, query: str) -> Path | None:
        """Return the downloaded file, which is now the caller's; None if there is none."""
        with self._lock:
            begun = self._parts.pop(query, None)
        if begun is None:
            return None
        part, future = begun
        return part if future.result() else None

    def discard(self, query: str) -> None:
        """Give up a download that nobody took."""
        with self._lock:
            begun = self._parts.pop(query, None)
        if begun is not None:
            part, future = begun
            if not future.cancel():
                future.exception()
            part.unlink(missing_ok=True)

"""Implement a file or directory in a bucket for Snakemake."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import snakemake_storage_plugin_gcs as stock
from snakemake_interface_storage_plugins.exceptions import FileOrDirectoryNotFoundError
from snakemake_interface_storage_plugins.io import Mtime, get_constant_prefix
from snakemake_interface_storage_plugins.storage_object import StorageObjectTouch

from . import directories
from .prefetch import fetch, part_beside
from .uploads import store_file

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from snakemake_interface_common.exceptions import WorkflowError
    from snakemake_interface_storage_plugins.io import IOCacheStorageInterface

    from .index import Entry, Trust
    from .indexed_bucket import IndexedBucket
    from .provider_interface import Provider


class StorageObject(stock.StorageObject, StorageObjectTouch):
    """An object of the bucket or, if names below its own exist, a directory of objects."""

    provider: Provider
    key: str
    bucket_name: str

    def __post_init__(self) -> None:
        super().__post_init__()
        # A name may hold '#' and '?', which a URL would end at.
        self.bucket_name, _, self.key = self.query.partition("://")[2].partition("/")
        self.key = self.key.lstrip("/")
        self._local_suffix = self._local_suffix_from_key(self.key)

    @property
    def _iofile(self) -> Any:
        return self.__dict__.get("_iofile")

    @_iofile.setter
    def _iofile(self, iofile: Any) -> None:
        """Snakemake ties an object to a rule: the only way to learn of the workflow."""
        self.__dict__["_iofile"] = iofile
        rule = getattr(iofile, "rule", None)
        if rule is not None:
            self.provider.process.workflow = getattr(rule, "workflow", None)
            self.provider.look_into(self.bucket_name, get_constant_prefix(self.key))

    @property
    def indexed(self) -> IndexedBucket:
        """The bucket, and what is known of it."""
        return self.provider.indexed_bucket(self.bucket_name)

    @property
    def folder(self) -> str:
        """What the names of a directory's contents start with."""
        return self.key.rstrip("/") + "/"

    async def inventory(self, cache: IOCacheStorageInterface) -> None:
        """Learn what there is to know, for this object and as many others as one request tells.

        In a worker this is an input of its job: start to download it.
        """
        self.provider.process.cache = cache
        if self.provider.process.is_worker:
            if self.retrieve and self.provider.may_prefetch:
                self.provider.prefetcher.begin(
                    self.query, self.indexed, self.key, self.local_path()
                )
            return
        key = self.cache_key()
        cache.exists_in_storage[key] = self.exists()
        entry = self._find()
        if entry is not None and entry.updated is not None:
            cache.mtime[key] = Mtime(storage=entry.updated)
            cache.size[key] = entry.size

    def exists(self) -> bool:
        """Whether there is such an object or directory."""
        index = self.indexed.index
        if self.provider.process.makes(self.query) and index.peek(self.key) is None:
            return False
        return self._find() is not None or index.has_below(self.folder, self.provider.trust)

    def mtime(self) -> float:
        """Return when it was last written, seconds since 1970; a directory's latest file counts.

        Raises
        ------
        FileOrDirectoryNotFoundError
            If it does not exist.
        """
        entry = self._find(self.provider.trust_in_times)
        if entry is not None and entry.updated is None:
            # A download does not say.
            entry = self.indexed.bucket.describe(self.key)
            self._record(entry)
        if entry is not None and entry.updated is not None:
            return entry.updated
        times = [entry.updated or 0.0 for entry in self._contents().values()]
        if not times:
            raise self._not_found()
        return max(times)

    def size(self) -> int:
        """Return its size in bytes, 0 for a directory.

        Raises
        ------
        FileOrDirectoryNotFoundError
            If it does not exist.
        """
        entry = self._find()
        if entry is None and not self.exists():
            raise self._not_found()
        return 0 if entry is None else entry.size

    def local_footprint(self) -> int:
        """Return the bytes that a download takes on the disk, 0 if nobody needs to know.

        Snakemake asks before each download. A request for that is worth while only if it is to wait
        for space.
        """
        known = self.indexed.index.peek(self.key)
        if known is None and self.provider.wait_for_free_local_storage is None:
            return 0
        entry = self._find()
        if entry is not None:
            return entry.size
        return sum(entry.size for entry in self._contents().values())

    def retrieve_object(self) -> None:
        """Download the file or directory to its local path: complete, or not at all.

        Raises
        ------
        FileOrDirectoryNotFoundError
            If it does not exist.
        """
        target = self.local_path()
        part = self.provider.prefetcher.take(self.query)
        if part is None:
            part = part_beside(target)
            known = self.indexed.index.peek(self.key)
            size = known.entry.size if known is not None and known.entry is not None else None
            if not fetch(self.indexed, self.key, part, size):
                self._retrieve_directory(part)
        _replace(part, target)

    def store_object(self) -> None:
        """Upload the file or directory at the local path.

        Raises
        ------
        ChangedByOthersError
            If an object was written by somebody else since we looked.
        """
        local = self.local_path()
        if local.is_dir():
            directories.store(self.indexed, self.folder, local)
        else:
            store_file(self.indexed, self.key, local)

    def remove(self) -> None:
        """Delete the object, or everything in the directory. A missing object is not an error."""
        known = self.indexed.index.peek(self.key)
        is_file = known is not None and known.entry is not None
        names = [self.key] if is_file or self._find() else list(self._contents())
        for name in names:
            self.indexed.bucket.remove(name)
            self.indexed.index.drop(name)

    def touch(self) -> None:
        """Give the object, or everything in the directory, the present time.

        Raises
        ------
        FileOrDirectoryNotFoundError
            If it does not exist.
        """
        names = [self.key] if self._find() else list(self._contents())
        if not names:
            raise self._not_found()
        for name in names:
            entry = self.indexed.bucket.renew(name)
            self._record(entry, name)
            if entry is None:
                raise self._not_found()

    def cleanup(self) -> None:
        """Throw away what was downloaded and not used."""
        self.provider.prefetcher.discard(self.query)

    def list_candidate_matches(self) -> Iterable[str]:
        """Return the queries of all objects that start like this one, up to its first wildcard."""
        bucket = self.indexed.bucket
        prefix = get_constant_prefix(self.query).removeprefix(bucket.url(""))
        # A name that ends in a slash stands for an empty directory.
        return [bucket.url(name) for name in bucket.names(prefix) if not name.endswith("/")]

    def is_directory(self) -> bool:
        """Whether this is a directory, here or in the bucket."""
        return self.local_path().is_dir() or (
            self._find() is None and self.indexed.index.has_below(self.folder, self.provider.trust)
        )

    def _find(self, trust: Trust | None = None) -> Entry | None:
        self.provider.prefetcher.wait(self.query)
        return self.indexed.index.find(self.key, trust or self.provider.trust)

    def _contents(self) -> dict[str, Entry]:
        return self.indexed.index.below(self.folder)

    def _record(self, entry: Entry | None, name: str | None = None) -> None:
        index = self.indexed.index
        if entry is None:
            index.drop(name or self.key)
        else:
            index.put(name or self.key, entry)

    def _retrieve_directory(self, part: Path) -> None:
        try:
            found = directories.retrieve(self.indexed, self.folder, part)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
        if not found:
            raise self._not_found()

    def _not_found(self) -> WorkflowError:
        return FileOrDirectoryNotFoundError(self.print_query, self.local_path())


def _replace(part: Path, target: Path) -> None:
    """Put a finished download where it belongs."""
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    part.replace(target)

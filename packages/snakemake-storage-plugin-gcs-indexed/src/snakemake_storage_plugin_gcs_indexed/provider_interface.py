"""Name what a storage object uses of its provider, so that neither module imports the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .index import Trust
    from .indexed_bucket import IndexedBucket
    from .prefetch import Prefetcher
    from .process_role import Process


class Provider(Protocol):
    """A provider with an index of each bucket: :class:`.provider.StorageProvider`.

    Attributes
    ----------
    process
        What this process of Snakemake does.
    prefetcher
        Downloads inputs ahead.
    wait_for_free_local_storage
        Seconds to wait for space on the disk; None for no wait.
    """

    process: Process
    prefetcher: Prefetcher
    wait_for_free_local_storage: int | None

    def indexed_bucket(self, bucket: str) -> IndexedBucket:
        """Return a bucket with its index."""

    def look_into(self, bucket: str, name: str) -> None:
        """Ask a bucket for the first time."""

    @property
    def trust(self) -> Trust:
        """How old an answer may be."""

    @property
    def trust_in_times(self) -> Trust:
        """How old a time of modification may be."""

    @property
    def may_prefetch(self) -> bool:
        """Whether inputs are downloaded ahead."""

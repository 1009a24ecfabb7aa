"""Implement the storage provider: one client, and one index for each bucket."""

import os
import threading
from pathlib import Path
from typing import Any

import snakemake_storage_plugin_gcs as stock
from google.auth.exceptions import DefaultCredentialsError
from google.cloud import storage
from snakemake_interface_storage_plugins.storage_object import StorageObjectBase
from snakemake_interface_storage_plugins.storage_provider import StorageQueryValidationResult

from .bucket_client import Bucket
from .errors import SIGN_IN, StorageError
from .index import ALWAYS, Index, Trust
from .indexed_bucket import IndexedBucket
from .prefetch import Prefetcher
from .process_role import Process
from .provider_settings import StorageProviderSettings
from .retries import Repeat
from .storage_object import StorageObject

# Other machines write while jobs run: what was absent, or had a time, is asked again after this.
FRESH = 1.0
# Jobs that have just ended are asked about in turn, and each has files in several pages: a page
# has to last longer than it takes to list the others.
_PAGES, _LONGEST_FRESH = 10, 4.0


class StorageProvider(stock.StorageProvider):
    """Google Cloud Storage with as few requests as files are moved."""

    settings: StorageProviderSettings
    local_prefix: Path

    def __post_init__(self) -> None:
        if self.settings is None:
            self.settings = StorageProviderSettings()
        # Version 3 of the client asks for the bucket's description too, for traces that are off.
        os.environ.setdefault("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")
        try:
            self.client = storage.Client(project=self.settings.project)
        except DefaultCredentialsError as error:
            raise StorageError(f"There are no credentials for Google Cloud. {SIGN_IN}") from error
        self.process = Process()
        self.prefetcher = Prefetcher(self.settings.parallel_downloads)
        self._repeat = Repeat(self.settings.retries, self.logger)
        self._indexed: dict[str, IndexedBucket] = {}
        self._lock = threading.Lock()
        # A provider in use takes gs:// queries. The class does not, see there.
        self.__dict__["is_valid_query"] = self._takes

    @classmethod
    def is_valid_query(cls, query: str) -> StorageQueryValidationResult:
        """Say that a query is not ours, so that Snakemake infers the stock plugin from gs://.

        Snakemake asks the class only where a query comes without a provider, as in
        ``storage("gs://...")``, and refuses if two plugins claim it. The stock plugin is always
        installed with ours: workflows that rely on it are to go on as before. A provider that has
        been named, by ``--default-storage-provider`` or a ``storage`` directive, is asked itself
        and takes what the stock plugin takes.
        """
        return StorageQueryValidationResult(
            query=query,
            valid=False,
            reason="gcs-indexed is used where it is named: by --default-storage-provider "
            'gcs-indexed, or in the Snakefile by `storage NAME: provider="gcs-indexed"` and '
            "storage.NAME(...)",
        )

    def _takes(self, query: str) -> StorageQueryValidationResult:
        """Say whether this provider can serve a query: gs://BUCKET/NAME or gcs://BUCKET/NAME."""
        result = super().is_valid_query(query)
        if result and not query.partition("://")[2].partition("/")[0]:
            reason = "must name a bucket (gs://BUCKET/...)"
            return StorageQueryValidationResult(query=query, valid=False, reason=reason)
        return result

    @classmethod
    def get_storage_object_cls(cls) -> type[StorageObjectBase]:
        """Return our class of objects."""
        return StorageObject

    def indexed_bucket(self, bucket: str) -> IndexedBucket:
        """Return a bucket with its index, the same ones every time."""
        with self._lock:
            if bucket not in self._indexed:
                opened = Bucket(self.client, bucket, self.settings.project, self._repeat)
                self._indexed[bucket] = IndexedBucket(opened, Index(opened.page_from))
            found = self._indexed[bucket]
        # A worker asks for few names, far apart.
        found.index.wide = not self.process.is_worker
        return found

    def look_into(self, bucket: str, name: str) -> None:
        """Ask a bucket for the first time, for a name, while the workflow is read.

        A bucket that is missing, or closed to this account, is then one error. Later, Snakemake
        asks for many files at a time, and shows the error of each with its traceback. The answer
        is kept, as one to a question that follows. A worker asks for what its job needs only.
        """
        if bucket not in self._indexed and not self.process.is_worker:
            try:
                self.indexed_bucket(bucket).index.find(name)
            except StorageError as error:
                # Without the traceback, which Snakemake would print.
                raise StorageError(str(error)) from None

    @property
    def trust(self) -> Trust:
        """How old an answer may be at this point of the run."""
        if self.process.is_planning:
            return ALWAYS
        return Trust(self.settings.trust_seconds, self._fresh_seconds)

    @property
    def trust_in_times(self) -> Trust:
        """How old a time of modification may be at this point of the run."""
        fresh = self._fresh_seconds
        return ALWAYS if self.process.is_planning else Trust(fresh, fresh)

    @property
    def _fresh_seconds(self) -> float:
        with self._lock:
            pages = [found.index.page_seconds for found in self._indexed.values()]
        # Snakemake must look again after an answer has aged, before it takes a file for missing.
        longest = min(_LONGEST_FRESH, self.process.latency_wait - 1.0)
        return max(FRESH, min(_PAGES * max(pages, default=0.0), longest))

    @property
    def may_prefetch(self) -> bool:
        """Whether inputs are fetched ahead: not where each is to wait for space on the disk."""
        return self.process.is_worker and self.wait_for_free_local_storage is None

    def list_objects(self, query: Any) -> list[str]:
        """Return the names of all objects in the query's bucket."""
        bucket = str(query).partition("://")[2].partition("/")[0]
        return self.indexed_bucket(bucket).bucket.names("")

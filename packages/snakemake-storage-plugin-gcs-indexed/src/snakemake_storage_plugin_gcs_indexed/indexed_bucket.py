"""Keep a bucket with its index."""

from dataclasses import dataclass

from .bucket_client import Bucket
from .index import Index


@dataclass(frozen=True)
class IndexedBucket:
    """Where objects are, and the index that every request keeps up to date."""

    bucket: Bucket
    index: Index

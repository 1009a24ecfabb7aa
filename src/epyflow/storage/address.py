"""Open buckets by their address, and refuse addresses that programs read differently."""

import re
from typing import TYPE_CHECKING

from epyflow.errors import EpyflowError

if TYPE_CHECKING:
    from epyflow.storage.bucket import Bucket
    from epyflow.storage.s3 import S3Bucket

_AMBIGUOUS = frozenset("?#*{}[]")
"""Source: Cloud Storage, "Objects: naming" (https://cloud.google.com/storage/docs/objects#naming),
and the braces of Snakemake's wildcards."""


_BUCKET = re.compile("[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
"""Source: Cloud Storage, "About buckets: naming"; the rules of S3 are narrower."""


def confirm_unambiguous(prefix: str) -> None:
    """Refuse characters that address other files in another program."""
    if wrong := sorted(set(prefix) & _AMBIGUOUS):
        raise EpyflowError(
            f"default-storage-prefix {prefix!r} has {' '.join(wrong)}, which part of the programs "
            "take for the beginning of a query, a pattern or a wildcard; expected other characters"
        )


def confirm_address(prefix: str) -> None:
    """Refuse an address without a bucket, and folders that other programs resolve."""
    scheme, _, rest = prefix.partition("://")
    bucket, *folders = rest.rstrip("/").split("/")
    if not _BUCKET.fullmatch(bucket):
        raise EpyflowError(
            f"default-storage-prefix {prefix!r}: {bucket!r} is not the name of a bucket; expected "
            f"{scheme}://<bucket>/<prefix>, a name of 3 to 222 small letters, digits, '-', '_' and "
            "'.'"
        )
    if {"", ".", ".."} & set(folders):
        raise EpyflowError(
            f"default-storage-prefix {prefix!r} has a folder '.', '..' or without a name, which "
            "part of the programs resolve; expected other names"
        )
    if not rest.isprintable() or " " in rest:
        raise EpyflowError(
            f"default-storage-prefix {prefix!r} has a space or a control character; expected other "
            "characters"
        )


def s3_bucket(prefix: str) -> "S3Bucket":
    """Open a bucket of S3, if the packages for it are installed."""
    try:
        from epyflow.storage.s3 import S3Bucket  # slow to import, and a laptop does without
    except ImportError as problem:
        raise EpyflowError(
            f"results in S3 need the package boto3 ({problem}); run `make setup WITH=s3`, or "
            "install the dependency group `s3`"
        ) from problem
    return S3Bucket(prefix)


def google_bucket(prefix: str) -> "Bucket":
    """Open a bucket of Google, if the packages for it are installed."""
    try:
        from epyflow.storage.bucket import Bucket  # slow to import, and a laptop does without
    except ImportError as problem:
        raise EpyflowError(
            f"results in a bucket need the package google-cloud-storage ({problem}); run "
            "`make setup`, or install the dependency group `cloud`"
        ) from problem
    return Bucket(prefix)

"""Sign files with a key from Secret Manager: only tasks of this workflow can have written them."""

import hashlib
import hmac
import os
from pathlib import Path


def sign(path: str) -> str:
    """Return the HMAC-SHA256 of a file, in hexadecimal."""
    key = os.environ["REPORT_KEY"].encode()
    return hmac.new(key, Path(path).read_bytes(), hashlib.sha256).hexdigest()


def check(path: str, signature: str) -> None:
    """Refuse a file that was not signed with the key.

    Raises
    ------
    ValueError
        If the signature is another one.
    """
    if not hmac.compare_digest(sign(path), signature):
        raise ValueError(f"{path}: not written by the task that signed it. Train again.")

"""Check the checksum that an upload declares.

Source: cloud.google.com/storage/docs/data-validation#server-side
"""

import base64
import hashlib
from collections.abc import Mapping

import google_crc32c


def mismatch(declared: Mapping[str, object], content: bytes) -> str | None:
    """Return what the service says of content that is not what was declared; None if it is.

    Parameters
    ----------
    declared
        Description of the object: ``md5Hash`` and ``crc32c``, in Base64, either or none.
    content
        What has come.
    """
    if wanted := declared.get("md5Hash"):
        found = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
        if found != wanted:
            return f'Provided MD5 hash "{wanted}" doesn\'t match calculated MD5 hash "{found}".'
    if wanted := declared.get("crc32c"):
        value = int(google_crc32c.value(content))
        found = base64.b64encode(value.to_bytes(4, "big")).decode()
        if found != wanted:
            return f'Provided CRC32C "{wanted}" doesn\'t match calculated CRC32C "{found}".'
    return None

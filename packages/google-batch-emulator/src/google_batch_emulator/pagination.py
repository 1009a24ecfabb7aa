"""Split lists into pages; a page token holds the position and the query."""

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from typing import TypeVar

from google_batch_emulator.errors import invalid

Item = TypeVar("Item")

MAX_PAGE_SIZE = 1000


def page(
    items: Sequence[Item], size: int, token: str, default_size: int, query: str
) -> tuple[Sequence[Item], str]:
    """Return one page of a list.

    Parameters
    ----------
    items
        The whole list, in an order that does not change between the pages.
    size
        Items asked for; 0 means the default, more than 1,000 means 1,000.
    token
        ``next_page_token`` of the page before; empty for the first.
    default_size
        Items on a page if the request does not say.
    query
        Parent, filter and order. A token is good for the query that it was made for.

    Returns
    -------
    items
        Those on the page.
    next_token
        Empty on the last page.

    Raises
    ------
    ApiError
        INVALID_ARGUMENT, if the size is negative or the token is not one of this query.
    """
    if size < 0:
        raise invalid(f"page_size {size} is negative.")
    mark = hashlib.sha256(query.encode()).hexdigest()[:16]
    start = _start(token, mark) if token else 0
    end = start + min(size or default_size, MAX_PAGE_SIZE)
    following = _token(end, mark) if end < len(items) else ""
    return items[start:end], following


def _token(start: int, mark: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([start, mark]).encode()).decode()


def _start(token: str, mark: str) -> int:
    try:
        start, made_for = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (binascii.Error, ValueError, TypeError):
        start, made_for = None, None
    if not isinstance(start, int) or made_for != mark:
        raise invalid("page_token is invalid, or was made for another query.")
    return start

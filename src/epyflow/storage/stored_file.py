"""Describe a file in the listing of a storage: size and time."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Stored:
    """A file in a listing.

    Attributes
    ----------
    size
        In bytes.
    modified
        When it was last written, in UTC.
    """

    size: int
    modified: datetime

"""Size and time of a file, as a listing of a storage gives them."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Stored:
    """What a listing says of a file.

    Attributes
    ----------
    size
        In bytes.
    modified
        When it was last written, in UTC.
    """

    size: int
    modified: datetime

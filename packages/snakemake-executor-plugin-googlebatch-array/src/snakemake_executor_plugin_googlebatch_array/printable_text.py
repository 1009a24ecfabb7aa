"""Escape what tasks, services and names of files say, for a terminal."""

import re

_CONTROL = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""Characters that change what a terminal shows, except the tab, and lone surrogates.

Sources: ECMA-48 (control characters); Unicode Standard Annex 9 (direction of text).
"""


def printable(text: str) -> str:
    r"""Return one line in which characters that a terminal obeys are escaped: ``\x1b``."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)

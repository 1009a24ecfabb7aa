"""Let a forked run find the disk full when it writes certain files."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

VARIABLE = "FULL_DISK"
"""Variable of a run: the pattern of names of the files that do not fit on the disk."""


def install(environment: Mapping[str, str]) -> None:
    """Let this process, and its forks, write such files to ``/dev/full``."""
    pattern, plain = environment[VARIABLE], Path.open

    def open_(self: Path, mode: str = "r", *more: Any, **options: Any) -> Any:
        full = mode.startswith("w") and fnmatchcase(self.name, pattern)
        return plain(Path("/dev/full") if full else self, mode, *more, **options)

    Path.open = open_  # type: ignore[method-assign, assignment]

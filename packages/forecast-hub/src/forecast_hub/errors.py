"""Define the errors that a user can correct.

A message names the file, and says what is wrong and what is expected.
"""

from collections.abc import Sequence

MOST_LINES = 60
"""Lines of a message: the same mistake may be in thousands of keys, files or tasks."""

_LONGEST, _START, _END = 2_000, 1_200, 600
"""Characters of a line of a message, and of what is left of a longer one."""


def shorten(message: str) -> str:
    """Leave out the middle of long lines, and lines before the last if there are too many.

    A message repeats values of files, which may be long.
    """
    if len(message) <= _LONGEST and "\n" not in message:
        return message
    return "\n".join(
        line if len(line) <= _LONGEST else f"{line[:_START]} [...] {line[-_END:]}"
        for line in first_lines(message.split("\n"))
    )


def first_lines(lines: Sequence[str]) -> list[str]:
    """Return at most :data:`MOST_LINES` lines: the first, the number of the others, the last."""
    if len(lines) <= MOST_LINES:
        return list(lines)
    *first, last = [*lines[: MOST_LINES - 2], lines[-1]]
    return [*first, f"[... {len(lines) - MOST_LINES + 1:,} more lines ...]", last]


class HubError(Exception):
    """Base of every error that this package raises for a mistake in files or arguments."""

    def __init__(self, message: str = "") -> None:
        super().__init__(shorten(message))


class UnreadableError(HubError):
    """A file or folder that was named is missing or cannot be read."""


class DataError(HubError):
    """A file of forecasts, observations or locations has wrong or missing content."""


class YamlError(HubError):
    """A text is not YAML, or above a limit; carries line and column, 0 for the whole file."""

    def __init__(self, what: str, line: int = 0, column: int = 0) -> None:
        super().__init__(f"line {line}, column {column}: {what}" if line else what)
        self.what, self.line, self.column = what, line, column

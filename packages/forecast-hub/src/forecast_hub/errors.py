"""Define the errors that a user can correct.

A message names the file, and says what is wrong and what is expected.
"""

_LONGEST, _START, _END = 2_000, 1_200, 600
"""Characters of a line of a message, and of what is left of a longer one."""


def shorten(message: str) -> str:
    """Leave out the middle of long lines: a message repeats values of files, which may be long."""
    return "\n".join(
        line if len(line) <= _LONGEST else f"{line[:_START]} [...] {line[-_END:]}"
        for line in message.split("\n")
    )


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

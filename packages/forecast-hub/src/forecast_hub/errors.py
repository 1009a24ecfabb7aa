"""Define the errors that a user can correct.

A message names the file, and says what is wrong and what is expected.
"""


class HubError(Exception):
    """Base of every error that this package raises for a mistake in files or arguments."""


class UnreadableError(HubError):
    """A file or folder that was named is missing or cannot be read."""


class DataError(HubError):
    """A file of forecasts, observations or locations has wrong or missing content."""


class YamlError(HubError):
    """A text is not YAML, or above a limit; carries line and column, 0 for the whole file."""

    def __init__(self, what: str, line: int = 0, column: int = 0) -> None:
        super().__init__(f"line {line}, column {column}: {what}" if line else what)
        self.what, self.line, self.column = what, line, column

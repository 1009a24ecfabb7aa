"""Define the errors that a user can correct.

A message names the file, and says what is wrong and what is expected.
"""


class HubError(Exception):
    """Base of every error that this package raises for a mistake in files or arguments."""


class UnreadableError(HubError):
    """A file or folder that was named is missing or cannot be read."""


class DataError(HubError):
    """A file of forecasts, observations or locations has wrong or missing content."""

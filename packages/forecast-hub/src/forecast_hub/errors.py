"""Errors that a user can mend: the message names the file, what is wrong and what is expected."""


class HubError(Exception):
    """Base of every error that this package raises for a mistake in files or arguments."""


class UnreadableError(HubError):
    """A file or folder that was asked for is not there or cannot be read."""


class DataError(HubError):
    """A file of forecasts, observations or locations does not hold what it should."""

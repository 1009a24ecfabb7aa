"""What is wrong with a hub's own files, as far as the user can mend it."""

from epyflow.errors import EpyflowError


class HubError(EpyflowError):
    """A hub's configuration does not hold what it should, or does not cover what is asked."""

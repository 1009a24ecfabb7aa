"""Let a mistake of the user be a message of Snakemake, without lines of code around it."""

import logging
from typing import TYPE_CHECKING

from snakemake.logging import logger
from snakemake_interface_common.exceptions import ApiError

from epyflow.logs import ignore_full_disk


class RefusalError(ApiError):
    """A mistake of the user, of which Snakemake prints ``Error:`` and the message alone.

    Of other errors it lists the lines of the rules that they passed, by the traceback, which this
    class says it does not have.
    """

    if not TYPE_CHECKING:
        __traceback__ = property(lambda _: None, lambda *_: None)


def ignore_full_disk_in_log() -> None:
    """Let Snakemake's log, which is on the terminal too, end at a full disk without a traceback."""
    for handler in logger.handlers:
        if isinstance(handler, logging.FileHandler):
            ignore_full_disk(handler)

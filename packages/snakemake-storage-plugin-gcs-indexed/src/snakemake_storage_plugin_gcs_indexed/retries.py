"""Repeat requests whose error may pass."""

import logging
from collections.abc import Callable
from typing import TypeVar

import snakemake_storage_plugin_gcs as stock
from google.api_core import exceptions as api
from google.api_core import retry

from .errors import DamagedTransferError, brief

T = TypeVar("T")

FIRST_WAIT = 0.5
LONGEST_WAIT = 32.0
# Beyond this many seconds no request is repeated, whatever number of times is left.
DEADLINE = 900.0

PASSING = (ConnectionError, DamagedTransferError, api.BadGateway, api.GatewayTimeout)


def passes(error: Exception) -> bool:
    """Whether the same request may succeed if it is made again.

    The stock plugin names 429, 500, 503 and broken connections; to these come 408, 502, 504 and
    damaged transfers. Source: https://cloud.google.com/storage/docs/retry-strategy.
    """
    if isinstance(error, PASSING) or stock.google_cloud_retry_predicate(error):
        return True
    return isinstance(error, api.GoogleAPICallError) and error.code == 408


class Repeat:
    """Calls a function until it succeeds, its error will not pass, or its chances are used up.

    Parameters
    ----------
    times
        How often a call is repeated at most.
    logger
        Told of every repetition.
    """

    def __init__(self, times: int, logger: logging.Logger) -> None:
        self.times = times
        self.logger = logger

    def __call__(self, what: str, call: Callable[[], T]) -> T:
        """Return what ``call`` returns; ``what`` names it in the log.

        Raises
        ------
        Exception
            The last one of ``call``.
        """
        left = self.times

        def again(error: Exception) -> bool:
            nonlocal left
            left -= 1
            return left >= 0 and passes(error)

        def tell(error: Exception) -> None:
            self.logger.warning(f"Trying again to {what}: {brief(error)}")

        policy = retry.Retry(
            predicate=again,
            initial=FIRST_WAIT,
            maximum=LONGEST_WAIT,
            multiplier=2.0,
            timeout=DEADLINE,
            on_error=tell,
        )
        try:
            return policy(call)()
        except api.RetryError as error:
            raise error.cause if error.cause is not None else error from None

"""Delete Batch jobs, with a limit in time."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

from google.api_core import exceptions as google

from .outcomes import STOPPING

_AT_ONCE = 16
_PAUSE = 0.5
_REASON = "Snakemake was interrupted."


def delete_all(
    api: Any,
    names: Sequence[str],
    seconds: float,
    now: Callable[[], float] = time.monotonic,
) -> dict[str, str]:
    """Delete jobs, many at a time, repeating what fails, until they are gone or time is up.

    Deleting a live job stops its tasks (https://cloud.google.com/batch/docs/delete-job).
    NOT_FOUND is not believed at once: it may be a moment's lie, so we look for the job.

    Parameters
    ----------
    api
        The :class:`~.api.BatchApi`.
    names
        Full names of the jobs.
    seconds
        When to give up.

    Returns
    -------
    The jobs that may still run, with the last error.
    """
    # Jobs whose turn does not come are not gone either.
    errors = dict.fromkeys(names, "no answer")
    if not names:
        return errors
    give_up = threading.Event()
    deadline = now() + seconds
    pool = ThreadPoolExecutor(min(_AT_ONCE, len(names)), thread_name_prefix="googlebatch-delete")
    try:
        more = (errors, lambda: deadline - now(), give_up)
        wait([pool.submit(_remove, api, name, *more) for name in names], timeout=seconds)
    finally:
        give_up.set()
        pool.shutdown(wait=False, cancel_futures=True)
    return dict(errors)


def _remove(
    api: Any,
    name: str,
    errors: dict[str, str],
    seconds_left: Callable[[], float],
    give_up: threading.Event,
) -> None:
    """Delete one job, with growing pauses; what is in ``errors`` is not gone."""
    pause = _PAUSE
    while seconds_left() > 0 and not give_up.is_set():
        problem = _delete_once(api, name)
        if problem is None:
            errors.pop(name, None)
            return
        errors[name] = problem
        give_up.wait(min(pause, max(0.0, seconds_left())))
        pause = min(2 * pause, 5.0)


def _delete_once(api: Any, name: str) -> str | None:
    """Ask for the deletion; return what is wrong, None if the job is gone or about to be."""
    try:
        api.delete(name, _REASON)
    except google.NotFound:
        problem = "NOT_FOUND"
    except Exception as error:
        problem = f"{type(error).__name__}: {error}"
    else:
        return None
    try:
        job = api.get(name)
    except google.NotFound:
        return None if problem == "NOT_FOUND" else problem
    except Exception:
        return problem
    return None if job.status.state in STOPPING else problem

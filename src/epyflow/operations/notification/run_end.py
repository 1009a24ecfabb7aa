"""Notify of the end of a run whose coordinator is a process on one's own machine."""

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from epyflow.logs import cause_of
from epyflow.operations.notification.channels import notify
from epyflow.operations.notification.message import End, Places, message
from epyflow.operations.notification.receivers import channels_of_run
from epyflow.operations.runs.coordinator_record import JOB_VARIABLE
from epyflow.run.layout import RunLayout
from epyflow.run.settings import Settings
from epyflow.storage.disk import storage_at


def check_receivers(settings: Settings, environment: Mapping[str, str] = os.environ) -> None:
    """Refuse receivers that cannot be notified, before the run starts.

    Raises
    ------
    EpyflowError
        From :func:`epyflow.operations.notification.receivers.channels_of_run`.
    """
    if JOB_VARIABLE not in environment:
        channels_of_run(settings, environment)


def notify_run_end(
    settings: Settings,
    layout: RunLayout,
    end: End,
    started: str,
    prefix: str | None,
    log: str | None,
    say: Callable[[str], None],
    environment: Mapping[str, str] = os.environ,
) -> None:
    """Send a message to the receivers of a run; a failure is reported and raises nothing.

    A coordinator that is a job of Google Batch sends its own message, to the receivers of its site.

    Parameters
    ----------
    settings, layout
        Of the run.
    end
        How it ended.
    started
        Time of the start, ISO 8601 with a time zone.
    prefix
        Default storage prefix; None if results are on disk.
    log
        Snakemake's own log.
    say
        Told of what failed.
    environment
        Environment variables.
    """
    if JOB_VARIABLE in environment:
        return
    try:
        channels = channels_of_run(settings, environment)
        if not channels:
            return
        begin, now = datetime.fromisoformat(started), datetime.now(UTC)
        results = f"{prefix.rstrip('/')}/{layout.results}" if prefix else str(_full(layout.results))
        places = Places(results, str(_full(log)) if log else "none")
        storage = storage_at(prefix)
        told = message(layout.exp_id, layout.run_id, end, begin, now, places, storage)
    except Exception as error:  # no failure of a notification may end a run
        say(f"No notification was sent: {cause_of(error)}")
        return
    notify(told, channels, say)


def _full(path: str) -> Path:
    return Path(path).absolute()

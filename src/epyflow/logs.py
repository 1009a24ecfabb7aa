"""Log a job's messages to its file, report errors, and log the progress of long work."""

import gc
import json
import logging
import os
import re
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from epyflow.errors import EpyflowError

_PACKAGES = ("epyflow", "forecast_hub")
"""Packages whose messages are kept."""

_ON_GOOGLE_BATCH = "BATCH_TASK_INDEX"
"""A variable that Google Batch sets for every task."""


LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
"""The levels of messages, the lowest first. Cloud Logging has severities of the same names."""

HAS_ERROR = re.compile(
    rb'^(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} |\{"time": "[^"]{1,40}", "level": ")'
    rb"(?:ERROR|CRITICAL)\b",
    re.MULTILINE,
)
"""Matches a message of an error in either format."""


@contextmanager
def log_to(path: str | Path, fields: Mapping[str, Any] | None = None) -> Iterator[None]:
    """Write the messages of epyflow's packages to a file while the block runs; times are in UTC.

    On Google Batch they go to standard error too: the file reaches the bucket when the job has
    ended, but standard error can be read before.

    An error ends the process with exit code 1 and one message on standard error. The file has the
    same message if the user can correct the error, otherwise the traceback.

    Parameters
    ----------
    path
        The log file; it is overwritten. What a full disk does not take is left out.
    fields
        None for lines of text. Otherwise a message is a JSON object on one line, with these fields
        besides ``time``, ``level``, ``severity`` (the level again, in the field from which Cloud
        Logging takes it) and ``message``.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    file = logging.FileHandler(path, mode="w", encoding="utf-8")
    ignore_full_disk(file)
    handlers: list[logging.Handler] = [file]
    if _ON_GOOGLE_BATCH in os.environ:
        handlers.append(logging.StreamHandler(sys.stderr))
    formatter = _text_formatter() if fields is None else _JsonFormatter(fields)
    loggers = [logging.getLogger(name) for name in _PACKAGES]
    levels = [logger.level for logger in loggers]
    for handler in handlers:
        handler.setFormatter(formatter)
    for logger in loggers:
        for handler in handlers:
            logger.addHandler(handler)
        logger.setLevel(logging.INFO)
    try:
        yield
    except EpyflowError as error:
        loggers[0].error("%s", error)
        sys.stderr.write(f"epyflow: {error}\n")
        raise SystemExit(1) from None
    except Exception as error:
        loggers[0].error("%s", traceback.format_exc())
        sys.stderr.write(f"epyflow: {cause_of(error)}; traceback in {path}\n")
        raise SystemExit(1) from None
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
            for handler in handlers:
                logger.removeHandler(handler)
        for handler in handlers:
            with suppress(OSError):  # on a full disk, what was not written
                handler.close()
        # The process ends soon: it need not search all that it has imported for garbage.
        gc.freeze()


def ignore_full_disk(handler: logging.Handler) -> None:
    """Let a handler leave out what it cannot write, in place of a traceback on standard error.

    What needs the disk fails with a message of its own. Other errors are shown as before.
    """
    show = handler.handleError

    def handle(record: logging.LogRecord) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            show(record)

    handler.handleError = handle  # type: ignore[method-assign]


def _text_formatter() -> logging.Formatter:
    formatter = logging.Formatter("%(asctime)s %(levelname)s %(message)s")
    formatter.converter = time.gmtime
    return formatter


class _JsonFormatter(logging.Formatter):
    def __init__(self, fields: Mapping[str, Any]) -> None:
        super().__init__()
        self._fields = dict(fields)

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC)
        head = {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "severity": record.levelname,
            "message": record.getMessage(),
        }
        return json.dumps({**head, **self._fields})


def as_text(line: str) -> str:
    """Return a message that :func:`log_to` wrote as a JSON object as text, maybe of several lines.

    Any other line is returned unchanged: it may be an output of another program, such as JSON
    without spaces.
    """
    if not (line.startswith("{") and '"level": "' in line):
        return line
    try:
        return message_text(json.loads(line)) or line
    except (ValueError, RecursionError):
        return line


def message_text(content: Any) -> str | None:
    """Return the content of a JSON message as text; None if it is no message of these packages."""
    if not isinstance(content, Mapping):
        return None
    level, message = content.get("level"), content.get("message")
    if level not in LEVELS or not isinstance(message, str):
        return None
    try:
        moment = datetime.fromisoformat(str(content.get("time"))).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return f"{moment:%Y-%m-%d %H:%M:%S},{moment.microsecond // 1000:03d} {level} {message}"


def cause_of(error: Exception) -> str:
    """Return an error as one message; it names the class unless the user can correct the error."""
    notes = [f"{note}: " for note in getattr(error, "__notes__", ())]
    kind = "" if isinstance(error, EpyflowError) else f"{type(error).__name__}: "
    return f"{''.join(notes)}{kind}{error}"


class Progress:
    """Log the progress of long work at intervals, and its end.

    Parameters
    ----------
    log
        The logger.
    what
        Name of a unit of work, such as ``member``.
    total
        Number of units.
    every
        Seconds between two lines.
    """

    def __init__(self, log: logging.Logger, what: str, total: int, every: float = 10.0) -> None:
        self._log = log
        self._what = what
        self._total = total
        self._every = every
        self._done = self._told = 0
        self._start = self._last = time.monotonic()

    def step(self) -> None:
        """Count one unit as done."""
        self._done += 1
        now = time.monotonic()
        if now - self._last < self._every and self._done < self._total:
            return
        self._last, self._told = now, self._done
        elapsed = now - self._start
        left = elapsed / self._done * (self._total - self._done)
        self._log.info(
            "%s %d of %d, %.1f s, %.0f s left", self._what, self._done, self._total, elapsed, left
        )

    def wait(self, tell: Callable[[], str]) -> None:
        """Log what goes on while no unit is done; a warning if none was since the last line."""
        now = time.monotonic()
        if now - self._last < self._every:
            return
        level = logging.WARNING if self._done == self._told else logging.INFO
        self._last, self._told = now, self._done
        text = "%s %d of %d, %.1f s: %s"
        self._log.log(level, text, self._what, self._done, self._total, now - self._start, tell())

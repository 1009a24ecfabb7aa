"""Read the time and level of log lines, and select lines."""

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Literal

from epyflow.errors import EpyflowError
from epyflow.files import CONTROL_CHARACTERS
from epyflow.logs import LEVELS, as_text

Level = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]

_HEAD = re.compile(rf"(\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d),(\d{{3}}) ({'|'.join(LEVELS)}) ")
_LONGEST, _START, _END = 2_000, 1_200, 600
"""Characters of a line, and of what is left of a longer one."""
_AGO = re.compile(r"(\d+(?:\.\d+)?)([smhd])")
_LONGEST_DURATION = timedelta(days=36525)
"""A century: a time so long ago is one of the calendar."""

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Filter:
    """Selects lines of one log, in their order.

    A line of :func:`epyflow.logs.log_to` begins with the time in UTC and the level. A line without
    them, as of a traceback, belongs to the line before it. At the start of a log its level counts
    as INFO, and its time as that of the log.

    Parameters
    ----------
    since
        Earliest time; None for all.
    level
        Lowest level; None for all.
    modified
        Time of the log's last change.
    """

    def __init__(
        self, since: datetime | None, level: str | None, modified: datetime | None = None
    ) -> None:
        self._since, self._level = since, LEVELS.index(level or LEVELS[0])
        self._wanted = self._judge(modified, "INFO")

    def wants(self, line: str) -> bool:
        """Return whether the next line of the log is selected."""
        head = _HEAD.match(line)
        if head is not None:
            self._wanted = self._judge(_moment(head), head[3])
        return self._wanted

    def _judge(self, written: datetime | None, level: str) -> bool:
        late = self._since is None or written is None or written >= self._since
        return late and LEVELS.index(level) >= self._level


def log_text(data: bytes) -> str:
    """Return lines of a log as text; messages may be text or JSON objects."""
    lines = data.decode("utf-8", errors="replace").splitlines()
    return "\n".join(map(as_text, lines))


def is_message(line: str) -> bool:
    """Return whether a line starts a message of :func:`epyflow.logs.log_to`."""
    return _HEAD.match(line) is not None


def parse_since(text: str, now: datetime) -> datetime:
    """Read ``10m``, ``2h``, ``1.5d``, or an ISO 8601 time, in UTC unless it has a time zone.

    Raises
    ------
    EpyflowError
        If it is neither.
    """
    ago = _AGO.fullmatch(text.strip())
    if ago is not None:
        return now - parse_duration(text)
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise EpyflowError(
            f"since {text!r}: expected an age, such as 30s, 10m, 2h or 7d, or a time, such as "
            "2030-03-17T14:00"
        ) from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def parse_duration(text: str) -> timedelta:
    """Read a duration: ``30s``, ``10m``, ``2h``, ``7d``.

    Raises
    ------
    EpyflowError
        If it is not a duration.
    """
    found = _AGO.fullmatch(text.strip())
    if found is None:
        raise EpyflowError(f"{text!r} is not a duration; expected for example 30s, 10m, 2h or 7d")
    with suppress(OverflowError):
        duration = timedelta(**{_UNITS[found[2]]: float(found[1])})
        if duration <= _LONGEST_DURATION:
            return duration
    raise EpyflowError(
        f"{text!r} is too long a duration; expected at most {_LONGEST_DURATION.days:,}d"
    )


def printable(line: str) -> str:
    r"""Return one line in which characters that a terminal obeys are escaped: ``\x1b``."""
    return CONTROL_CHARACTERS.sub(lambda found: found[0].encode("unicode_escape").decode(), line)


def shorten_line(line: str, where: str) -> str:
    """Return a line; of a long one the beginning and the end, and ``where`` the whole is."""
    if len(line) <= _LONGEST:
        return line
    left = f"[... {len(line) - _START - _END:,} characters left out: {where} ...]"
    return f"{line[:_START]} {left} {line[-_END:]}"


def shorten_command(words: Sequence[str], where: str) -> list[str]:
    """Return the words of a command; of many the first and the last, and ``where`` the others are.

    A long word is shortened, too.
    """
    words = [shorten_line(word, where) for word in words]
    if sum(map(len, words)) <= _LONGEST:
        return words
    first = _fitting(words, _START)
    last = _fitting(words[len(first) :][::-1], _END)[::-1]
    left = f"[... {len(words) - len(first) - len(last):,} words left out: {where} ...]"
    return [*first, left, *last]


def _fitting(words: Sequence[str], most: int) -> list[str]:
    ends = accumulate(map(len, words))
    return [word for word, end in zip(words, ends, strict=True) if end <= most]


def _moment(head: re.Match[str]) -> datetime | None:
    try:
        at = datetime.fromisoformat(head[1])
    except ValueError:
        return None
    return at.replace(microsecond=1000 * int(head[2]), tzinfo=UTC)

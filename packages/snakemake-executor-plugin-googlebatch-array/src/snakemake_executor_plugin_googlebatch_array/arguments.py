"""Split Snakemake's command into a list of arguments, so that no shell reads it.

Snakemake builds the command of a spawned job as one text and quotes values with ``repr``. Handed
to a shell, a value with an apostrophe ends up between double quotes, where ``$(...)`` is executed.
The coordinator splits the text once and passes the arguments as data.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from .errors import SettingError

_TOKEN = re.compile(
    r"""
    (?P<single> '(?:[^'\\]|\\.)*' )
  | (?P<double> "(?:[^"\\]|\\.)*" )
  | (?P<space>  \s+ )
  | (?P<plain>  [^\s'"]+ )
  | (?P<stray>  ['"] )
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r"}


class Factored(NamedTuple):
    """Argument lists that share a beginning and an end.

    ``head + middles[i] + tail`` is the i-th list.
    """

    head: tuple[str, ...]
    middles: tuple[tuple[str, ...], ...]
    tail: tuple[str, ...]


def split_arguments(text: str) -> list[str]:
    """Split a command line made by Snakemake into its arguments.

    Between quotes the escapes are those of Python's ``repr``, which is what Snakemake quotes
    with; pieces without white space between them are one argument, as in a shell. Nothing is
    expanded.

    Raises
    ------
    SettingError
        If a quotation mark is not closed. Guessing would run another command than meant.
    """
    arguments: list[str] = []
    open_argument = False
    for match in _TOKEN.finditer(text):
        kind, piece = match.lastgroup, match.group()
        if kind == "space":
            open_argument = False
            continue
        if kind == "stray":
            raise SettingError(
                f"Quotation mark {piece} at character {match.start()} of a Snakemake command is "
                "not closed. Look for unusual quotes in --config, --configfiles or wildcards."
            )
        value = piece if kind == "plain" else _unescape(piece[1:-1])
        if open_argument:
            arguments[-1] += value
        else:
            arguments.append(value)
        open_argument = True
    return arguments


def factor(lists: Sequence[Sequence[str]]) -> Factored:
    """Separate what all argument lists begin and end with from what differs.

    An array of tasks names the common part once; a job definition is limited to 1 MB
    (https://cloud.google.com/batch/quotas).
    """
    if not lists:
        raise SettingError("Expected at least one argument list, got none.")
    head = _common_start(lists)
    rest = [each[len(head) :] for each in lists]
    tail = tuple(reversed(_common_start([each[::-1] for each in rest])))
    middles = tuple(tuple(each[: len(each) - len(tail)]) for each in rest)
    return Factored(head, middles, tail)


def _common_start(lists: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return the longest beginning that all lists share."""
    # Whatever the smallest and the largest share, all between them share.
    first, last = min(lists, key=list), max(lists, key=list)
    length = 0
    while length < min(len(first), len(last)) and first[length] == last[length]:
        length += 1
    return tuple(first[:length])


def _unescape(text: str) -> str:
    """Undo the escapes of ``repr``."""

    def character(match: re.Match[str]) -> str:
        code = match.group(1)
        if len(code) > 1:
            return chr(int(code[1:], 16))
        return _LETTERS.get(code, code)

    return _ESCAPE.sub(character, text)

"""Print answers, tables and errors of the commands, and end them with an exit code.

Answers go to standard output, everything else to standard error: piped output stays whole. All text
of the commands is printed here: names and records from a bucket may hold characters that a terminal
obeys, and these are escaped.
"""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from textwrap import indent
from typing import Any, Literal, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from epyflow.errors import EpyflowError, UnreadableError
from epyflow.operations.runs.log_lines import printable
from forecast_hub.atomic_files import TEMPORARY

Column = Literal["word", "number", "text"]
"""A word is not wrapped, a number stands on the right, a text is wrapped where it must be."""


class ExitCode(IntEnum):
    """The exit codes of every command; the ``--help`` of each says when it uses them."""

    OK = 0
    """The command did what it was asked for."""
    PROBLEM = 1
    """It found something wrong, refused, failed or left over, or nothing that matches."""
    UNREADABLE = 2
    """An option is wrong, or something named is missing or cannot be read or written."""
    NOT_DONE = 3
    """Nothing was changed: not confirmed, or a run is still under way."""
    ABANDONED = 4
    """The run is not complete, and no coordinator works on it."""


EXIT_CODES = (
    "Exit codes: 0 done; 1 something is wrong, refused or failed, or nothing matches; 2 an option "
    "is wrong, or something cannot be read or written; 3 not confirmed, or a run is under way; 4 a "
    "run is not complete and has no coordinator. The help of each command says which it uses."
)
"""The same for the help of ``epyflow``."""


def say(*lines: str, err: bool = False) -> None:
    """Print lines, each as one line: line ends and control characters in it are escaped."""
    typer.echo("\n".join(map(printable, lines)), err=err)


def warn(message: str) -> None:
    """Print a message, which may have several lines, to standard error."""
    say(*message.split("\n"), err=True)


def fail(message: str, code: ExitCode) -> NoReturn:
    """Print a message to standard error and end the command."""
    warn(message)
    raise typer.Exit(code) from None


@contextmanager
def exit_on_error(
    code: ExitCode = ExitCode.UNREADABLE,
    *,
    codes: Mapping[type[EpyflowError], ExitCode] | None = None,
    document: Mapping[str, Any] | None = None,
) -> Iterator[None]:
    """End the command with the message of an error in the block, without a traceback.

    Parameters
    ----------
    code
        The exit code. For an UnreadableError it is always ``UNREADABLE``.
    codes
        Exit codes of other classes of errors.
    document
        With ``--format json``: printed to standard output with the message as ``unreadable``, in
        place of the message.
    """
    try:
        yield
    except EpyflowError as error:
        special = {UnreadableError: ExitCode.UNREADABLE} | dict(codes or {})
        found = next((each for kind, each in special.items() if isinstance(error, kind)), code)
        if document is None:
            fail(str(error), found)
        print_json({**document, "unreadable": str(error)})
        raise typer.Exit(found) from None
    except OSError as error:
        if error.filename is None:  # such as a closed pipe: `epyflow status RUN | head -1`
            raise
        with exit_on_error(document=document):
            raise unreadable_name(error) from None


def unreadable_name(error: OSError) -> Exception:
    """Return the error about a name that the system refuses, or the same error if it has none."""
    if error.filename is None:
        return error
    path = Path(os.fsdecode(error.filename))
    if temporary := TEMPORARY.fullmatch(path.name):
        path = path.with_name(temporary[1])
    return UnreadableError(f"{path}: cannot be read or written: {error.strerror}")


def confirm_or_exit(subject: str, lines: list[str], question: str, *, yes: bool) -> None:
    """Show what would be ended or removed, and ask.

    Parameters
    ----------
    subject
        Printed before each line.
    lines
        What would happen; without any, nothing is asked.
    question
        The question for yes or no.
    yes
        Whether ``--yes`` was given: nothing is asked. It is needed where there is no terminal.
    """
    if not lines or yes:
        return
    for line in lines:
        say(f"{subject}: {line}", err=True)
    if not sys.stdin.isatty():
        fail(
            "nothing was done; expected --yes where there is no terminal to ask on",
            ExitCode.NOT_DONE,
        )
    if not typer.confirm(question, err=True):
        raise typer.Exit(ExitCode.NOT_DONE)


def at_a_terminal() -> bool:
    """Return whether a person can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def confirm_on_terminal(question: str, *, yes: bool) -> None:
    """Ask a question on a terminal; without one, or with ``--yes``, go on."""
    if not yes and at_a_terminal() and not typer.confirm(question, err=True):
        fail("nothing was done", ExitCode.NOT_DONE)


def print_json(document: object, indent: int | None = 2) -> None:
    """Print a document, indented; without ``indent`` on one line."""
    # JSON escapes control characters but this one.
    typer.echo(json.dumps(document, indent=indent).replace("\x7f", "\\u007f"))


def print_json_list(documents: Iterable[object]) -> None:
    """Print a list of documents as :func:`print_json` does, one at a time."""
    mark = "["
    for document in documents:
        text = indent(json.dumps(document, indent=2), "  ").replace("\x7f", "\\u007f")
        typer.echo(f"{mark}\n{text}", nl=False)
        mark = ","
    typer.echo("[]" if mark == "[" else "\n]")


def console(width: int = 200) -> Console:
    """Return a console for standard output.

    Parameters
    ----------
    width
        Columns where it is no terminal: tables are not cut to the width of one.
    """
    # Square brackets and colons in names are neither markup nor emoji.
    found = Console(markup=False, emoji=False)
    return found if found.is_terminal else Console(width=width, markup=False, emoji=False)


class EscapedTable(Table):
    """A table whose texts are shown as they are, and are escaped."""

    def __init__(self, *, title: str | None = None, **options: Any) -> None:
        super().__init__(title=title and _cell(title), **options)

    def add_row(self, *cells: Any, **options: Any) -> None:
        """Add a row of texts."""
        super().add_row(*map(_cell, cells), **options)


def _cell(content: str | Text) -> Text:
    """Return a cell; a text of several lines keeps them, and its style."""
    if isinstance(content, str):
        return Text(printable(content))
    escaped = "\n".join(map(printable, content.plain.split("\n")))
    return content if escaped == content.plain else Text(escaped, style=content.style)


def plain_table(columns: Mapping[str, Column]) -> Table:
    """Return a table without lines, whose columns can be cut by ``awk``."""
    table = EscapedTable(box=None, padding=(0, 2, 0, 0), show_edge=False)
    for name, kind in columns.items():
        table.add_column(
            name,
            no_wrap=kind == "word",
            justify="right" if kind == "number" else "left",
            overflow="fold",
        )
    return table

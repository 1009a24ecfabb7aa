import errno
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer
from rich.text import Text

from epyflow.cli import app, output
from epyflow.cli.output import (
    ExitCode,
    confirm_or_exit,
    console,
    exit_on_error,
    plain_table,
    print_json,
    say,
)
from epyflow.errors import DataError, EpyflowError, PopulationError, UnreadableError


def code_of(error: Exception, **options: object) -> int:
    """Return the exit code with which a block ends that raises an error."""
    with pytest.raises(typer.Exit) as caught, exit_on_error(**options):
        raise error
    return caught.value.exit_code


def test_the_exit_codes_are_those_that_scripts_know():
    assert {code.name: int(code) for code in ExitCode} == {
        "OK": 0,
        "PROBLEM": 1,
        "UNREADABLE": 2,
        "NOT_DONE": 3,
        "ABANDONED": 4,
    }


def test_an_error_is_printed_to_standard_error_and_ends_with_its_code(capsys):
    assert code_of(DataError("data.csv: line 3: no date")) == 2
    assert capsys.readouterr() == ("", "data.csv: line 3: no date\n")

    assert code_of(DataError("x"), code=ExitCode.PROBLEM) == 1
    assert code_of(UnreadableError("x"), code=ExitCode.PROBLEM) == 2
    assert code_of(DataError("x"), codes={DataError: ExitCode.NOT_DONE}) == 3
    assert code_of(PopulationError("x"), codes={DataError: ExitCode.NOT_DONE}) == 2


def test_other_errors_are_raised():
    with pytest.raises(KeyError), exit_on_error():
        raise KeyError("a bug")


@pytest.mark.parametrize("name", ["kept/file.csv", "kept/.file.csv.12-0123abcd.tmp"])
def test_a_name_that_the_system_refuses_is_worded_alike_in_and_around_a_command(
    capsys, monkeypatch, name
):
    error = OSError(errno.ENOSPC, "No space left on device", name)

    def fails() -> None:
        raise error

    assert code_of(error) == 2
    message = "kept/file.csv: cannot be read or written: No space left on device\n"
    assert capsys.readouterr().err == message
    monkeypatch.setattr(app, "app", fails)
    with pytest.raises(SystemExit) as ended:
        app.main()
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"epyflow: {message}"


def test_a_closed_pipe_is_left_to_the_command_line_which_ends_quietly():
    with pytest.raises(BrokenPipeError), exit_on_error():
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")


def test_as_json_the_message_is_part_of_the_document(capsys):
    assert code_of(EpyflowError("no such folder"), document={"valid": False}) == 2

    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"valid": False, "unreadable": "no such folder"}
    assert printed.err == ""


def test_a_block_without_an_error_goes_on():
    with exit_on_error():
        reached = True

    assert reached


@pytest.fixture
def terminal(monkeypatch):
    """Be asked on a terminal, or where there is none; return what is answered."""

    def at(is_terminal: bool, answer: bool = False) -> None:
        stdin = SimpleNamespace(isatty=lambda: is_terminal)
        monkeypatch.setattr(output, "sys", SimpleNamespace(stdin=stdin))
        monkeypatch.setattr(typer, "confirm", lambda question, err: answer)

    return at


def test_a_confirmation_is_asked_for_on_a_terminal(terminal, capsys):
    terminal(True, answer=True)
    confirm_or_exit("flu/main", ["process 12", "two jobs"], "End it?", yes=False)
    assert capsys.readouterr().err == "flu/main: process 12\nflu/main: two jobs\n"

    terminal(True, answer=False)
    with pytest.raises(typer.Exit) as caught:
        confirm_or_exit("flu/main", ["process 12"], "End it?", yes=False)
    assert caught.value.exit_code == 3


def test_nothing_is_asked_without_a_terminal_with_yes_or_where_nothing_would_happen(
    terminal, capsys
):
    terminal(False)
    with pytest.raises(typer.Exit) as caught:
        confirm_or_exit("flu/main", ["process 12"], "End it?", yes=False)
    assert caught.value.exit_code == 3
    assert capsys.readouterr().err == (
        "flu/main: process 12\n"
        "nothing was done; expected --yes where there is no terminal to ask on\n"
    )

    confirm_or_exit("flu/main", ["process 12"], "End it?", yes=True)
    confirm_or_exit("flu/main", [], "End it?", yes=False)
    assert capsys.readouterr().err == ""


def test_a_table_has_words_and_numbers_in_columns_and_wraps_only_text(capsys):
    table = plain_table({"run": "word", "tasks": "number", "why": "text"})
    table.add_row("us/flu", "1,000", "matches us/*")
    table.add_row("us/a", "7", "old")

    output.console(width=26).print(table)

    assert capsys.readouterr().out.splitlines() == [
        "run     tasks  why        ",
        "us/flu  1,000  matches    ",
        "               us/*       ",
        "us/a        7  old        ",
    ]


HOSTILE = "a\x1b[2J\nb\ud800\u202e[red]:bug:[/x]"
ESCAPED = r"a\x1b[2J\nb\ud800\u202e[red]:bug:[/x]"


def test_what_a_terminal_would_obey_is_escaped_in_lines_messages_and_tables(capsys):
    say(HOSTILE, "two")
    assert capsys.readouterr().out == f"{ESCAPED}\ntwo\n"

    say(HOSTILE, err=True)
    assert capsys.readouterr().err == f"{ESCAPED}\n"

    assert code_of(DataError("one\ntwo\x1b[2J\x9b")) == 2
    assert capsys.readouterr().err == "one\ntwo\\x1b[2J\\x9b\n"

    table = plain_table({"word": "word", "text": "text"})
    table.add_row(HOSTILE, Text("two\nlines\x1b", style="red"))
    console().print(table)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines == [["word", "text"], [ESCAPED, "two"], [r"lines\x1b"]]


def test_a_document_is_plain_ascii_that_reads_back(capsys):
    print_json({"name": HOSTILE + "\x7f\x9b"}, indent=None)

    printed = capsys.readouterr().out
    assert printed.rstrip("\n").isascii()
    assert printed.rstrip("\n").isprintable()
    assert json.loads(printed) == {"name": HOSTILE + "\x7f\x9b"}


def test_commands_print_in_one_module_only():
    modules = Path(output.__file__).parent.glob("*.py")

    other = [each.name for each in modules if each.name != "output.py"]
    printing = ("typer.echo", "click.echo", " print(", "sys.stdout.write", "sys.stderr.write")
    text = {name: (Path(output.__file__).parent / name).read_text() for name in other}
    assert {name for name, its in text.items() if any(each in its for each in printing)} == set()

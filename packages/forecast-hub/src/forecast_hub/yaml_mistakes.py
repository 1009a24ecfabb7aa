"""Explain mistakes in YAML: what is wrong, and what to write instead."""

import re
from typing import Any

import yaml
from yaml.reader import ReaderError

from forecast_hub.errors import YamlError

_NO_SPACE = re.compile(r"\s*(?:- +)*[\w.-]+:[^\s:/\\]")
_EQUALS = re.compile(r"\s*(?:- +)*([\w.-]+)(\s*=)(?!.*:)")
_COMMA = re.compile(r"[-+]?[0-9]+,[0-9]+")
_DASHES = {
    "\N{EN DASH}": "en dash",
    "\N{EM DASH}": "em dash",
    "\N{MINUS SIGN}": "minus sign",
    "\N{HYPHEN}": "typographic hyphen",
    "\N{NON-BREAKING HYPHEN}": "non-breaking hyphen",
}
_AS_DASH = re.compile(f"([{''.join(_DASHES)}])(?=\\s|\\.?[0-9])")
_LOOKALIKES = {
    **{sign: (name, "-") for sign, name in _DASHES.items()},
    **dict.fromkeys("“”„«»", ("typographic quotation mark", '"')),
    **dict.fromkeys("‘’‚", ("typographic quotation mark", "'")),
    "\N{NO-BREAK SPACE}": ("no-break space", " "),
    "\N{NARROW NO-BREAK SPACE}": ("no-break space", " "),
    "\N{FULLWIDTH COLON}": ("fullwidth colon", ":"),
    "\N{FULLWIDTH COMMA}": ("fullwidth comma", ","),
    "\N{MULTIPLICATION SIGN}": ("multiplication sign", "*"),
    "\N{DIVISION SIGN}": ("division sign", "/"),
}
"""Signs that word processors write, with their names, and the signs that were meant."""
_TAB = "found character '\\t' that cannot start any token"
_CLOSING = {"[": "]", "{": "}"}
_SPACE = "indentation or a colon: write a space after each colon ('key: value'), begin keys of "
_SPACE += "one mapping in the same column, and quote a text that contains ': '"
_ADVICE = {
    "but found '}'": "no '{' is open here; remove the '}'",
    "but found ']'": "no '[' is open here; remove the ']'",
    "block collection: expected <block end>, but found": (
        "indentation: begin each item of a list with '- ', all in one column"
    ),
    "mapping values are not allowed here": _SPACE,
    "could not find expected ':'": _SPACE,
    "but found '<block mapping start>'": "indentation: begin keys of one mapping in one column",
    "but found '-'": "indentation: begin the items of one list in one column",
    "but found '<block sequence start>'": "indentation: begin the items of one list in one column",
    "expected a single document": "a file holds one document; remove the line '---' or '...'",
    "undefined alias": "write &name at the value that *name stands for, or quote a text with '*'",
    "unexpected end of stream": "close the quotation mark that is open",
    "cannot start any token": "put a text that begins with this character in quotes",
}


def explain(error: yaml.MarkedYAMLError, text: str) -> YamlError:
    """Return PyYAML's error with its place and with advice.

    Parameters
    ----------
    error
        The error.
    text
        What was read.
    """
    mark = error.problem_mark or error.context_mark
    if isinstance(error, yaml.constructor.ConstructorError) and error.context is None:
        return YamlError(str(error.problem), *_place(mark))
    problem = _problem(error, text)
    return YamlError(f"not valid YAML: {problem}", *_place(mark))


def explain_character(error: ReaderError, text: str) -> YamlError:
    """Return the error for a character that YAML does not allow."""
    before = text[: error.position]
    character = error.character if isinstance(error.character, str) else chr(error.character)
    what = f"not valid YAML: the character {character!r} is not allowed in YAML; remove it"
    return YamlError(what, before.count("\n") + 1, len(before) - before.rfind("\n"))


def old_number(text: str, value: Any) -> str:
    """Return what is wrong with a number that versions of YAML read differently; else nothing."""
    digits = text.lstrip("+-")
    plain = text.replace("_", "")
    if ":" in text:
        why, write = "base 60", f"{value}"
    elif digits[:2].lower() == "0b":
        why, write = "base 2", f"{value}"
    elif re.fullmatch("0[0-7_]+", digits):
        why = "octal, because of the leading zero"
        write = f"{int(plain)} or {value}"
    elif "_" in text:
        why, write = "'_' is left out", plain
    else:
        return ""
    return f"{text} would be {value} in YAML 1.1 ({why}); write {write}, or '{text}' for a text"


def typing_mistake(text: str) -> str:
    """Return what is wrong with a text that seems to be a number or a list; else nothing."""
    if _COMMA.fullmatch(text):
        point = text.replace(",", ".")
        return (
            f"{text} has a comma; write {point} for a decimal fraction, no comma between "
            f"thousands, or '{text}' in quotes for a text"
        )
    if dash := _AS_DASH.match(text):
        return (
            f"begins with {dash[1]!r} ({_DASHES[dash[1]]}); write '-' for a list or a negative "
            "number, or put a text in quotes"
        )
    return ""


def lookalike(text: str) -> str:
    """Name the first sign that looks like one of the keyboard, and what to write; else nothing."""
    for sign in text:
        if sign in _LOOKALIKES:
            name, meant = _LOOKALIKES[sign]
            shown = f"'{meant}'" if meant.strip() else "a space"
            found = repr(sign) if sign.isprintable() else f"U+{ord(sign):04X}"
            return f"{found} is {'an' if name[0] in 'aeiou' else 'a'} {name}; write {shown}"
    return ""


def missing_space(line: str) -> str:
    """Return the advice for a line such as ``key:value`` or ``key = value``; else nothing."""
    if found := _EQUALS.match(line):
        return f"write '{found[1][-40:]}: ' for '{found[1][-40:]}{found[2]}'"
    if not _NO_SPACE.match(line):
        return ""
    key = line.strip().partition(":")[0]
    return f"write a space after the colon of '{key[-40:]}:'"


def _problem(error: yaml.MarkedYAMLError, text: str) -> str:
    problem, context = str(error.problem), str(error.context or "")
    opened, mark = error.context_mark, error.problem_mark
    if problem == _TAB:
        return "a tab; indent with spaces in its place"
    if context == "while parsing a flow node":
        return f"{problem}; write a value, or close the '[' or '{{' that is open"
    is_one_line = opened is not None and mark is not None and opened.line == mark.line
    if problem.endswith("but got ':'") and is_one_line:
        return (
            f"{context}: a second colon; put a text that contains ': ' in quotes, or write a comma"
        )
    if context.startswith("while parsing a flow") and opened is not None:
        sign = text[opened.index : opened.index + 1]
        line, column = _place(opened)
        return (
            f"{context}: the '{sign}' of line {line}, column {column} is not closed, or a comma "
            f"is missing; write '{_CLOSING.get(sign, sign)}' or a comma before this place"
        )
    what = ": ".join(filter(None, (context, problem)))
    advice = next((each for key, each in _ADVICE.items() if key in what), "")
    if opened is not None and "unexpected end of stream" in problem:
        advice = f"close the quotation mark of line {opened.line + 1}"
    lines = _lines_above(text, mark)
    if advice.startswith("indentation"):
        advice = next(filter(None, map(missing_space, lines)), advice)
    if "but found '<scalar>'" in what:
        advice = _open_quote(text, error)
    advice = next(filter(None, map(lookalike, lines)), advice)
    return f"{what}; {advice}" if advice else what


def _open_quote(text: str, error: yaml.MarkedYAMLError) -> str:
    """Return the advice for a quotation mark that the next one in the text closes."""
    mark, opened = error.problem_mark, error.context_mark
    first, last = (opened.line if opened else 0), (mark.line if mark else 0)
    for number, line in enumerate(text.split("\n")[first:last], first + 1):
        if line.count('"') % 2:
            return f"close the quotation mark of line {number}"
    return "put a text that goes on after a quotation mark in quotes as a whole"


def _lines_above(text: str, mark: Any) -> list[str]:
    """Return the line of a mark and the one above it."""
    if mark is None:
        return []
    above = text[max(0, mark.index - 2000) : mark.index].split("\n")
    rest = text[mark.index : mark.index + 200].split("\n")[0]
    return [above[-1] + rest, *(each for each in reversed(above[:-1]) if each.strip())][:2]


def _place(mark: Any) -> tuple[int, int]:
    return (1, 1) if mark is None else (mark.line + 1, mark.column + 1)

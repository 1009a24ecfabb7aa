"""Read the filter language of Google's APIs, as far as users of Batch need it.

Comparisons ``field OP value`` with = != < <= > >= : =~ !~, joined by AND, OR, NOT, parentheses and
juxtaposition; bare words are searched for in the whole text; ``log_id("x")``. OR binds more tightly
than AND, in both dialects. Sources: google.aip.dev/160,
cloud.google.com/logging/docs/view/logging-query-language
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NoReturn, Protocol

from google_batch_emulator.errors import invalid


class Record(Protocol):
    """What a filter is applied to."""

    def values(self, field: str) -> Iterable[str]:
        """Return the values of a field by its dotted name; none if it is not set."""

    def compare(self, field: str, value: str, wanted: str) -> int | None:
        """Return -1, 0 or 1 as the value sorts before, with or after; None if it cannot."""


Predicate = Callable[[Record], bool]

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<open>\() | (?P<close>\)) |
        (?P<op><=|>=|!=|=~|!~|=|<|>|:) |
        (?P<minus>-(?=[A-Za-z"(])) |
        "(?P<quoted>(?:[^"\\]|\\.)*)" |
        (?P<word>[^\s()"=<>:!~,]+)
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str


_KEYWORDS = [_Token("word", word) for word in ("AND", "OR", "NOT")]


def compile_filter(text: str, pinned: str = "") -> tuple[Predicate, str | None]:
    """Make a function of a filter.

    Parameters
    ----------
    text
        The filter; empty matches everything.
    pinned
        A field that the caller keeps an index of.

    Returns
    -------
    predicate
        Says whether a record matches.
    value
        What ``pinned`` must equal in every match, if the filter says so.

    Raises
    ------
    ApiError
        INVALID_ARGUMENT, with the place where the filter cannot be read.
    """
    parser = _Parser(text, pinned)
    return parser.parse(), parser.pin


class _Parser:
    """Recursive descent: and -> or -> not -> comparison."""

    def __init__(self, text: str, pinned: str) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._at = 0
        self._pinned = pinned
        self._depth = 0
        self.pin: str | None = None

    def parse(self) -> Predicate:
        if not self._tokens:
            return lambda record: True
        predicate = self._conjunction()
        if self._at < len(self._tokens):
            self._refuse()
        return predicate

    def _peek(self) -> _Token:
        return self._tokens[self._at] if self._at < len(self._tokens) else _Token("end", "")

    def _next(self) -> _Token:
        token = self._peek()
        self._at += 1
        return token

    def _keyword(self, word: str) -> bool:
        token = self._peek()
        if token.kind == "word" and token.text == word:
            self._at += 1
            return True
        return False

    def _refuse(self) -> NoReturn:
        token = self._peek()
        what = f'at "{token.text}"' if token.kind != "end" else "at its end"
        raise invalid(f"Invalid filter: {self._text!r} cannot be read {what}.")

    def _conjunction(self) -> Predicate:
        parts = [self._disjunction()]
        while self._keyword("AND") or self._peek().kind not in ("end", "close"):
            parts.append(self._disjunction())
        return _all_of(parts)

    def _disjunction(self) -> Predicate:
        pin = self.pin
        parts = [self._negation()]
        while self._keyword("OR"):
            self.pin = pin
            parts.append(self._negation())
            self.pin = pin
        return _any_of(parts)

    def _negation(self) -> Predicate:
        if self._keyword("NOT") or self._peek().kind == "minus":
            if self._peek().kind == "minus":
                self._at += 1
            pin = self.pin
            inner = self._negation()
            self.pin = pin
            return lambda record: not inner(record)
        if self._peek().kind == "open":
            self._at += 1
            inner = self._conjunction()
            if self._next().kind != "close":
                self._at -= 1
                self._refuse()
            return inner
        return self._comparison()

    def _comparison(self) -> Predicate:
        token = self._next()
        if token.kind not in ("word", "quoted") or token in _KEYWORDS:
            self._at -= 1
            self._refuse()
        if token.kind == "word" and self._peek().kind == "open":
            return self._call(token.text)
        if self._peek().kind != "op":
            return _comparison("", ":", token.text)
        operator = self._next().text
        if self._peek().kind == "open":
            return self._alternatives(token.text, operator)
        return self._compared(token.text, operator, self._value())

    def _compared(self, field: str, operator: str, value: str) -> Predicate:
        if operator == "=" and field == self._pinned:
            self.pin = value
        return _comparison(field, operator, value)

    def _value(self) -> str:
        token = self._next()
        sign = ""
        if token.kind == "minus":
            sign, token = "-", self._next()
        if token.kind not in ("word", "quoted"):
            self._at -= 1
            self._refuse()
        text = sign + token.text
        # An unquoted time has colons, which are operators elsewhere.
        while token.kind == "word" and self._peek() == _Token("op", ":"):
            self._at += 1
            text += f":{self._next().text}"
        return text

    def _alternatives(self, field: str, operator: str) -> Predicate:
        """Read ``field = (a OR b)``."""
        self._at += 1
        parts = [_comparison(field, operator, self._value())]
        while self._keyword("OR"):
            parts.append(_comparison(field, operator, self._value()))
        if self._next().kind != "close":
            self._at -= 1
            self._refuse()
        return _any_of(parts)

    def _call(self, function: str) -> Predicate:
        if function != "log_id":
            raise invalid(f"Invalid filter: function {function!r} is not emulated.")
        self._at += 1
        value = self._value()
        if self._next().kind != "close":
            self._at -= 1
            self._refuse()
        return _comparison("log_id", "=", value)


def _tokens(text: str) -> Iterable[_Token]:
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise invalid(f"Invalid filter: {text!r} cannot be read at {text[at:].strip()[:20]!r}.")
        value = match[match.lastgroup]
        if match.lastgroup == "quoted":
            value = re.sub(r"\\(.)", r"\1", value)
        yield _Token(match.lastgroup, value)
        at = match.end()


def _all_of(parts: list[Predicate]) -> Predicate:
    return parts[0] if len(parts) == 1 else lambda record: all(part(record) for part in parts)


def _any_of(parts: list[Predicate]) -> Predicate:
    return parts[0] if len(parts) == 1 else lambda record: any(part(record) for part in parts)


def _comparison(field: str, operator: str, wanted: str) -> Predicate:
    if operator in ("!=", "!~"):
        positive = _comparison(field, {"!=": "=", "!~": "=~"}[operator], wanted)
        return lambda record: not positive(record)
    if operator in ("=~", ":"):
        search = _search(operator, wanted)
        return lambda record: any(search(value) for value in record.values(field))
    signs = {"=": (0,), "<": (-1,), "<=": (-1, 0), ">": (1,), ">=": (0, 1)}[operator]
    return lambda record: any(
        record.compare(field, value, wanted) in signs for value in record.values(field)
    )


def _search(operator: str, wanted: str) -> Callable[[str], bool]:
    if operator == ":":
        lowered = wanted.lower()
        return lambda value: wanted == "*" or lowered in value.lower()
    try:
        pattern = re.compile(wanted)
    except re.error as error:
        raise invalid(f"Invalid filter: {wanted!r} is no regular expression: {error}.") from error
    return lambda value: pattern.search(value) is not None

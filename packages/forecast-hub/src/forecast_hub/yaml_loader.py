"""Read YAML from files that others wrote, within limits; every error has a line and a column.

PyYAML raises errors of Python for values that it cannot convert, recurses as deep as a text is
nested, and counts nothing. Here all errors are :class:`forecast_hub.errors.YamlError`, and depth
and number of values are checked before a node is composed. An alias counts as what it stands for.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import yaml
from yaml.constructor import ConstructorError
from yaml.scanner import ScannerError

from forecast_hub.errors import YamlError
from forecast_hub.yaml_mistakes import explain, explain_character, old_number, typing_mistake

MOST_BYTES = 5_000_000
MOST_VALUES = 200_000
"""Values in a text, those that an alias repeats included."""

DEEPEST = 50
"""Mappings and lists inside one another, those that an alias repeats included."""

LONGEST_KEY = 18
LONGEST_NUMBER = 1000
"""Characters of a number; PyYAML needs quadratic time for numbers in base 60."""

_PREFIX = "tag:yaml.org,2002:"
_NAMES = ("null", "bool", "int", "float", "str", "timestamp", "seq", "map", "merge")
_NUMBERS = (f"{_PREFIX}int", f"{_PREFIX}float")
_KINDS = {
    "bool": "true or false",
    "float": "a number",
    "int": "a whole number",
    "timestamp": "a date of the calendar (YYYY-MM-DD)",
}
_SURROGATE = re.compile("[\ud800-\udfff]")
_PYTHON_ERRORS = (ValueError, LookupError, AttributeError, OverflowError)


class ConversionError(ConstructorError):
    """A value is not of the kind that its form or its tag says, such as 2024-02-30."""


class LimitedLoader(yaml.SafeLoader):
    """YAML 1.1 as PyYAML reads it, within the limits."""

    tags: ClassVar[frozenset[str]] = frozenset(_PREFIX + name for name in _NAMES)
    """Tags that may be written in a text."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = self._values = self._height = 0
        self._measures: dict[str, tuple[int, int]] = {}

    def fetch_more_tokens(self) -> None:
        """Read on; an escape for no character, such as 110000 after U, is an error of YAML."""
        try:
            super().fetch_more_tokens()
        except (ValueError, OverflowError):
            what = "an escape or a number is out of range"
            raise ScannerError(None, None, what, self.get_mark()) from None

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Compose a node unless it makes the document too large or too deep."""
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            self._count_alias(event)
            return super().compose_node(parent, index)
        self._check_event(event)
        before, outer = self._values, self._height
        self._values, self._height = self._values + 1, 0
        self._depth += 1
        self._check_limits(event)
        node = super().compose_node(parent, index)
        self._depth -= 1
        height = self._height + 1
        if event.anchor is not None:
            self._measures[event.anchor] = (self._values - before, height)
        self._height = max(outer, height)
        return node

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """Compose a mapping; Python needs quadratic time for some keys that are large numbers."""
        node: yaml.MappingNode = super().compose_mapping_node(anchor)
        for key, _ in node.value:
            if key.tag in _NUMBERS and len(key.value) > LONGEST_KEY:
                what = f"a key is a number of more than {LONGEST_KEY} characters; quote it"
                raise ConstructorError(None, None, what, key.start_mark)
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Return the value of a node.

        Raises
        ------
        ConversionError
            If it cannot be converted.
        """
        number = isinstance(node, yaml.ScalarNode) and node.tag in _NUMBERS
        if number and len(node.value) > LONGEST_NUMBER:
            what = (
                f"a number has {len(node.value):,} characters; expected at most {LONGEST_NUMBER:,}"
            )
            raise ConversionError(None, None, what, node.start_mark)
        if number and not node.value.isascii():
            what = f"the number {node.value!r} has digits of another script; write 0 to 9"
            raise ConversionError(None, None, what, node.start_mark)
        try:
            return super().construct_object(node, deep)
        except _PYTHON_ERRORS:
            kind = _KINDS.get(node.tag.removeprefix(_PREFIX), "a value of its tag")
            said = _cut(repr(node.value))
            what = f"{said} is not {kind}; correct it, or put it in quotes for a text"
            raise ConversionError(None, None, what, node.start_mark) from None

    def _check_event(self, event: Any) -> None:
        tag = getattr(event, "tag", None)
        if tag not in (None, "!") and tag not in self.tags:
            # Escaped: a tag can hold characters that a terminal obeys.
            what = f"the tag {_cut(repr(tag)[1:-1])} is not allowed; remove it"
            raise ConstructorError(None, None, what, event.start_mark)
        if _SURROGATE.search(getattr(event, "value", "")):
            what = "half of a character (a surrogate, \\ud800 to \\udfff); write the character"
            raise ScannerError(None, None, what, event.start_mark)

    def _count_alias(self, event: Any) -> None:
        if event.anchor in self.anchors and event.anchor not in self._measures:
            what = f"the value &{event.anchor} contains itself; remove *{event.anchor} from it"
            raise ConstructorError(None, None, what, event.start_mark)
        values, height = self._measures.get(event.anchor, (0, 0))
        self._values += values
        self._depth += height
        self._check_limits(event)
        self._depth -= height
        self._height = max(self._height, height)

    def _check_limits(self, event: Any) -> None:
        # A scalar has a depth, too.
        if self._depth > DEEPEST + 1:
            what = f"nested more than {DEEPEST} deep; expected fewer levels"
            raise ConstructorError(None, None, what, event.start_mark)
        if self._values > MOST_VALUES:
            what = f"more than {MOST_VALUES:,} values; expected a shorter file"
            raise ConstructorError(None, None, what, event.start_mark)


class StrictLoader(LimitedLoader):
    """YAML without forms that mean something else than they seem to, and without repeated keys.

    Numbers of YAML 1.1 that later versions read otherwise (``0100``, ``1:30``, ``1_000``) are
    refused, and so are a decimal comma and a dash in place of ``-``.
    """

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """Compose a mapping; a key that is there twice is an error."""
        node = super().compose_mapping_node(anchor)
        pairs: list[tuple[Any, Any]] = node.value
        first: dict[tuple[str, str], Any] = {}
        mark: Any
        for key, _ in pairs:
            if not isinstance(key, yaml.ScalarNode) or key.tag == f"{_PREFIX}merge":
                continue
            mark = first.setdefault((key.tag, key.value), key.start_mark)
            if mark is not key.start_mark:
                what = f"the key {key.value!r} is already on line {mark.line + 1}; remove one"
                raise ConstructorError(None, None, what, key.start_mark)
        if node.flow_style:
            _check_flow(pairs)
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Return the value of a node whose form is clear."""
        value = super().construct_object(node, deep)
        if isinstance(node, yaml.ScalarNode):
            number = node.tag in _NUMBERS
            plain = node.style is None and node.tag == f"{_PREFIX}str"
            what = old_number(node.value, value) if number else ""
            what = typing_mistake(node.value) if plain else what
            if what:
                raise ConstructorError(None, None, what, node.start_mark)
        return value


def _check_flow(pairs: list[tuple[Any, Any]]) -> None:
    """Refuse ``{key:value}``, which has no value, and ``{key: 0,3}``, where 3 is a second key."""
    before: Any = None
    for key, value in pairs:
        plain = isinstance(key, yaml.ScalarNode) and key.style is None
        if plain and value.start_mark.index == value.end_mark.index:
            if ":" in key.value:
                what = f"{_cut(repr(key.value))} has no space after the colon; write 'key: value'"
                raise ConstructorError(None, None, what, key.start_mark)
            adjacent = before is not None and key.start_mark.index == before.end_mark.index + 1
            if adjacent and (what := typing_mistake(f"{before.value},{key.value}")):
                raise ConstructorError(None, None, what, before.start_mark)
        before = value


def read_text(path: Path) -> str:
    """Return the text of a small file.

    Raises
    ------
    YamlError
        If it cannot be read, is not UTF-8, or has more than :data:`MOST_BYTES`.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise YamlError("cannot be read: not a regular file")  # a pipe would wait for ever
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except OSError as error:
        broken = path.is_symlink() and not path.exists()
        why = "it is a link to a file that is not there" if broken else error.strerror
        raise YamlError(f"cannot be read: {why}") from None
    if len(raw) > MOST_BYTES:
        raise YamlError(f"more than {MOST_BYTES:,} bytes; expected a shorter file")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        what = "not UTF-8 text; save the file as UTF-8"
        raise YamlError(what, before.count(b"\n") + 1, column) from None


def compose(
    text: str, kind: type[LimitedLoader] = StrictLoader
) -> tuple[LimitedLoader, yaml.Node | None]:
    """Return the node of a text, None for an empty one, and the loader for its values.

    Raises
    ------
    YamlError
        If the text is not YAML, or above the limits.
    """
    with construction(text):
        loader = kind(text)
        return loader, loader.get_single_node()


@contextmanager
def construction(text: str) -> Iterator[None]:
    """Raise the errors of PyYAML about a text as :class:`YamlError`."""
    try:
        yield
    except yaml.MarkedYAMLError as error:
        raise explain(error, text) from None
    except yaml.reader.ReaderError as error:
        raise explain_character(error, text) from None


def load(text: str, kind: type[LimitedLoader] = StrictLoader) -> Any:
    """Return the values of a text, None for an empty one.

    Raises
    ------
    YamlError
        If the text is not YAML, above the limits, or has a form that the loader refuses.
    """
    loader, node = compose(text, kind)
    with construction(text):
        return None if node is None else loader.construct_document(node)


def _cut(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."

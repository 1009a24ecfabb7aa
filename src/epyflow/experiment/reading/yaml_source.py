"""Read YAML, and record the line of every key."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from epyflow.errors import SourceError
from epyflow.strict import shown

KeyPath = tuple[str | int, ...]
"""Keys and list positions from the top of a document to a value."""

MAX_BYTES = 5_000_000
MAX_NODES = 200_000
MAX_DEPTH = 50
MAX_BITS = 1024
"""Whole numbers of more bits stay text: a floating-point number cannot hold them either."""

_META = ("meta",)
"""The key of free text about a file: version 1.10 and the id 007 stay as they are written."""

_NULL = "tag:yaml.org,2002:null"
_MERGE = "tag:yaml.org,2002:merge"
_COLLECTIONS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
_Pairs = dict[str, tuple[yaml.Node, yaml.Node]]


class _Loader(yaml.SafeLoader):
    """YAML 1.1 as PyYAML reads it, with the numbers of YAML 1.2 (``1e-4`` is a number)."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)[eE][-+]?\d+$"),
    list("-+.0123456789"),
)


@dataclass(frozen=True)
class Document:
    """A YAML file: its values as plain Python, and the line of each.

    Attributes
    ----------
    path
        The file.
    data
        Its top-level mapping.
    lines
        Key path to line number, from 1.
    """

    path: Path
    data: dict[str, Any]
    lines: dict[KeyPath, int]

    def has(self, location: KeyPath) -> bool:
        """Return whether there is a value at the key path."""
        return location in self.lines

    def line(self, location: KeyPath) -> int:
        """Return the line of a key path, or of the nearest key that encloses it."""
        while location and location not in self.lines:
            location = location[:-1]
        return self.lines.get(location, 1)


def read(path: Path) -> Document:
    """Read one YAML file.

    Raises
    ------
    SourceError
        If it cannot be opened, is not UTF-8, is not YAML, has a key twice, is not a mapping, or
        is larger than a person would write.
    """
    text = _text(path)
    lines: dict[KeyPath, int] = {}
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            raise SourceError(1, "not a mapping; expected one top-level key, such as 'model:'")
        data = _Builder(loader, lines).build(node, ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = ": ".join(filter(None, (error.context, error.problem)))
        raise SourceError(mark.line + 1 if mark else 1, f"not valid YAML: {what}") from None
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        what = f"the character {chr(error.character)!r} is not allowed in YAML"
        raise SourceError(line, f"not valid YAML: {what}") from None
    except RecursionError:
        raise SourceError(1, f"not valid YAML: nested more than {MAX_DEPTH} deep") from None
    return Document(path, data, lines)


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        broken = path.is_symlink() and not path.exists()
        why = "it is a link to a file that is not there" if broken else error.strerror
        raise SourceError(1, f"cannot be read: {why}") from None
    if len(raw) > MAX_BYTES:
        raise SourceError(1, f"{len(raw):,} bytes; expected at most {MAX_BYTES:,}")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise SourceError(line, "not UTF-8 text; save the file as UTF-8") from None


class _Builder:
    """Build plain values, record lines, and refuse duplicate keys, tags and deep nesting."""

    def __init__(self, loader: _Loader, lines: dict[KeyPath, int]) -> None:
        self._loader = loader
        self._lines = lines
        self._nodes = 0
        self._open: list[yaml.Node] = []
        self._pairs: dict[int, _Pairs] = {}

    def build(self, node: yaml.Node, location: KeyPath) -> Any:
        line = node.start_mark.line + 1
        self._lines.setdefault(location, line)
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise SourceError(line, f"more than {MAX_NODES:,} values; expected a shorter file")
        if isinstance(node, yaml.ScalarNode):
            free_text = location[1:2] == _META and node.tag != _NULL
            return node.value if free_text else self._scalar(node)
        self._enter(node)
        try:
            if isinstance(node, yaml.MappingNode):
                return dict(self._items(node, location))
            return [
                self.build(item, (*location, position)) for position, item in enumerate(node.value)
            ]
        finally:
            self._open.pop()

    def _enter(self, node: yaml.Node) -> None:
        if node.tag not in _COLLECTIONS:
            raise SourceError(node.start_mark.line + 1, f"the tag {node.tag} is not allowed")
        if node in self._open or len(self._open) > MAX_DEPTH:
            raise SourceError(
                node.start_mark.line + 1,
                f"contains itself, or is nested more than {MAX_DEPTH} deep",
            )
        self._open.append(node)

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        try:
            value = self._loader.construct_object(node)
        except (ValueError, LookupError, AttributeError, OverflowError):
            return node.value  # such as 2024-13-01: the validation refuses the text
        huge = isinstance(value, int) and value.bit_length() > MAX_BITS
        return node.value if huge else value

    def _items(self, node: yaml.MappingNode, location: KeyPath) -> Iterator[tuple[str, Any]]:
        for key, (key_node, value_node) in self._merged(node).items():
            inner = (*location, key)
            self._lines[inner] = key_node.start_mark.line + 1
            yield key, self.build(value_node, inner)

    def _merged(self, node: yaml.MappingNode) -> "_Pairs":
        """Return the pairs that ``<<`` merges in and the mapping's own, which take precedence."""
        if id(node) not in self._pairs:
            merged: _Pairs = {}
            for key_node, value_node in reversed(node.value):
                if key_node.tag == _MERGE:
                    merged = {**self._merged_in(value_node), **merged}
            self._pairs[id(node)] = {**merged, **self._own(node)}
        return self._pairs[id(node)]

    def _merged_in(self, node: yaml.Node) -> "_Pairs":
        if not isinstance(node, yaml.CollectionNode):
            raise SourceError(node.start_mark.line + 1, "<< expects a mapping, such as *name")
        self._enter(node)
        try:
            if isinstance(node, yaml.MappingNode):
                return self._merged(node)
            merged: _Pairs = {}
            for part in {id(part): part for part in node.value}.values():
                merged = {**self._merged_in(part), **merged}
            return merged
        finally:
            self._open.pop()

    def _own(self, node: yaml.MappingNode) -> "_Pairs":
        own: _Pairs = {}
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                continue
            key, line = self._key(key_node), key_node.start_mark.line + 1
            if key in own:
                first = own[key][0].start_mark.line + 1
                raise SourceError(line, f"the key {key!r} is already on line {first}")
            own[key] = key_node, value_node
        return own

    def _key(self, node: yaml.Node) -> str:
        line = node.start_mark.line + 1
        if not isinstance(node, yaml.ScalarNode):
            raise SourceError(line, "a key is a list or a mapping; expected text")
        key = self._scalar(node)
        if not isinstance(key, str):
            read = f"(YAML reads it as {shown(key)})"
            raise SourceError(line, f"the key {node.value!r} is not text {read}; quote it")
        return key

"""Read YAML, and record the line of every key."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from epyflow.errors import SourceError
from epyflow.strict import shown
from forecast_hub.errors import YamlError
from forecast_hub.yaml_loader import (
    ConversionError,
    LimitedLoader,
    StrictLoader,
    compose,
    construction,
    read_text,
)
from forecast_hub.yaml_mistakes import missing_space

KeyPath = tuple[str | int, ...]
"""Keys and list positions from the top of a document to a value."""

MAX_BITS = 1024
"""Whole numbers of more bits stay text: a floating-point number cannot hold them either."""

_META = ("meta",)
"""The key of free text about a file: version 1.10 and the id 007 stay as they are written."""

_NULL = "tag:yaml.org,2002:null"
_MERGE = "tag:yaml.org,2002:merge"
_COLLECTIONS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
_Pairs = dict[str, tuple[yaml.Node, yaml.Node]]


class _Loader(StrictLoader):
    """YAML 1.1 as PyYAML reads it, with the numbers of YAML 1.2 (``1e-4`` is a number)."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)[eE][-+]?[0-9]+$"),
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
    lines: dict[KeyPath, int] = {}
    try:
        text = read_text(path)
        loader, node = compose(text, _Loader)
        if not isinstance(node, yaml.MappingNode):
            raise SourceError(1, _no_mapping(text))
        with construction(text):
            data = _Builder(loader, lines).build(node, ())
    except YamlError as error:
        raise SourceError(error.line or 1, error.what, error.column) from None
    return Document(path, data, lines)


def _no_mapping(text: str) -> str:
    what = "not a mapping; expected one top-level key, such as 'model:'"
    advice = next(filter(None, map(missing_space, text[:2000].splitlines())), "")
    return f"{what}: {advice}" if advice else what


class _Builder:
    """Build plain values and record lines."""

    def __init__(self, loader: LimitedLoader, lines: dict[KeyPath, int]) -> None:
        self._loader = loader
        self._lines = lines
        self._pairs: dict[int, _Pairs] = {}

    def build(self, node: yaml.Node, location: KeyPath) -> Any:
        line = node.start_mark.line + 1
        self._lines.setdefault(location, line)
        if isinstance(node, yaml.ScalarNode):
            free_text = location[1:2] == _META and node.tag != _NULL
            return node.value if free_text else self._scalar(node)
        if node.tag not in _COLLECTIONS:
            raise SourceError(line, f"the tag {node.tag} is not allowed here; remove it")
        if isinstance(node, yaml.MappingNode):
            return dict(self._items(node, location))
        return [self.build(item, (*location, position)) for position, item in enumerate(node.value)]

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        try:
            value = self._loader.construct_object(node)
        except ConversionError:
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
        if isinstance(node, yaml.MappingNode):
            return self._merged(node)
        merged: _Pairs = {}
        for part in {id(part): part for part in node.value}.values():
            merged = {**self._merged_in(part), **merged}
        return merged

    def _own(self, node: yaml.MappingNode) -> "_Pairs":
        return {
            self._key(key_node): (key_node, value_node)
            for key_node, value_node in node.value
            if key_node.tag != _MERGE
        }

    def _key(self, node: yaml.Node) -> str:
        line = node.start_mark.line + 1
        if not isinstance(node, yaml.ScalarNode):
            raise SourceError(line, "a key is a list or a mapping; expected text")
        key = self._scalar(node)
        if not isinstance(key, str):
            read = f"(YAML reads it as {shown(key)})"
            raise SourceError(line, f"the key {node.value!r} is not text {read}; quote it")
        return key

"""Read YAML and keep, for every key, the line it stands on."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

Location = tuple[str | int, ...]

MAX_BYTES = 5_000_000
MAX_NODES = 200_000
MAX_DEPTH = 50


class SourceError(Exception):
    """A YAML file cannot be read as an experiment's file; carries the line."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


class _Loader(yaml.SafeLoader):
    """YAML 1.1 as PyYAML reads it, with the numbers of YAML 1.2 (``1e-4`` is a number)."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)[eE][-+]?\d+$"),
    list("-+.0123456789"),
)


@dataclass(frozen=True)
class Document:
    """One YAML file: its values as plain Python, and the line of each.

    Attributes
    ----------
    path
        The file.
    data
        Its top-level mapping.
    lines
        Location (a path of keys and list positions) to line number, from 1.
    """

    path: Path
    data: dict[str, Any]
    lines: dict[Location, int]

    def has(self, location: Location) -> bool:
        """Whether something stands at the location."""
        return location in self.lines

    def line(self, location: Location) -> int:
        """Line of the location, or of the nearest thing that encloses it."""
        while location and location not in self.lines:
            location = location[:-1]
        return self.lines.get(location, 1)


def read(path: Path) -> Document:
    """Read one YAML file.

    Raises
    ------
    SourceError
        If it cannot be opened, is not UTF-8, is not YAML, holds a key twice, is not a mapping, or
        is too large to be written by a person.
    """
    loader = _Loader(_text(path))
    try:
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            raise SourceError(1, "expected a mapping with one top-level key, such as 'model:'")
        lines: dict[Location, int] = {}
        data = _Builder(loader, lines).build(node, ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = " ".join(filter(None, (error.context, error.problem)))
        raise SourceError(mark.line + 1 if mark else 1, f"not valid YAML: {what}") from None
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        raise SourceError(1, f"not valid YAML: {error}") from None
    finally:
        loader.dispose()
    return Document(path, data, lines)


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise SourceError(1, f"cannot be read: {error.strerror}") from None
    if len(raw) > MAX_BYTES:
        raise SourceError(1, f"{len(raw):,} bytes; expected at most {MAX_BYTES:,}")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise SourceError(line, "not UTF-8 text; save the file as UTF-8") from None


class _Builder:
    """Builds plain values from nodes, noting lines and refusing what SafeLoader lets pass."""

    def __init__(self, loader: _Loader, lines: dict[Location, int]) -> None:
        self._loader = loader
        self._lines = lines
        self._nodes = 0
        self._open: list[yaml.Node] = []

    def build(self, node: yaml.Node, location: Location) -> Any:
        line = node.start_mark.line + 1
        self._lines.setdefault(location, line)
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise SourceError(line, f"more than {MAX_NODES:,} values; expected a shorter file")
        if node in self._open or len(self._open) > MAX_DEPTH:
            raise SourceError(line, f"nested in itself or more than {MAX_DEPTH} deep")
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        self._open.append(node)
        try:
            if isinstance(node, yaml.SequenceNode):
                return [
                    self.build(item, (*location, position))
                    for position, item in enumerate(node.value)
                ]
            return dict(self._items(node, location))
        finally:
            self._open.pop()

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        try:
            return self._loader.construct_object(node)
        except (ValueError, OverflowError):
            return node.value  # such as 2024-13-01: the schema refuses the text, with its key

    def _items(self, node: Any, location: Location) -> Iterator[tuple[str, Any]]:
        self._refuse_twice(node)
        self._loader.flatten_mapping(node)
        for key_node, value_node in node.value:
            key = self._key(key_node)
            inner = (*location, key)
            self._lines[inner] = key_node.start_mark.line + 1
            yield key, self.build(value_node, inner)

    def _refuse_twice(self, node: yaml.MappingNode) -> None:
        seen: dict[str, int] = {}
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key, line = self._key(key_node), key_node.start_mark.line + 1
            if key in seen:
                raise SourceError(line, f"the key {key!r} stands on line {seen[key]} already")
            seen[key] = line

    def _key(self, node: yaml.Node) -> str:
        key = self._loader.construct_object(node) if isinstance(node, yaml.ScalarNode) else None
        if isinstance(key, str):
            return key
        written = node.value if isinstance(node, yaml.ScalarNode) else "a list or mapping"
        raise SourceError(
            node.start_mark.line + 1,
            f"the key {written!r} is not text (YAML reads it as {type(key).__name__}); quote it",
        )

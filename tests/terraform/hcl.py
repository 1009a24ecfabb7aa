"""terraform/ as data: what python-hcl2 reads, without its quotes and comments."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import hcl2

FOLDER = Path(__file__).resolve().parents[2] / "terraform"

META_ARGUMENTS = {"count", "depends_on", "for_each", "lifecycle", "provider"}

_BLOCK, _COMMENTS = "__is_block__", ("__comments__", "__inline_comments__")


class Block(dict[str, Any]):
    """The content of ``name { ... }``; a plain dict is ``name = { ... }``."""


def plain(value: Any) -> Any:
    """Take the parser's marks from a value."""
    if isinstance(value, dict):
        kind = Block if value.get(_BLOCK) else dict
        return kind(
            (str(key).strip('"'), plain(each))
            for key, each in value.items()
            if key not in (_BLOCK, *_COMMENTS)
        )
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value[1:-1] if isinstance(value, str) and value[:1] == value[-1:] == '"' else value


@dataclass(frozen=True)
class Resource:
    """A resource or a data source."""

    kind: str
    type: str
    name: str
    body: Block

    @property
    def address(self) -> str:
        return f"{'data.' if self.kind == 'data' else ''}{self.type}.{self.name}"


class Configuration:
    """All files of a folder."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self.texts = {path.name: path.read_text("utf-8") for path in sorted(folder.glob("*.tf"))}

    @cached_property
    def _parsed(self) -> list[Any]:
        """Parse the files, which takes seconds, when a test needs them."""
        return [plain(hcl2.loads(text)) for text in self.texts.values()]

    def _named(self, kind: str) -> dict[str, Block]:
        return {
            name: body
            for file in self._parsed
            for entry in file.get(kind, [])
            for name, body in entry.items()
        }

    @property
    def variables(self) -> dict[str, Block]:
        return self._named("variable")

    @property
    def outputs(self) -> dict[str, Block]:
        return self._named("output")

    @property
    def locals(self) -> dict[str, Any]:
        return {
            name: value
            for file in self._parsed
            for entry in file.get("locals", [])
            for name, value in entry.items()
        }

    @property
    def terraform(self) -> list[Block]:
        return [entry for file in self._parsed for entry in file.get("terraform", [])]

    @cached_property
    def resources(self) -> list[Resource]:
        return list(self._resources())

    def _resources(self) -> Iterator[Resource]:
        for file in self._parsed:
            for kind in ("resource", "data"):
                for entry in file.get(kind, []):
                    for type_, names in entry.items():
                        for name, body in names.items():
                            yield Resource(kind, type_, name, body)


def problems(resource: Resource, schema: dict[str, Any]) -> list[str]:
    """Compare a resource with the provider's schema."""
    known = schema.get(f"{resource.kind}.{resource.type}")
    if known is None:
        return [f"{resource.address}: the schema has no {resource.type}"]
    body = {key: value for key, value in resource.body.items() if key not in META_ARGUMENTS}
    return list(_differences(resource.address, body, known["arguments"]))


def _differences(where: str, body: dict[str, Any], known: dict[str, Any]) -> Iterator[str]:
    for key in sorted(set(body) - set(known)):
        yield f"{where}: no argument {key}"
    for key, described in known.items():
        if described["required"] and key not in body:
            yield f"{where}: {key} is missing"
        if key in body:
            yield from _nested(f"{where}.{key}", body[key], described)


def _nested(where: str, value: Any, described: dict[str, Any]) -> Iterator[str]:
    blocks = [each for each in (value if isinstance(value, list) else [value]) if is_block(each)]
    if bool(blocks) != ("block" in described):
        yield f"{where}: expected {'a block' if 'block' in described else 'a value'}"
        return
    if len(blocks) > 1 and not described["list"]:
        yield f"{where}: only one block is allowed"
    for block in blocks:
        yield from _differences(where, block, described["block"])


def is_block(value: Any) -> bool:
    return isinstance(value, Block)

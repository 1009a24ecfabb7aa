#!/usr/bin/env python3
"""Write what the google provider knows of the resources in terraform/, for the tests.

    python scripts/extract_provider_schema.py WHEEL

The provider is not on PyPI, but bindings made from its schema are. They are large, so the tests
read this extract. To make it anew, when terraform/ uses another kind of resource or version:

    pip download --no-deps --dest /tmp cdktf-cdktf-provider-google==16.12.1

and give the wheel that this downloads. Nothing of it is executed.
"""

import argparse
import ast
import json
import re
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OUTPUT = ROOT / "tests" / "terraform" / "provider_schema.json"

# Of every resource, whatever the provider.
META = {"connection", "count", "depends_on", "for_each", "lifecycle", "provider", "provisioners"}
_USED = re.compile(r'^(resource|data) "google_(\w+)" "', re.MULTILINE)
_VERSION = re.compile(r"providers/hashicorp/google/([\d.]+)/")

Schema = dict[str, object]


class Bindings:
    """The module of one resource: its classes, and from them arguments and attributes."""

    def __init__(self, source: str) -> None:
        tree = ast.parse(source)
        self._classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}

    def resource(self) -> Schema:
        """Return the schema of the resource."""
        own = next(name for name in self._classes if f"{name}Config" in self._classes)
        arguments = self._arguments(f"{own}Config")
        return {"arguments": arguments, "attributes": self._attributes(own)}

    def _arguments(self, name: str) -> Schema:
        init = self._method(name, "__init__")
        described: Schema = {}
        for argument, default in zip(init.args.kwonlyargs, init.args.kw_defaults, strict=True):
            if argument.arg not in META:
                described[argument.arg.rstrip("_")] = self._argument(argument, default)
        return described

    def _argument(self, argument: ast.arg, default: ast.expr | None) -> Schema:
        kind = ast.unparse(argument.annotation) if argument.annotation else ""
        nested = [word for word in re.findall(r"\w+", kind) if word in self._classes]
        described: Schema = {"required": default is None}
        if nested:
            described |= {"list": "Sequence" in kind, "block": self._arguments(nested[0])}
        return described

    def _attributes(self, name: str) -> list[str]:
        """Return what can be read of the resource."""
        return sorted(
            node.name
            for node in self._classes[name].body
            if isinstance(node, ast.FunctionDef)
            and any(ast.unparse(each) == "builtins.property" for each in node.decorator_list)
            and not node.name.endswith("_input")
        )

    def _method(self, name: str, method: str) -> ast.FunctionDef:
        return next(
            node
            for node in self._classes[name].body
            if isinstance(node, ast.FunctionDef) and node.name == method
        )


def used() -> set[tuple[str, str]]:
    """Return kind and type of what terraform/ has."""
    files = (ROOT / "terraform").glob("*.tf")
    return {found for file in files for found in _USED.findall(file.read_text(encoding="utf-8"))}


def main() -> None:
    """Write the extract."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheel", type=Path, help="of cdktf-cdktf-provider-google")
    schema: Schema = {}
    versions: set[str] = set()
    wheel = parser.parse_args().wheel
    with zipfile.ZipFile(wheel) as bindings:
        for kind, name in sorted(used()):
            module = name if kind == "resource" else f"data_google_{name}"
            source = bindings.read(f"cdktf_cdktf_provider_google/{module}/__init__.py").decode()
            versions |= set(_VERSION.findall(source))
            schema[f"{kind}.google_{name}"] = Bindings(source).resource()
    if len(versions) != 1:
        sys.exit(f"{wheel}: made from versions {versions} of the provider; expected one")
    document = {"provider": versions.pop(), "bindings": wheel.name.split("-")[1], "schema": schema}
    OUTPUT.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""Read a model's metadata as hubs do: by R's ``yaml``, turned into JSON by R's ``jsonlite``.

Dates, times and numbers with ``_`` or ``:`` are text; ``y`` and ``on`` are truths; a list of one
plain value is that value; an empty value is an object without keys; infinite numbers are text; a
key that is there twice is an error. Sources: hubValidations' ``check_metadata_matches_schema``
(https://hubverse-org.github.io/hubValidations/reference/check_metadata_matches_schema.html), the
implicit types of ``yaml`` 2.3.7 (https://cran.r-project.org/package=yaml) and ``toJSON(auto_unbox =
TRUE)`` of ``jsonlite`` (https://cran.r-project.org/package=jsonlite).
"""

import math
import re
from typing import Any

import yaml
from yaml.constructor import ConstructorError

from forecast_hub.yaml_loader import LimitedLoader, load

_TRUE = ("y", "yes", "true", "on")
_TYPES = {
    "bool": (r"y|Y|n|N|([yY]es|YES|[nN]o|NO|[tT]rue|TRUE|[fF]alse|FALSE|[oO](n|ff)|ON|OFF)", None),
    "null": (r"~|null|Null|NULL|", None),
    "int": (r"[-+]?(0x[0-9a-fA-F]+|0[0-7]+|0|[1-9][0-9]*)", "-+0123456789"),
    "float": (
        r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+)|[-+]?([0-9]+\.[0-9]*|\.[0-9]+)[eE][-+][0-9]+"
        r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+.0123456789",
    ),
    "merge": ("<<", "<"),
}


class EmptyValue(dict[str, Any]):
    """A value that is not there: for the hub's schema an object without keys."""

    def __repr__(self) -> str:
        """Return what a message calls it."""
        return "an empty value"


class _Loader(LimitedLoader):
    tags = LimitedLoader.tags | {"tag:yaml.org,2002:binary"}
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own attribute

    def read_bool(self, node: yaml.ScalarNode) -> bool:
        return node.value.lower() in _TRUE

    def read_float(self, node: yaml.ScalarNode) -> float | str:
        number = float(self.construct_yaml_float(node))
        if math.isfinite(number):
            return number
        return "NaN" if math.isnan(number) else "Inf" if number > 0 else "-Inf"

    def read_list(self, node: yaml.SequenceNode) -> Any:
        values = self.construct_sequence(node, deep=True)
        plain = len(values) == 1 and isinstance(node.value[0], yaml.ScalarNode)
        return values[0] if plain and values[0] != EmptyValue() else values

    def read_object(self, node: yaml.MappingNode) -> dict[str, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise ConstructorError(None, None, "a key is no plain text", key.start_mark)
            if key.value in seen:
                what = f"the key {key.value!r} is there twice; expected it once"
                raise ConstructorError(None, None, what, key.start_mark)
            seen.add(key.value)
        self.flatten_mapping(node)
        return {key.value: self.construct_object(value, deep=True) for key, value in node.value}


for _name, (_pattern, _first) in _TYPES.items():
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_name}", re.compile(f"(?:{_pattern})\\Z"), _first
    )
_READERS: dict[str, Any] = {
    "bool": _Loader.read_bool,
    "float": _Loader.read_float,
    "seq": _Loader.read_list,
    "map": _Loader.read_object,
    "null": lambda _loader, _node: EmptyValue(),
    "timestamp": _Loader.construct_yaml_str,
    "binary": _Loader.construct_yaml_str,
}
for _name, _read in _READERS.items():
    _Loader.add_constructor(f"tag:yaml.org,2002:{_name}", _read)


def parse_metadata(text: str) -> Any:
    """Return the values of a metadata file, as JSON has them.

    Raises
    ------
    YamlError
        If it is no YAML, has a key twice, or is above the limits of
        :mod:`forecast_hub.yaml_loader`.
    """
    values = load(text, _Loader)
    return EmptyValue() if values is None else values

"""Read the texts among a run's settings as they are written.

YAML and Snakemake read ``2024_11_16`` as 20241116, ``010`` as 8, ``12:30`` as 750 and ``1.10`` as
1.1. Two runs with different names would have one folder then. Numbers in these forms are refused,
because readers differ in what they mean. Sources: yaml.org, "Integer Language-Independent Type for
YAML Version 1.1"; Snakemake's documentation of ``--config``.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from epyflow.run.settings import NUMBERS_AND_FLAGS, Settings
from epyflow.yaml_files import unreadable
from forecast_hub.errors import YamlError
from forecast_hub.yaml_loader import (
    LimitedLoader,
    StrictLoader,
    compose,
    construction,
    load,
    read_text,
)

BASE = Path("config/config.yaml")
"""The file of settings that the workflow names."""

_KEPT = ("tag:yaml.org,2002:null", "tag:yaml.org,2002:merge")
_TEXT = "tag:yaml.org,2002:str"
_QUOTES = "'\""
_AMBIGUOUS_NUMBER = re.compile(r"[+-]?0[0-9]+|(?=.*[0-9]).*[_:].*|(?=.*\d).*[^ -~].*")
_TEMPLATE = "__use_yte__"
"""A key of files whose values are expressions; see the documentation of yte."""


class _Loader(LimitedLoader):
    """YAML whose numbers, dates and truths stay text."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - as PyYAML declares it
        first: [(tag, pattern) for tag, pattern in resolvers if tag in _KEPT]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def settings_of_file(path: Path) -> Any:
    """Return the content of a file of settings, texts as they are written; None if it is empty.

    Values of keys that are no settings stay text, too: the file may be another workflow's. In a
    file with expressions for yte, values are what YAML reads.

    Raises
    ------
    UnreadableError
        If it cannot be read, is not YAML, or has a value that YAML cannot read, such as 2024-02-30
        or a number of YAML 1.1 (``0100``) for a setting that is a number.
    """
    try:
        text = read_text(path)
        loader, root = compose(text, StrictLoader)
        with construction(text):
            if isinstance(root, yaml.MappingNode) and _TEMPLATE not in text:
                loader.flatten_mapping(root)
                _keep_texts(root, loader)
            return None if root is None else loader.construct_document(root)
    except YamlError as error:
        raise unreadable(path, error) from None


def texts_of_file(path: Path) -> dict[str, Any]:
    """Return the settings in a file that are texts or lists of texts, as they are written.

    Empty if the file is missing, is no mapping, is JSON, or has expressions for yte.

    Raises
    ------
    UnreadableError
        See :func:`settings_of_file`.
    """
    if not path.exists() or _has_typed_values(path):
        return {}
    data = settings_of_file(path)
    return _texts(data) if isinstance(data, dict) else {}


def texts_of_arguments(arguments: Iterable[str]) -> dict[str, Any]:
    """Return the settings among ``KEY=VALUE`` that are texts or lists of texts, as written.

    Quotes around a value are not part of it, as for Snakemake.
    """
    pairs = (text.partition("=") for text in arguments)
    return _texts({key: _value(value.strip(_QUOTES)) for key, _, value in pairs})


def written_texts(
    arguments: Sequence[str], files: Sequence[Path], base: Path = BASE
) -> dict[str, Any]:
    """Return the texts among the settings of a run, the strongest layer of each.

    Parameters
    ----------
    arguments
        Texts ``KEY=VALUE`` of ``--config``.
    files
        Files of ``--configfile``.
    base
        The file that the workflow names; it may be absent.
    """
    layers = [*map(texts_of_file, (base, *files)), texts_of_arguments(arguments)]
    return {key: value for layer in layers for key, value in layer.items()}


def _texts(data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: value
        for key, value in data.items()
        if key in Settings.model_fields and (key not in NUMBERS_AND_FLAGS or _is_ambiguous(value))
    }


def _is_ambiguous(value: Any) -> bool:
    return isinstance(value, str) and _AMBIGUOUS_NUMBER.fullmatch(value) is not None


def _keep_text(node: yaml.Node, loader: LimitedLoader) -> None:
    """Make plain scalars texts, if Snakemake can read them at all: it reads numbers and dates."""
    if isinstance(node, yaml.ScalarNode):
        if node.tag not in _KEPT:
            LimitedLoader.construct_object(loader, node)
            del loader.constructed_objects[node]
            # As in quotes: no form of it is refused.
            node.tag, node.style = _TEXT, "'"
        return
    if isinstance(node, yaml.MappingNode):
        _keep_texts(node, loader)
    else:
        for each in node.value:
            _keep_text(each, loader)


def _keep_texts(node: yaml.MappingNode, loader: LimitedLoader) -> None:
    """Make the values of a mapping texts, but those of settings that are none."""
    for key, value in node.value:
        # A list or mapping as a key is refused with its line, by the construction.
        if isinstance(key, yaml.ScalarNode) and key.value not in NUMBERS_AND_FLAGS:
            _keep_text(value, loader)


def _has_typed_values(path: Path) -> bool:
    """Return whether a file has no YAML 1.1 values: it is JSON, or a template of yte."""
    try:
        text = read_text(path)
        return _TEMPLATE in text or isinstance(json.loads(text), dict)
    except (YamlError, ValueError, RecursionError):
        return False


def _value(text: str) -> Any:
    """Read a value of the command line: a list is YAML, anything else is a text."""
    if text == "":
        return None
    try:
        parsed = _load(text)
    except YamlError:
        return text
    return parsed if isinstance(parsed, list | dict) else text


def _load(text: str) -> Any:
    return load(text, _Loader)

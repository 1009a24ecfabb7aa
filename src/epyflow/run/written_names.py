"""Read the texts among a run's settings as they are written.

YAML and Snakemake read ``2024_11_16`` as 20241116, ``010`` as 8, ``12:30`` as 750 and ``1.10`` as
1.1. Two runs with different names would have one folder then. Numbers in these forms are refused,
because readers differ in what they mean. Sources: yaml.org, "Integer Language-Independent Type for
YAML Version 1.1"; Snakemake's documentation of ``--config``.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from epyflow.run.settings import NUMBERS_AND_FLAGS, Settings

BASE = Path("config/config.yaml")
"""The file of settings that the workflow names."""

_KEPT = ("tag:yaml.org,2002:null", "tag:yaml.org,2002:merge")
_QUOTES = "'\""
_AMBIGUOUS_NUMBER = re.compile(r"[+-]?0[0-9]+|(?=.*[0-9]).*[_:].*|(?=.*\d).*[^ -~].*")
_TEMPLATE = "__use_yte__"
"""A key of files whose values are expressions; see the documentation of yte."""


class _Loader(yaml.SafeLoader):
    """YAML whose numbers, dates and truths stay text."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - as PyYAML declares it
        first: [(tag, pattern) for tag, pattern in resolvers if tag in _KEPT]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def texts_of_file(path: Path) -> dict[str, Any]:
    """Return the settings in a file that are texts or lists of texts, as they are written.

    Empty if the file is missing, is not YAML, or has expressions for yte: who loads it says so.
    """
    try:
        data = _load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeError, yaml.YAMLError):
        return {}
    if not isinstance(data, dict) or _TEMPLATE in data:
        return {}
    return _texts(data)


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


def _value(text: str) -> Any:
    """Read a value of the command line: a list is YAML, anything else is a text."""
    if text == "":
        return None
    try:
        parsed = _load(text)
    except yaml.YAMLError:
        return text
    return parsed if isinstance(parsed, list | dict) else text


def _load(text: str) -> Any:
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader that resolves less

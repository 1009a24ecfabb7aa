"""Change values in a YAML file and keep its comments, its order and its layout.

The round trip of ruamel.yaml drops the comment below a list that is replaced, and lays out flow
mappings anew; so only the text of the values is replaced here.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from epyflow.errors import EpyflowError
from epyflow.operations.setup.layers import read_document
from epyflow.yaml_files import unreadable
from forecast_hub.errors import YamlError
from forecast_hub.yaml_loader import LimitedLoader, compose, load

_WIDE = 1000


def edit_file(path: Path, values: Mapping[str, Any], comments: Mapping[str, str]) -> str:
    """Return the text of a YAML file, which may be missing, with other values of some keys.

    Lines end as they do in the file. See :func:`edit_text`.
    """
    text = path.read_bytes().decode() if path.is_file() else ""
    end = "\r\n" if "\r\n" in text else "\n"
    changed = edit_text(text.replace("\r\n", "\n"), values, comments, path)
    return changed.replace("\n", end)


def edit_text(text: str, values: Mapping[str, Any], comments: Mapping[str, str], path: Path) -> str:
    """Return a YAML document with other values of some keys at its top level.

    Parameters
    ----------
    text
        The document; it may be empty.
    values
        The new value of each key. A key that is not there yet is added at the end.
    comments
        The comment above a key that is added.
    path
        Path of the document, for messages.

    Raises
    ------
    EpyflowError
        If the document has no keys at its top level, or a form that cannot be changed in part.
    """
    try:
        _, node = compose(text, LimitedLoader)
    except YamlError as error:
        raise unreadable(path, error) from None
    if node is not None and not isinstance(node, yaml.MappingNode):
        raise EpyflowError(f"{path}: expected keys and values, as in config/config.yaml")
    places = {} if node is None else {key.value: (key, value) for key, value in node.value}
    changed = text
    # From the end, so that earlier positions stay valid.
    for name in sorted(set(values) & set(places), key=lambda each: -_begin(places[each][1])):
        key, value = places[name]
        begin, end = _begin(value), _end(value)
        # A key without a value ends right behind its colon.
        space = "" if end > begin else " "
        begin = begin if end > begin else key.end_mark.index + 1
        changed = f"{changed[:begin]}{space}{_written(values[name])}{changed[max(begin, end) :]}"
    for name in values:
        if name not in places:
            comment = f"# {comments[name]}\n" if name in comments else ""
            gap = "\n" if changed.strip() else ""
            changed = f"{changed.rstrip()}\n{gap}{comment}{name}: {_written(values[name])}\n"
    changed = changed.lstrip("\n")
    _check(text, changed, values, path)
    return changed


def read_keys(path: Path) -> dict[str, Any]:
    """Return the keys and values of a file; none if there is no file.

    Raises
    ------
    UnreadableError
        If it cannot be read as YAML.
    """
    return dict(read_document(path) or {}) if path.is_file() else {}


def _written(value: Any) -> str:
    """Return a value on one line, quoted if it would be read as something else."""
    text = yaml.safe_dump(value, default_flow_style=True, width=_WIDE, allow_unicode=True)
    return str(text).removesuffix("\n").removesuffix("\n...")


def _begin(node: yaml.Node) -> int:
    return int(node.start_mark.index)


def _end(node: yaml.Node) -> int:
    """Return the end of a value; a block ends with its last item, not at the next key."""
    if isinstance(node, yaml.SequenceNode) and not node.flow_style and node.value:
        return _end(node.value[-1])
    if isinstance(node, yaml.MappingNode) and not node.flow_style and node.value:
        return _end(node.value[-1][1])
    return int(node.end_mark.index)


def _check(before: str, after: str, values: Mapping[str, Any], path: Path) -> None:
    """Refuse a result with other values than expected, as after aliases or in unusual forms."""
    try:
        expected = {**(load(before, LimitedLoader) or {}), **values}
    except YamlError as error:
        raise unreadable(path, error) from None
    try:
        right = load(after, LimitedLoader) == expected
    except YamlError:
        right = False
    if not right:
        raise EpyflowError(
            f"{path} has a form that cannot be changed in part; set {', '.join(values)} in it "
            "yourself"
        )

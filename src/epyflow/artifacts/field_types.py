"""Check values against the types of fields, as :mod:`epyflow.artifacts.task` annotates them."""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np

from epyflow.artifacts.file_format import CLASSES

_ATOMS: Mapping[Any, frozenset[type]] = {
    **{kind: frozenset({kind}) for kind in (str, int, bytes, date, NoneType)},
    float: frozenset({float, int}),
}
"""Annotation to the types that are admitted; a bool is no number."""

_KINDS = {np.int64: "iu", np.float64: "biuf"}
"""Type of an array's numbers to the kinds of types that convert to it without loss of meaning."""


@cache
def field_types(name: str) -> Mapping[str, Any]:
    """Return the annotations of the fields of one of the classes, by name."""
    return get_type_hints(CLASSES[name])


def has_type(value: object, hint: Any) -> bool:
    """Return whether a value has an annotated type, its parts included.

    Parts that are instances of a class were checked when they were made.
    """
    if hint in _ATOMS:
        return type(value) in _ATOMS[hint]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return any(has_type(value, each) for each in arguments)
    if origin is tuple:
        if type(value) is not tuple:
            return False
        if arguments[-1] is Ellipsis:
            return _have_type(value, arguments[0])
        return len(value) == len(arguments) and all(map(has_type, value, arguments))
    if origin is not None and issubclass(origin, Mapping):
        return type(value) is dict and _have_type(value.values(), arguments[1])
    if origin is np.ndarray:
        (number,) = get_args(arguments[1])
        return isinstance(value, np.ndarray) and value.dtype.kind in _KINDS[number]
    return type(value) is hint


def _have_type(values: Iterable[object], hint: Any) -> bool:
    if hint in _ATOMS:
        return set(map(type, values)) <= _ATOMS[hint]
    return all(has_type(value, hint) for value in values)

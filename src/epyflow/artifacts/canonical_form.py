"""Rebuild an artifact so that equal artifacts give equal pickles.

Pickle writes an object that occurs twice as a reference to the first, so equal values can give
different bytes. Here equal texts and dates become one object, other containers are new, and
arrays are contiguous and little-endian.
"""

import sys
from collections.abc import Hashable, Mapping
from dataclasses import fields
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from epyflow.artifacts.file_format import ATOMS, CLASSES
from epyflow.artifacts.packed_array import ARRAY_TYPE


def canonical(artifact: object) -> Any:
    """Return a copy of an artifact whose pickle depends on its values alone.

    Raises
    ------
    TypeError
        If a field holds something that an artifact may not.
    """
    # Names of modules are in the pickle anyway: a text equal to one must be that very object.
    modules = {each.__module__ for each in CLASSES.values()}
    shared: dict[Hashable, Any] = {(str, name): sys.intern(name) for name in modules}
    return _canonical(artifact, type(artifact).__name__, shared)


def _canonical(value: Any, where: str, shared: dict[Hashable, Any]) -> Any:
    """Rebuild ``value`` so that its pickle shows what it equals, not how it came about."""
    kind = type(value)
    if isinstance(value, np.generic) and value.dtype.kind in "biuf":
        value = value.item()
        kind = type(value)
    if kind is str:
        return shared.setdefault((kind, value), sys.intern(value))
    if kind in ATOMS:
        return shared.setdefault((kind, value), value) if kind in (bytes, date) else value
    if kind is tuple:
        items = tuple(_canonical(item, where, shared) for item in value)
        # Numbers are left out of the sharing, because 1 == 1.0 == True.
        alike = all(type(item) in (str, date) for item in items)
        return shared.setdefault((kind, items), items) if alike else items
    if kind is list:
        return [_canonical(item, where, shared) for item in value]
    if isinstance(value, Mapping):
        return {
            _canonical_key(key, where, shared): _canonical(item, where, shared)
            for key, item in value.items()
        }
    if isinstance(value, np.ndarray):
        return _canonical_array(value, where)
    if CLASSES.get(kind.__name__) is kind:
        held = {field.name: getattr(value, field.name) for field in fields(value)}
        return kind(
            **{k: _canonical(item, f"{kind.__name__}.{k}", shared) for k, item in held.items()}
        )
    raise TypeError(f"{where} holds a {kind.__name__}, which an artifact cannot")


def _canonical_key(key: object, where: str, shared: dict[Hashable, Any]) -> Any:
    if type(key) is not str:
        raise TypeError(f"{where} has the key {key!r}; keys of an artifact are text")
    return _canonical(key, where, shared)


def _canonical_array(array: NDArray[Any], where: str) -> NDArray[Any]:
    little = array.dtype.newbyteorder("<")
    if not ARRAY_TYPE.fullmatch(little.str):
        raise TypeError(f"{where} holds an array of {array.dtype}, which an artifact cannot")
    return np.array(array, dtype=little, order="C", copy=True, subok=False)

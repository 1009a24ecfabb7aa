"""Read the pickle of an artifact without executing anything in it.

Unpickling can call any function of the installed packages. This unpickler reaches dates, and
inert records in place of arrays and of the classes of :mod:`epyflow.artifacts.task`. When the
whole file has been read, the records are checked and turned into arrays and classes.
"""

import io
import pickle
import pickletools
from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from itertools import islice
from math import prod
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from epyflow.artifacts.array_shapes import find_mismatch
from epyflow.artifacts.field_types import field_types, has_type
from epyflow.artifacts.file_format import ATOMS, CLASSES, FORMAT, MAGIC
from epyflow.artifacts.opcode_check import find_obstacle
from epyflow.artifacts.packed_array import ARRAY_TYPE, is_shape
from epyflow.errors import ArtifactError

_First = TypeVar("_First")
_Second = TypeVar("_Second")


def read_artifact(
    data: bytes, path: str | Path, first: type[_First], second: type[_Second]
) -> _First | _Second:
    """Return the artifact in the bytes of a file.

    Parameters
    ----------
    data
        The bytes.
    path
        The file, for messages.
    first, second
        The classes that it may hold.

    Raises
    ------
    ArtifactError
        If the file is truncated, foreign, of another format, or holds another class.
    """
    try:
        payload = _payload(data)
        if not isinstance(payload, first | second):
            expected = " or ".join(dict.fromkeys([first.__name__, second.__name__]))
            kind = type(payload).__name__
            raise _UnusableError(f"it holds a {kind} where a {expected} is expected")
        if mismatch := find_mismatch(payload, len(data)):
            raise _UnusableError(mismatch)
    # A damaged pickle can raise anything, MemoryError and RecursionError included.
    except Exception as problem:
        reason = problem if isinstance(problem, _UnusableError) else "it is cut short or damaged"
        remedy = getattr(problem, "remedy", "Delete it and run again.")
        raise ArtifactError(
            f"{path}: not usable: {reason}. Nothing in it was executed. {remedy}"
        ) from problem
    return payload


class _UnusableError(Exception):
    """Why a file is refused, as the end of a sentence about it."""


class _OtherFormatError(_UnusableError):
    """The file is of another format."""

    def __init__(self, found: int) -> None:
        older = found < FORMAT
        writer = "an earlier" if older else "a later"
        super().__init__(
            f"it is of format {found}, of {writer} version of epyflow; this version reads format "
            f"{FORMAT}"
        )
        self.remedy = (
            "Run the experiment again: its inputs and results are computed anew, and replace those "
            "of the earlier version."
            if older
            else "Update epyflow, or delete the folder of the run and run again."
        )


class _Fixed(type):
    """A class whose attributes cannot be set, because a pickle can set those of any class."""

    def __setattr__(cls, name: str, value: object) -> None:
        raise _UnusableError(f"it sets the attribute {name} of a class")


class _Record(metaclass=_Fixed):
    """Stands for an instance of a class of epyflow until the whole file has been read."""

    name: str
    state: object = None

    def __setstate__(self, state: object) -> None:
        self.state = state


class _Array(metaclass=_Fixed):
    """Stands for an array until the whole file has been read."""

    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments


_ADMITTED: Mapping[tuple[str, str], type] = {
    ("datetime", "date"): date,
    ("numpy", "ndarray"): _Array,
    **{
        (each.__module__, name): _Fixed(name, (_Record,), {"name": name})
        for name, each in CLASSES.items()
    },
}


_NOT_SHARED = object()


class _Reader(pickle.Unpickler):
    """Find dates, and records in place of arrays and of classes of epyflow; nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ADMITTED:
            raise _UnusableError(f"it asks for {f'{module}.{name}'[:60]}, which no artifact does")
        return _ADMITTED[module, name]


def _payload(data: bytes) -> object:
    found = _format_of(data)
    if found is None:
        raise _UnusableError("it is empty" if not data else "it was not written by epyflow")
    if found != FORMAT:
        raise _OtherFormatError(found)
    if obstacle := find_obstacle(data):
        raise _UnusableError(obstacle)
    stream = io.BytesIO(data)
    content = _Reader(stream).load()
    if stream.read(1):
        raise _UnusableError("there is data after its end")
    if type(content) is not tuple or len(content) != 4:
        raise _UnusableError("it was not written by epyflow")
    payload = _real(content[3], {})
    if type(payload).__name__ != content[2]:
        raise _UnusableError("its content is not of the named class")
    return payload


def _format_of(data: bytes) -> int | None:
    """Return the format that the file's first opcodes name, without running them."""
    try:
        opening = list(islice(pickletools.genops(data), 6))
    except ValueError:
        return None
    names = [opcode.name for opcode, _, _ in opening]
    arguments = [argument for _, argument, _ in opening]
    ours = ["PROTO", "FRAME", "MARK", "SHORT_BINUNICODE", "MEMOIZE", "BININT1"]
    if names != ours or arguments[3] != MAGIC or not isinstance(arguments[5], int):
        return None
    return arguments[5]


def _real(value: Any, done: dict[int, Any]) -> Any:
    """Turn records into arrays and classes; only tuples of texts and dates may occur twice.

    So what is read is a tree, and no larger than its file when it is copied or shown.
    """
    kind = type(value)
    if kind in ATOMS:
        return value
    if id(value) in done:
        if done[id(value)] is _NOT_SHARED:
            raise _UnusableError("it refers twice to one part")
        return done[id(value)]
    real = _real_container(value, done)
    shared = kind is tuple and all(type(item) in (str, date) for item in value)
    done[id(value)] = real if shared else _NOT_SHARED
    return real


def _real_container(value: Any, done: dict[int, Any]) -> Any:
    kind = type(value)
    if kind in (tuple, list):
        return kind(_real(item, done) for item in value)
    if kind is dict:
        if not all(type(key) is str for key in value):
            raise _UnusableError("a key in it is not text")
        return {key: _real(item, done) for key, item in value.items()}
    if isinstance(value, _Array):
        return _real_array(*value.arguments)
    if isinstance(value, _Record):
        return _real_instance(value, done)
    raise _UnusableError(f"it holds a {kind.__name__}, which no artifact does")


def _real_instance(record: _Record, done: dict[int, Any]) -> Any:
    actual = CLASSES[record.name]
    state = record.state if type(record.state) is dict else {}
    if set(state) != {field.name for field in fields(actual)}:
        raise _UnusableError(f"its {record.name} is not that of this version of epyflow")
    real = {name: _real(item, done) for name, item in state.items()}
    for name, hint in field_types(record.name).items():
        if not has_type(real[name], hint):
            what = f"the field {name} of its {record.name} has a type that epyflow does not write"
            raise _UnusableError(what)
    return actual(**real)


def _real_array(shape: tuple[int, ...], dtype: str, data: bytearray) -> NDArray[Any]:
    if type(data) is not bytearray or not ARRAY_TYPE.fullmatch(dtype):
        raise _UnusableError("it holds an array of something else than numbers")
    if not is_shape(shape) or prod(shape) * np.dtype(dtype).itemsize != len(data):
        raise _UnusableError("it holds an array whose size is not that of its data")
    return np.ndarray(shape, dtype, data)

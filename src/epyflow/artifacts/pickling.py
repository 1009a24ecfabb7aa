"""Tasks and results as files. The only module that pickles.

An artifact is a plain pickle of ``("epyflow", FORMAT, kind, payload)``: in a notebook,
``pickle.load(file)[3]`` gives the :class:`~epyflow.artifacts.task.Task` or the like.

**Writing is deterministic.** Pickle writes an object that occurs twice as a reference to the
first, so that equal values can give different bytes. We rebuild the payload first: equal texts
and dates become one object, other containers are fresh, arrays are contiguous and little-endian.
An unchanged task then has unchanged bytes, and is not run again.

**Reading executes nothing.** Unpickling can call any function of the installed packages. Ours
reaches dates, the classes of :mod:`epyflow.artifacts.task` and arrays, the latter two as inert
records. Only when the whole file has been read are the records checked and turned into the real
thing.
"""

import io
import pickle
import pickletools
import re
import sys
from collections.abc import Hashable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from itertools import islice
from math import prod
from pathlib import Path
from types import NoneType
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from epyflow.artifacts import task
from epyflow.artifacts.task import Checkpoint, Failure, Result, Task
from epyflow.errors import ArtifactError, UnreadableError
from epyflow.files import write_bytes_atomically

FORMAT = 2
"""Number of the file format.

Raise it when a class of :mod:`epyflow.artifacts.task` moves to another module, or when one of its
fields changes its meaning. Format 1 named the modules ``epyflow.tasks`` and ``epyflow.fits``.
"""

_MAGIC = "epyflow"
_CLASSES: dict[str, type[Any]] = {
    name: value
    for name, value in vars(task).items()
    if isinstance(value, type) and is_dataclass(value)
}
_ATOMS = (NoneType, bool, int, float, str, bytes, date)
_ARRAY_TYPE = re.compile(r"[<|][biuf][1248]")

_First = TypeVar("_First")
_Second = TypeVar("_Second")


def write(artifact: Task | Result | Failure | Checkpoint, path: Path) -> None:
    """Write a task, a result, a failure or a checkpoint to ``path``, atomically.

    Raises
    ------
    TypeError
        If a field holds something that the contract of :mod:`epyflow.artifacts.task` does not
        allow, such as a pandas ``Timestamp``. Numpy's scalars are written as Python's.
    """
    write_bytes_atomically(path, to_bytes(artifact))


def to_bytes(artifact: Task | Result | Failure | Checkpoint) -> bytes:
    """Return what :func:`write` writes.

    Equal artifacts give equal bytes, in any process of the same Python version, so a hash of
    them tells whether anything in an artifact has changed.

    Raises
    ------
    TypeError
        As :func:`write`.
    """
    kind = type(artifact).__name__
    # Names of modules are in the pickle anyway: a text equal to one must be that very object.
    modules = {each.__module__ for each in _CLASSES.values()}
    shared: dict[Hashable, Any] = {(str, name): sys.intern(name) for name in modules}
    payload = _canonical(artifact, kind, shared)
    stream = io.BytesIO()
    pickler = pickle.Pickler(stream, protocol=5)
    pickler.dispatch_table = {np.ndarray: _reduce_array}
    pickler.dump((_MAGIC, FORMAT, sys.intern(kind), payload))
    return stream.getvalue()


def read_input(path: Path) -> Task | Failure:
    """Read an ``input_<i>.pkl``: the task, or why it could not be built.

    Raises
    ------
    UnreadableError
        If there is no such file or it may not be read.
    ArtifactError
        If the file is truncated, foreign, of another version, or holds something else.
    """
    return _read(path, Task, Failure)


def read_result(path: Path) -> Result | Failure:
    """Read a ``result_<i>.pkl``: the result, or why there is none; raises as :func:`read_input`."""
    return _read(path, Result, Failure)


def read_checkpoint(path: Path) -> Checkpoint:
    """Read what is left of an interrupted calibration; raises as :func:`read_input`."""
    return _read(path, Checkpoint, Checkpoint)


def result_of(data: bytes, path: str) -> Result | Failure:
    """Read the bytes of a ``result_<i>.pkl``; ``path`` is for messages.

    Raises
    ------
    ArtifactError
        As :func:`read_input`.
    """
    return _checked(data, path, Result, Failure)


def input_of(data: bytes, path: str) -> Task | Failure:
    """Read the bytes of an ``input_<i>.pkl``; ``path`` is for messages.

    Raises
    ------
    ArtifactError
        As :func:`read_input`.
    """
    return _checked(data, path, Task, Failure)


def _read(path: Path, first: type[_First], second: type[_Second]) -> _First | _Second:
    try:
        data = Path(path).read_bytes()
    except OSError as problem:
        raise UnreadableError(f"{path}: cannot be read: {problem.strerror}") from problem
    return _checked(data, path, first, second)


def _checked(
    data: bytes, path: str | Path, first: type[_First], second: type[_Second]
) -> _First | _Second:
    try:
        payload = _payload(data)
        if not isinstance(payload, first | second):
            expected = " or ".join(dict.fromkeys([first.__name__, second.__name__]))
            kind = type(payload).__name__
            raise _UnusableError(f"it holds a {kind} where a {expected} is expected")
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


def _reduce_array(array: NDArray[Any]) -> tuple[type, tuple[tuple[int, ...], str, bytearray]]:
    # Public names only, so that any numpy reads it; a bytearray, so that it can be written to.
    return np.ndarray, (array.shape, sys.intern(array.dtype.str), bytearray(array.tobytes()))


def _canonical(value: Any, where: str, shared: dict[Hashable, Any]) -> Any:
    """Rebuild ``value`` so that its pickle shows what it equals, not how it came about."""
    kind = type(value)
    if isinstance(value, np.generic) and value.dtype.kind in "biuf":
        value = value.item()
        kind = type(value)
    if kind is str:
        return shared.setdefault((kind, value), sys.intern(value))
    if kind in _ATOMS:
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
    if _CLASSES.get(kind.__name__) is kind:
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
    if not _ARRAY_TYPE.fullmatch(little.str):
        raise TypeError(f"{where} holds an array of {array.dtype}, which an artifact cannot")
    return np.array(array, dtype=little, order="C", copy=True, subok=False)


class _Fixed(type):
    """A class whose attributes cannot be set: a pickle may set those of whatever it reaches."""

    def __setattr__(cls, name: str, value: object) -> None:
        raise _UnusableError(f"it sets the attribute {name} of a class")


class _Record(metaclass=_Fixed):
    """Stands for an instance of one of our classes until the whole file has been read."""

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
        for name, each in _CLASSES.items()
    },
}


class _Reader(pickle.Unpickler):
    """Finds dates, and records in place of our classes and of arrays; nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ADMITTED:
            raise _UnusableError(f"it asks for {module}.{name}, which no artifact of ours does")
        return _ADMITTED[module, name]


def _payload(data: bytes) -> object:
    found = _format_of(data)
    if found is None:
        raise _UnusableError("it is empty" if not data else "it was not written by epyflow")
    if found != FORMAT:
        raise _OtherFormatError(found)
    stream = io.BytesIO(data)
    content = _Reader(stream).load()
    if stream.read(1):
        raise _UnusableError("it goes on after its end")
    if type(content) is not tuple or len(content) != 4:
        raise _UnusableError("it was not written by epyflow")
    payload = _real(content[3], {})
    if type(payload).__name__ != content[2]:
        raise _UnusableError("it is not of the kind that it claims")
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
    if names != ours or arguments[3] != _MAGIC or not isinstance(arguments[5], int):
        return None
    return arguments[5]


def _real(value: Any, done: dict[int, Any]) -> Any:
    """Turn what was read into what was written; each container once, however often it occurs."""
    kind = type(value)
    if kind in _ATOMS:
        return value
    if id(value) not in done:
        done[id(value)] = _real_container(value, done)
    return done[id(value)]


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
    raise _UnusableError(f"it holds a {kind.__name__}, which no artifact of ours does")


def _real_instance(record: _Record, done: dict[int, Any]) -> Any:
    actual = _CLASSES[record.name]
    state = record.state if type(record.state) is dict else {}
    if set(state) != {field.name for field in fields(actual)}:
        raise _UnusableError(f"its {record.name} is not that of this version of epyflow")
    return actual(**{name: _real(item, done) for name, item in state.items()})


def _real_array(shape: tuple[int, ...], dtype: str, data: bytearray) -> NDArray[Any]:
    if type(data) is not bytearray or not _ARRAY_TYPE.fullmatch(dtype):
        raise _UnusableError("it holds an array that is not of plain numbers")
    if prod(shape) * np.dtype(dtype).itemsize != len(data):
        raise _UnusableError("it holds an array whose size is not that of its data")
    return np.ndarray(shape, dtype, data)

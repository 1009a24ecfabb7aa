"""Read and write tasks and results as files. The only module that other packages need.

An artifact is a plain pickle of ``("epyflow", FORMAT, kind, payload)``: in a notebook,
``pickle.load(file)[3]`` gives the :class:`~epyflow.artifacts.task.Task` or the like.

**Writing is deterministic** (:mod:`~epyflow.artifacts.canonical_form`): an unchanged task has
unchanged bytes, and is not run again.

**Reading executes nothing** (:mod:`~epyflow.artifacts.restricted_unpickler`).
"""

import io
import pickle
import sys
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from epyflow.artifacts.canonical_form import canonical
from epyflow.artifacts.file_format import FORMAT, MAGIC
from epyflow.artifacts.restricted_unpickler import read_artifact
from epyflow.artifacts.task import Checkpoint, Failure, Result, Task
from epyflow.errors import UnreadableError
from epyflow.files import write_bytes_atomically

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
    """Return the bytes that :func:`write` writes.

    Equal artifacts give equal bytes, in any process of the same Python version, so a hash of
    them tells whether anything in an artifact has changed.

    Raises
    ------
    TypeError
        As :func:`write`.
    """
    kind = type(artifact).__name__
    payload = canonical(artifact)
    stream = io.BytesIO()
    pickler = pickle.Pickler(stream, protocol=5)
    pickler.dispatch_table = {np.ndarray: _reduce_array}
    pickler.dump((MAGIC, FORMAT, sys.intern(kind), payload))
    return stream.getvalue()


def read_input(path: Path) -> Task | Failure:
    """Read an ``input_<i>.pkl``: the task, or the failure to build it.

    Raises
    ------
    UnreadableError
        If there is no such file or it may not be read.
    ArtifactError
        If the file is truncated, foreign, of another version, or holds something else.
    """
    return _read(path, Task, Failure)


def read_result(path: Path) -> Result | Failure:
    """Read a ``result_<i>.pkl``: the result or the failure; raises as :func:`read_input`."""
    return _read(path, Result, Failure)


def read_checkpoint(path: Path) -> Checkpoint:
    """Read the checkpoint of an interrupted calibration; raises as :func:`read_input`."""
    return _read(path, Checkpoint, Checkpoint)


def result_of(data: bytes, path: str) -> Result | Failure:
    """Read the bytes of a ``result_<i>.pkl``; ``path`` is for messages.

    Raises
    ------
    ArtifactError
        As :func:`read_input`.
    """
    return read_artifact(data, path, Result, Failure)


def input_of(data: bytes, path: str) -> Task | Failure:
    """Read the bytes of an ``input_<i>.pkl``; ``path`` is for messages.

    Raises
    ------
    ArtifactError
        As :func:`read_input`.
    """
    return read_artifact(data, path, Task, Failure)


def _read(path: Path, first: type[_First], second: type[_Second]) -> _First | _Second:
    try:
        data = Path(path).read_bytes()
    except OSError as problem:
        raise UnreadableError(f"{path}: cannot be read: {problem.strerror}") from problem
    return read_artifact(data, path, first, second)


def _reduce_array(array: NDArray[Any]) -> tuple[type, tuple[tuple[int, ...], str, bytearray]]:
    # Public names only, so that any numpy reads it; a bytearray, so that it can be written to.
    return np.ndarray, (array.shape, sys.intern(array.dtype.str), bytearray(array.tobytes()))

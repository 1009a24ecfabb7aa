"""Compress arrays for artifacts, into bytes that depend on their values alone."""

import re
import zlib
from dataclasses import dataclass
from math import prod
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from epyflow.errors import ArtifactError
from epyflow.files import RATIO

ARRAY_TYPE = re.compile(r"[<|](b1|[iu][1248]|f[248])")
"""Types of arrays, as numpy writes them: little-endian numbers and booleans."""

MOST_BYTES = 2**30
MOST_DIMENSIONS = 8


@dataclass(frozen=True)
class PackedArray:
    """A numpy array, compressed; its bytes depend on its values and type alone."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes

    @classmethod
    def pack(cls, array: NDArray[Any]) -> Self:
        """Compress ``array``; whole numbers shrink to the smallest integer type that holds them."""
        array = np.ascontiguousarray(_shrink(array))
        return cls(array.dtype.str, array.shape, zlib.compress(array.tobytes(), level=6))

    def unpack(self) -> NDArray[Any]:
        """Return the array, read-only; integers have the type they were shrunk to.

        Raises
        ------
        ArtifactError
            If the data are not those of the type and the shape, or are larger than
            :data:`MOST_BYTES` and :data:`~epyflow.files.RATIO` times the compressed data.
        """
        numbers = type(self.dtype) is str and ARRAY_TYPE.fullmatch(self.dtype)
        if not (numbers and is_shape(self.shape) and type(self.data) is bytes):
            raise _damaged("is no array of numbers")
        size = prod(self.shape) * np.dtype(self.dtype).itemsize
        if size > max(MOST_BYTES, RATIO * len(self.data)):
            raise _damaged(f"would have {size:,} bytes when decompressed")
        stream = zlib.decompressobj()
        try:
            flat = stream.decompress(self.data, size + 1)
        except zlib.error:
            raise _damaged("cannot be decompressed") from None
        if len(flat) != size or not stream.eof:
            raise _damaged(f"has not the {size:,} bytes of its shape {self.shape}")
        return np.frombuffer(flat, dtype=np.dtype(self.dtype)).reshape(self.shape)


def is_shape(value: object) -> bool:
    """Return whether a value is a tuple of dimensions, as arrays have."""
    if not isinstance(value, tuple) or len(value) > MOST_DIMENSIONS:
        return False
    return all(type(each) is int and 0 <= each < 2**40 for each in value)


def _damaged(what: str) -> ArtifactError:
    return ArtifactError(
        f"an array in an input or result {what}: the file is damaged or foreign. Delete the file "
        "and run again."
    )


def _shrink(array: NDArray[Any]) -> NDArray[Any]:
    if array.size == 0 or array.dtype.kind not in "fiu" or not np.isfinite(array).all():
        return array
    if array.dtype.kind == "f" and not (array == np.rint(array)).all():
        return array
    low, high = array.min(), array.max()
    for candidate in ("<i2", "<i4", "<i8"):
        bounds = np.iinfo(candidate)
        if bounds.min <= low and high <= bounds.max:
            return array.astype(candidate)
    return array

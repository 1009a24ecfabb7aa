"""Compress arrays for artifacts, into bytes that depend on their values alone."""

import zlib
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


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
        """Return the array, read-only; integers have the type they were shrunk to."""
        flat = np.frombuffer(zlib.decompress(self.data), dtype=np.dtype(self.dtype))
        return flat.reshape(self.shape)


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

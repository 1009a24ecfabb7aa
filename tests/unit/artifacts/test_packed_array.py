import zlib
from dataclasses import replace

import numpy as np
import pytest

from epyflow.artifacts import packed_array
from epyflow.artifacts.packed_array import PackedArray
from epyflow.errors import ArtifactError


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([0.0, -32_768.0, 32_767.0], "<i2"),
        ([32_768.0], "<i4"),
        ([-32_769], "<i4"),
        ([2.0**31], "<i8"),
        ([0.5, 1.0], "<f8"),
        ([1.0, np.nan], "<f8"),
        ([1.0, np.inf], "<f8"),
        ([1e19], "<f8"),
        ([], "<f8"),
        ([True, False], "|b1"),
    ],
)
def test_whole_numbers_are_kept_in_the_smallest_type_and_others_as_they_are(values, dtype):
    packed = PackedArray.pack(np.array(values))

    assert packed.dtype == dtype
    assert np.array_equal(packed.unpack(), np.array(values), equal_nan=dtype == "<f8")


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"shape": (2**40 - 1,)}, "would have 2,199,023,255,550 bytes when decompressed"),
        ({"shape": (600,)}, "would have 1,200 bytes when decompressed"),
        ({"shape": (7,)}, r"has not the 14 bytes of its shape \(7,\)"),
        ({"shape": (0,)}, "has not the 0 bytes"),
        ({"data": zlib.compress(bytes(10**6))}, "has not the 12 bytes"),
        ({"data": zlib.compress(bytes(12))[:-1]}, "has not the 12 bytes"),
        ({"data": b"12345678"}, "cannot be decompressed"),
        ({"data": "12345678"}, "is no array of numbers"),
        ({"shape": (2, -3)}, "is no array of numbers"),
        ({"shape": ("ab", 2)}, "is no array of numbers"),
        ({"shape": [6]}, "is no array of numbers"),
        ({"dtype": "|O8"}, "is no array of numbers"),
        ({"dtype": "<f1"}, "is no array of numbers"),
        ({"dtype": 8}, "is no array of numbers"),
    ],
)
def test_an_array_that_is_not_what_it_says_is_refused(changes, what, monkeypatch):
    monkeypatch.setattr(packed_array, "MOST_BYTES", 1000)
    monkeypatch.setattr(packed_array, "RATIO", 1)
    packed = replace(PackedArray.pack(np.arange(6)), **changes)

    with pytest.raises(ArtifactError, match=what):
        packed.unpack()


def test_what_is_unpacked_has_its_shape_and_cannot_be_written_to():
    unpacked = PackedArray.pack(np.arange(6).reshape(2, 3)).unpack()

    assert unpacked.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert not unpacked.flags.writeable

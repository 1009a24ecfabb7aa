import numpy as np
import pytest

from epyflow.artifacts.packed_array import PackedArray


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


def test_what_is_unpacked_has_its_shape_and_cannot_be_written_to():
    unpacked = PackedArray.pack(np.arange(6).reshape(2, 3)).unpack()

    assert unpacked.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert not unpacked.flags.writeable

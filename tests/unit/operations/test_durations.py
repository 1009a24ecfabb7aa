import pytest

from epyflow.operations.durations import format_duration


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0 s"),
        (0.0123, "12 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (125, "2 min 05 s"),
        (3599.4, "59 min 59 s"),
        (3599.6, "1 h 00 min"),
        (7380, "2 h 03 min"),
        (86399, "24 h 00 min"),
        (3600 * 1234, "1,234 h 00 min"),
    ],
)
def test_a_duration_has_the_two_units_that_matter(seconds, expected):
    assert format_duration(seconds) == expected

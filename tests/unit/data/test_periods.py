"""Days are divided into periods, by hand and as pandas does."""

from datetime import date

import pytest

from epyflow.data.periods import Periods


@pytest.mark.parametrize(
    ("frequency", "dates", "bounds", "whole"),
    [
        ("D", [4, 5, 6, 7, 8, 9, 10, 11, 12, 13], list(range(11)), [True] * 10),
        ("W-SAT", [4, 11, 18], [0, 1, 8, 10], [False, True, False]),
        ("W-MON", [6, 13], [0, 3, 10], [False, True]),
        ("5D", [4, 9], [0, 5, 10], [True, True]),
    ],
)
def test_the_ten_days_from_a_saturday_on(frequency, dates, bounds, whole):
    """From Saturday, 4 January 2025, to Monday, 13 January."""
    found = Periods.of(date(2025, 1, 4), date(2025, 1, 13), frequency)

    assert [day.day for day in found.dates] == dates
    assert found.bounds.tolist() == bounds
    assert found.whole.tolist() == whole

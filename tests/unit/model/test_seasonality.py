from datetime import date

import numpy as np
import pytest

from epyflow.model.dates import step_dates
from epyflow.model.seasonality import compute_sine, scale_sine

MAXIMUM = date(2025, 1, 10)


def at(text):
    return np.array([text], dtype="datetime64[ns]")


def balcan(dates, maximum, minimum, max_value, min_value):
    return scale_sine(compute_sine(dates, maximum, minimum), max_value, min_value)


def test_the_factor_is_one_at_the_maximum():
    assert balcan(at("2025-01-10"), MAXIMUM, None, 1.0, 0.5) == pytest.approx([1.0], abs=1e-15)


def test_the_factor_is_the_ratio_at_the_minimum_that_is_given():
    factor = balcan(at("2025-07-20"), MAXIMUM, date(2025, 7, 20), 2.0, 0.5)

    assert factor == pytest.approx([0.25], abs=1e-15)


def test_without_a_minimum_the_cycle_is_365_days_and_half_of_it_has_a_half_day():
    factor = balcan(at("2025-07-11T12:00"), MAXIMUM, None, 1.0, 0.6)

    assert factor == pytest.approx([0.6], abs=1e-15)


def test_a_year_after_the_maximum_is_a_maximum():
    assert balcan(at("2026-01-10"), MAXIMUM, None, 1.0, 0.5) == pytest.approx([1.0], abs=1e-15)


def test_a_quarter_of_the_period_is_midway_between_the_extremes():
    # Period 2 * 40 = 80 days; after 20 of them sin(pi/2 + pi/2) is 0: (1 + r) / 2 = 0.75.
    factor = balcan(at("2025-01-30"), MAXIMUM, date(2025, 2, 19), 1.0, 0.5)

    assert factor == pytest.approx([0.75], abs=1e-15)


def test_a_minimum_before_the_maximum_gives_the_same_as_one_after_it():
    dates = step_dates(date(2024, 9, 1), date(2025, 6, 1), 0.2)

    before = balcan(dates, MAXIMUM, date(2024, 7, 10), 1.0, 0.5)
    after = balcan(dates, MAXIMUM, date(2025, 7, 13), 1.0, 0.5)

    assert before.tolist() == after.tolist()


def test_hours_count_as_fractions_of_a_day():
    # Period 2 * 3 = 6 days; 12 hours are a twelfth of it, and sin(pi/6 + pi/2) is sqrt(3)/2.
    factor = balcan(at("2025-01-10T12:00"), MAXIMUM, date(2025, 1, 13), 1.0, 0.5)

    assert factor == pytest.approx([0.25 * 3**0.5 / 2 + 0.75], abs=1e-15)


def test_equal_extremes_change_nothing():
    dates = step_dates(date(2024, 9, 1), date(2025, 6, 1), 1.0)

    assert balcan(dates, MAXIMUM, None, 0.7, 0.7) == pytest.approx(np.ones(len(dates)))


def test_a_minimum_on_the_day_of_the_maximum_is_refused():
    with pytest.raises(ValueError, match="on one day, 2025-01-10"):
        balcan(at("2025-01-10"), MAXIMUM, MAXIMUM, 1.0, 0.5)


@pytest.mark.parametrize(("high", "low", "name"), [(0, 0, "max_value"), (1, -0.1, "min_value")])
def test_extremes_without_a_meaning_are_refused(high, low, name):
    with pytest.raises(ValueError, match=name):
        balcan(at("2025-01-10"), MAXIMUM, None, high, low)

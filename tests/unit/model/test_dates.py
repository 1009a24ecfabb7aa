from datetime import date, timedelta

import numpy as np
import pytest
from epydemix.utils.utils import compute_simulation_dates
from hypothesis import given
from hypothesis import strategies as st

from epyflow.model.dates import days_since, step_count, step_dates, step_days

START = date(2024, 9, 1)


@pytest.mark.parametrize("end", [START, date(2024, 9, 2), date(2025, 5, 31), date(2026, 3, 1)])
@pytest.mark.parametrize(
    "delta_t", [1, 1.0, 0.5, 0.25, 0.2, 0.1, 0.3, 0.7, 1 / 3, 1 / 7, 1 / 24, 2, 7, 400.0]
)
def test_the_dates_begin_with_those_of_epydemix(end, delta_t):
    dates = step_dates(START, end, delta_t)

    theirs = compute_simulation_dates(START, end, dt=delta_t)
    assert dates.dtype == np.dtype("datetime64[ns]")
    assert (dates[: len(theirs)] == theirs).all()


@given(
    start=st.dates(date(2000, 1, 1), date(2040, 1, 1)),
    days=st.integers(0, 400),
    delta_t=st.floats(0.05, 30),
)
def test_the_steps_cover_the_window_to_the_end_of_its_last_day(start, days, delta_t):
    end = start + timedelta(days)
    theirs = compute_simulation_dates(start, end, dt=delta_t)

    dates = step_dates(start, end, delta_t)

    assert np.array_equal(dates[: len(theirs)], theirs)
    midnight, close = np.datetime64(end + timedelta(1), "ns"), np.timedelta64(1, "ms")
    step = np.timedelta64(round(delta_t * 86_400e9), "ns")
    assert dates[-1] < midnight
    assert dates[-1] + step > midnight - close


@pytest.mark.parametrize(
    ("delta_t", "count"), [(1.0, 3), (0.5, 6), (0.3, 10), (0.1, 30), (0.7, 5), (2.0, 2), (7.0, 1)]
)
def test_three_days_have_as_many_steps_as_begin_in_them(delta_t, count):
    assert step_count(START, date(2024, 9, 3), delta_t) == count


def test_more_steps_than_an_experiment_may_have_are_refused():
    with pytest.raises(ValueError, match=r"3,000,000 steps of 1e-06 days; expected at most 1,000"):
        step_dates(START, date(2024, 9, 3), 1e-6)


def test_the_last_day_has_all_of_its_steps():
    dates = step_dates(START, date(2024, 9, 2), 0.5)

    assert dates.tolist() == [
        np.datetime64(text, "ns").item()
        for text in ("2024-09-01T00:00", "2024-09-01T12:00", "2024-09-02T00:00", "2024-09-02T12:00")
    ]


def test_a_window_that_runs_backwards_is_refused():
    with pytest.raises(ValueError, match="2024-08-31 is before the start 2024-09-01"):
        step_dates(START, date(2024, 8, 31), 1.0)


@pytest.mark.parametrize("delta_t", [0.0, -1.0, float("nan")])
def test_a_step_that_is_not_positive_is_refused(delta_t):
    with pytest.raises(ValueError, match="positive number of days"):
        step_dates(START, START, delta_t)


@pytest.mark.parametrize(
    ("delta_t", "per_period", "period"),
    [(0.5, 2, 1), (0.2, 5, 1), (0.1, 10, 1), (1 / 3, 3, 1), (1 / 7, 7, 1), (0.3, 10, 3)],
)
def test_a_step_meant_for_midnight_belongs_to_the_day_that_begins(delta_t, per_period, period):
    days = step_days(step_dates(START, date(2025, 8, 31), delta_t))

    at_midnight = days[::per_period]
    expected = np.datetime64(START, "D") + period * np.arange(len(at_midnight))
    assert at_midnight.tolist() == expected.tolist()


def test_steps_within_a_day_belong_to_it():
    days = step_days(step_dates(START, date(2024, 9, 3), 0.5))

    assert [day.day for day in days.tolist()] == [1, 1, 2, 2, 3, 3]


def test_days_are_counted_with_their_fraction_and_their_sign():
    dates = step_dates(START, date(2024, 9, 2), 0.5)

    assert days_since(dates, date(2024, 9, 2)).tolist() == [-1.0, -0.5, 0.0, 0.5]

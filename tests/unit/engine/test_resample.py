from datetime import date, timedelta

import numpy as np
import pytest
from epydemix.model.simulation_output import Trajectory

from epyflow.engine.resample import Resampling
from epyflow.model.dates import step_dates

START = date(2024, 10, 1)  # a Tuesday
FREQUENCIES = ["D", "2D", "7D", "W-SAT", "W", "W-TUE", "2W-SAT", "MS", "ME", "SMS", "B", "QE"]


def series(steps, columns=3):
    """Whole numbers that differ from step to step and from column to column."""
    return np.random.default_rng(3).integers(0, 10_000, (steps, columns)).astype(float)


def epydemix(dates, persons, moved, frequency):
    named = [{str(k): column for k, column in enumerate(each.T)} for each in (persons, moved)]
    trajectory = Trajectory(*named, list(dates), {}, {}, {})
    trajectory.resample(frequency)
    columns = [np.stack(list(each.values()), axis=1) for each in
               (trajectory.compartments, trajectory.transitions)]  # fmt: skip
    return [stamp.date() for stamp in trajectory.dates], *columns


@pytest.mark.parametrize("frequency", FREQUENCIES)
@pytest.mark.parametrize("delta_t", [0.2, 0.5, 1.0])
@pytest.mark.parametrize("days", [5, 90])
def test_whole_periods_equal_those_of_epydemix(frequency, delta_t, days):
    end = START + timedelta(days)
    dates = step_dates(START, end, delta_t)
    persons, moved = series(len(dates)), series(len(dates)) + 1

    resampling = Resampling.of(START, end, delta_t, frequency)

    their_dates, their_persons, their_moved = epydemix(dates, persons, moved, frequency)
    whole = [their_dates.index(day) for day in resampling.dates]
    assert len(their_dates) - len(whole) <= 2  # the first and the last may be cut
    assert (resampling.compartments(persons) == their_persons[whole]).all()
    assert (resampling.transitions(moved) == their_moved[whole]).all()


@pytest.mark.parametrize("frequency", FREQUENCIES)
@pytest.mark.parametrize("delta_t", [0.1, 0.3, 0.5, 0.7, 1.0, 1.4, 2.0, 5.0])
def test_a_constant_rate_gives_each_period_its_days(frequency, delta_t):
    # 7,000 persons a day; a step that crosses midnight counts for both days.
    end = START + timedelta(100)
    moved = np.full((len(step_dates(START, end, delta_t)), 1), 7_000 * delta_t)

    resampling = Resampling.of(START, end, delta_t, frequency)

    days = {"D": 1, "2D": 2, "7D": 7, "W": 7, "W-SAT": 7, "W-TUE": 7, "2W-SAT": 14}
    sums = resampling.transitions(moved)[:, 0]
    if frequency in days:
        expected = np.full(len(sums), 7_000.0 * days[frequency])
    else:  # labels differ in the days up to the next one
        expected = {
            "MS": 7_000.0 * np.array([31, 30, 31]),
            "ME": 7_000.0 * np.array([31, 30, 31]),
            "SMS": 7_000.0 * np.array([14, 17, 14, 16, 14, 17]),
            "QE": 7_000.0 * np.array([92]),
            "B": sums,
        }[frequency]
        expected = expected[-len(sums) :] if frequency == "SMS" else expected
    assert sums == pytest.approx(expected, abs=1)


def test_weeks_by_hand():
    # From Tuesday to the Monday after the next Saturday but one: one week is whole.
    resampling = Resampling.of(START, date(2024, 10, 14), 1.0, "W-SAT")

    assert resampling.dates == (date(2024, 10, 12),)
    assert resampling.compartments(np.arange(14.0)).tolist() == [11.0]
    assert resampling.transitions(np.ones((14, 1))).tolist() == [[7.0]]


def test_a_week_that_the_start_cuts_is_kept_where_nothing_was_before():
    resampling = Resampling.of(START, date(2024, 10, 12), 1.0, "W-SAT", from_start=True)

    assert resampling.dates == (date(2024, 10, 5), date(2024, 10, 12))
    assert resampling.transitions(np.ones(12)).tolist() == [5.0, 7.0]


def test_a_single_week_that_the_end_cuts_is_never_kept():
    assert Resampling.of(START, date(2024, 10, 3), 1.0, "W-SAT", from_start=True).dates == ()


def test_between_two_saturdays_there_is_no_whole_week():
    resampling = Resampling.of(date(2024, 10, 6), date(2024, 10, 11), 1.0, "W-SAT")

    assert resampling.dates == ()
    assert resampling.transitions(np.ones((6, 2))).shape == (0, 2)
    assert resampling.compartments(np.ones((6, 2))).shape == (0, 2)
    assert resampling.means(np.ones((6, 2))).shape == (0, 2)


def test_a_step_that_crosses_midnight_is_divided_by_time_into_whole_persons():
    # Steps of 0.3 days. Step 3 is a third of it on day 0, step 6 two thirds on day 1.
    moved = np.array([10.0, 20, 30, 31, 50, 60, 70, 80, 90, 100])

    resampling = Resampling.of(START, START + timedelta(2), 0.3, "D")

    # Up to the bounds: 60 + 31/3 = 70.33, 201 + 2/3 · 70 = 247.67, 541.
    assert resampling.transitions(moved).tolist() == [70.0, 178.0, 293.0]
    assert resampling.compartments(np.arange(10.0)).tolist() == [3.0, 6.0, 9.0]


def test_a_step_that_goes_on_after_the_end_counts_up_to_the_end():
    # Two days in steps of 0.3: the seventh step ends at 2.1 days.
    resampling = Resampling.of(START, START + timedelta(1), 0.3, "D")

    assert resampling.transitions(np.full(7, 300.0)).tolist() == [1000.0, 1000.0]


def test_a_step_of_several_days_gives_each_of_them_its_part():
    resampling = Resampling.of(START, date(2024, 10, 5), 2.0, "D")

    assert resampling.dates == tuple(START + timedelta(days) for days in range(5))
    assert resampling.compartments(np.array([1.0, 2.0, 3.0])).tolist() == [1, 1, 2, 2, 3]
    assert resampling.transitions(np.array([8.0, 10.0, 12.0])).tolist() == [4, 4, 5, 5, 6]


def test_without_a_frequency_several_steps_a_day_are_summed_up_by_day():
    resampling = Resampling.of(START, date(2024, 10, 3), 0.5, None)

    assert resampling.dates == (START, date(2024, 10, 2), date(2024, 10, 3))
    assert resampling.compartments(np.arange(6.0)).tolist() == [1.0, 3.0, 5.0]
    assert resampling.transitions(np.ones(6)).tolist() == [2.0, 2.0, 2.0]


@pytest.mark.parametrize("delta_t", [1.0, 1.4, 7.0])
def test_without_a_frequency_longer_steps_stay_as_they_are(delta_t):
    end = START + timedelta(28)
    values = series(len(step_dates(START, end, delta_t)))

    resampling = Resampling.of(START, end, delta_t, None)

    assert (resampling.compartments(values) == values).all()
    assert (resampling.transitions(values) == values).all()
    assert (resampling.means(values) == values).all()
    assert len(set(resampling.dates)) == len(values)


def test_a_step_that_falls_nanoseconds_short_of_midnight_has_the_date_of_the_day_that_begins():
    # Five steps of 1.4 days are 7 days; in nanoseconds they are 5 ns less.
    assert Resampling.of(START, START + timedelta(7), 1.4, None).dates[5] == date(2024, 10, 8)


@pytest.mark.parametrize("frequency", ["12h", "6h"])
def test_several_periods_a_day_are_refused(frequency):
    # A table has one row for a date.
    with pytest.raises(ValueError, match=f"resample_frequency {frequency} has several periods a d"):
        Resampling.of(START, START + timedelta(3), 0.5, frequency)


def test_age_groups_and_compartments_are_left_apart():
    resampling = Resampling.of(START, date(2024, 10, 7), 1.0, "7D")
    values = np.arange(42.0).reshape(7, 2, 3)

    assert resampling.compartments(values).tolist() == [values[-1].tolist()]
    assert resampling.transitions(values).tolist() == [values.sum(axis=0).tolist()]


def test_a_mean_is_over_the_steps_that_begin_in_a_period_else_of_the_step_in_progress():
    end = START + timedelta(6)
    values = np.arange(10.0).reshape(5, 2)  # steps at days 0, 1.5, 3, 4.5 and 6

    pairs = Resampling.of(START, end, 1.5, "3D").means(values)
    days = Resampling.of(START, end, 1.5, "D").means(values)

    assert pairs.tolist() == [[1.0, 2.0], [5.0, 6.0]]
    assert days[:, 0].tolist() == [0.0, 2.0, 2.0, 4.0, 6.0, 6.0, 8.0]

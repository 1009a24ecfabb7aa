from datetime import date, timedelta

import numpy as np
import pandas as pd
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
@pytest.mark.parametrize("delta_t", [0.2, 0.3, 0.5, 1.0, 1.4, 2.0, 7.0])
@pytest.mark.parametrize("days", [0, 1, 5, 90])
def test_resampling_equals_that_of_epydemix(frequency, delta_t, days):
    dates = step_dates(START, START + timedelta(days), delta_t)
    persons, moved = series(len(dates)), series(len(dates)) + 1

    resampling = Resampling.of(dates, frequency)

    their_dates, their_persons, their_moved = epydemix(dates, persons, moved, frequency)
    assert list(resampling.dates) == their_dates
    assert (resampling.compartments(persons) == their_persons).all()
    assert (resampling.transitions(moved) == their_moved).all()


@pytest.mark.parametrize("week", ["W-MON", "W-THU", "W-SAT", "W-SUN"])
@pytest.mark.parametrize("start", [START + timedelta(days) for days in range(7)])
@pytest.mark.parametrize("delta_t", [0.5, 10.0])  # with 10 days there are weeks without a step
def test_weeks_equal_those_of_epydemix_from_any_day(start, week, delta_t):
    dates = step_dates(start, start + timedelta(40), delta_t)
    persons, moved = series(len(dates)), series(len(dates)) + 1

    resampling = Resampling.of(dates, week)

    their_dates, their_persons, their_moved = epydemix(dates, persons, moved, week)
    assert list(resampling.dates) == their_dates
    assert (resampling.compartments(persons) == their_persons).all()
    assert (resampling.transitions(moved) == their_moved).all()


def test_weeks_by_hand():
    # From Tuesday to the Saturday of the week after; the first week has five days.
    resampling = Resampling.of(step_dates(START, date(2024, 10, 12), 1.0), "W-SAT")
    moved = np.ones((12, 1))

    assert resampling.dates == (date(2024, 10, 5), date(2024, 10, 12))
    assert resampling.compartments(np.arange(12.0)).tolist() == [4.0, 11.0]
    assert resampling.transitions(moved).tolist() == [[5.0], [7.0]]


def test_a_period_without_steps_keeps_the_people_and_moves_none():
    # Steps of two days: on the days between nothing happens.
    resampling = Resampling.of(step_dates(START, date(2024, 10, 5), 2.0), "D")

    assert resampling.dates == tuple(START + timedelta(days) for days in range(5))
    assert resampling.compartments(np.array([1.0, 2.0, 3.0])).tolist() == [1, 1, 2, 2, 3]
    assert resampling.transitions(np.array([7.0, 8.0, 9.0])).tolist() == [7, 0, 8, 0, 9]


def test_without_a_frequency_several_steps_a_day_are_summed_up_by_day():
    resampling = Resampling.of(step_dates(START, date(2024, 10, 3), 0.5), None)

    assert resampling.dates == (START, date(2024, 10, 2), date(2024, 10, 3))
    assert resampling.compartments(np.arange(5.0)).tolist() == [1.0, 3.0, 4.0]
    assert resampling.transitions(np.ones(5)).tolist() == [2.0, 2.0, 1.0]


@pytest.mark.parametrize("delta_t", [1.0, 1.4, 7.0])
def test_without_a_frequency_longer_steps_stay_as_they_are(delta_t):
    dates = step_dates(START, START + timedelta(28), delta_t)
    values = series(len(dates))

    resampling = Resampling.of(dates, None)

    assert (resampling.compartments(values) == values).all()
    assert (resampling.transitions(values) == values).all()
    assert len(set(resampling.dates)) == len(dates)


def test_a_step_that_falls_nanoseconds_short_of_midnight_has_the_date_of_the_day_that_begins():
    # Five steps of 1.4 days are 7 days; pandas makes them 5 ns less.
    dates = step_dates(START, START + timedelta(7), 1.4)
    assert pd.Timestamp(dates[5]).date() == date(2024, 10, 7)

    assert Resampling.of(dates, None).dates[5] == date(2024, 10, 8)


@pytest.mark.parametrize("frequency", ["12h", "6h"])
def test_several_periods_a_day_are_refused(frequency):
    # A table has one row for a date.
    dates = step_dates(START, START + timedelta(3), 0.5)

    with pytest.raises(ValueError, match=f"resample_frequency {frequency} has several periods a d"):
        Resampling.of(dates, frequency)


def test_age_groups_and_compartments_are_left_apart():
    resampling = Resampling.of(step_dates(START, date(2024, 10, 7), 1.0), "7D")
    values = np.arange(42.0).reshape(7, 2, 3)

    assert resampling.compartments(values).tolist() == [values[-1].tolist()]
    assert resampling.transitions(values).tolist() == [values.sum(axis=0).tolist()]


def test_a_mean_is_over_the_steps_of_the_period_and_an_empty_period_has_the_one_before():
    dates = step_dates(START, START + timedelta(6), 1.5)  # days 0, 1.5, 3, 4.5 and 6
    values = np.arange(10.0).reshape(5, 2)

    pairs = Resampling.of(dates, "3D").means(values)
    days = Resampling.of(dates, "D").means(values)

    assert pairs.tolist() == [[1.0, 2.0], [5.0, 6.0], [8.0, 9.0]]
    assert days[:, 0].tolist() == [0.0, 2.0, 2.0, 4.0, 6.0, 6.0, 8.0]

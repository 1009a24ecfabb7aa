from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from epyflow.artifacts.task import DailyDoses
from epyflow.model.vaccination import distribute_doses, join_doses

SUNDAY = date(2024, 9, 1)


def doses(*per_day, first_day=SUNDAY):
    return DailyDoses(first_day, np.array(per_day, dtype=np.float64).reshape(len(per_day), -1))


def season(seed=3):
    """Doses from August to May in two age groups, no two days alike."""
    first = date(2024, 8, 11)
    days = (date(2025, 5, 31) - first).days + 1
    return DailyDoses(first, np.random.default_rng(seed).random((days, 2)) * [1e5, 3.0])


def test_with_one_step_per_day_each_value_is_exactly_the_doses_of_the_day():
    given_doses = season()

    schedule = distribute_doses(given_doses, given_doses.first_day, len(given_doses.doses), 1.0)

    assert np.array_equal(schedule, given_doses.doses)


@pytest.mark.parametrize("delta_t", [0.5, 0.2, 0.1, 1 / 3, 1 / 7])
def test_steps_within_a_day_have_exactly_its_doses_per_day(delta_t):
    per_day = round(1 / delta_t)
    given_doses = season()

    schedule = distribute_doses(
        given_doses, given_doses.first_day, len(given_doses.doses) * per_day, delta_t
    )

    assert np.array_equal(schedule, np.repeat(given_doses.doses, per_day, axis=0))


def test_a_step_across_midnight_has_the_mean_of_both_days():
    # Steps of 0.3 days: the fourth lasts from 0.9 to 1.2, a third of it on the first day; the
    # seventh from 1.8 to 2.1, a third of it on a day without data.
    schedule = distribute_doses(doses(30.0, 60.0), SUNDAY, 7, 0.3)

    assert schedule[:, 0] == pytest.approx([30.0, 30.0, 30.0, 50.0, 60.0, 60.0, 40.0])


def test_a_step_of_a_week_has_the_mean_of_its_days():
    schedule = distribute_doses(doses(*range(14)), SUNDAY, 2, 7.0)

    assert schedule[:, 0] == pytest.approx([3.0, 10.0])


def test_earlier_doses_are_spread_from_the_start_to_the_first_saturday():
    # Thursday 5 September: the 10 doses of Sunday to Wednesday go to Thursday, Friday, Saturday.
    schedule = distribute_doses(doses(1, 2, 3, 4, 5, 6, 7, 8), date(2024, 9, 5), 4, 1.0)

    assert schedule[:, 0] == pytest.approx([5 + 10 / 3, 6 + 10 / 3, 7 + 10 / 3, 8])


def test_a_start_on_a_saturday_takes_all_earlier_doses_on_that_day():
    schedule = distribute_doses(doses(1, 2, 3, 4, 5, 6, 7, 8), date(2024, 9, 7), 2, 1.0)

    assert schedule[:, 0].tolist() == [28.0, 8.0]


def test_a_start_on_a_sunday_has_the_week_for_earlier_doses():
    schedule = distribute_doses(doses(7, first_day=date(2024, 8, 31)), SUNDAY, 8, 1.0)

    assert schedule[:, 0].tolist() == [1.0] * 7 + [0.0]


def test_doses_of_a_campaign_that_is_over_are_not_lost():
    schedule = distribute_doses(doses(30, 40), date(2025, 1, 3), 5, 1.0)

    assert schedule[:, 0].tolist() == [35.0, 35.0, 0.0, 0.0, 0.0]


def test_before_the_first_dose_there_is_none():
    schedule = distribute_doses(doses(30, 40), date(2024, 8, 30), 6, 1.0)

    assert schedule[:, 0].tolist() == [0.0, 0.0, 30.0, 40.0, 0.0, 0.0]


def test_a_simulation_that_ends_before_the_first_dose_has_none():
    assert not distribute_doses(doses(30, 40), date(2024, 8, 1), 6, 1.0).any()


def test_a_simulation_that_ends_before_saturday_has_its_part_of_the_earlier_doses():
    schedule = distribute_doses(doses(12), date(2024, 9, 4), 2, 1.0)

    # Wednesday and Thursday of the four days from Wednesday to Saturday.
    assert schedule[:, 0].tolist() == [3.0, 3.0]


def test_no_steps_have_no_doses():
    assert distribute_doses(doses(12), SUNDAY, 0, 1.0).shape == (0, 1)


@pytest.mark.parametrize("delta_t", [0.0, -0.5])
def test_a_step_that_is_not_positive_is_refused(delta_t):
    with pytest.raises(ValueError, match="positive number of days"):
        distribute_doses(doses(12), SUNDAY, 3, delta_t)


@pytest.mark.parametrize("delta_t", [1.0, 0.5, 0.2, 0.3, 7.0])
def test_doses_are_conserved_under_every_start_date_of_a_season(delta_t):
    given_doses = season()
    total = given_doses.doses.sum(axis=0)

    for late in range(len(given_doses.doses) + 10):
        start = given_doses.first_day + timedelta(late)
        covered = max(len(given_doses.doses) - late, 0) + 7
        steps = -(-covered // delta_t)
        schedule = distribute_doses(given_doses, start, int(steps), delta_t)
        assert schedule.sum(axis=0) * delta_t == pytest.approx(total, rel=1e-12)


@given(
    per_day=st.lists(st.floats(0, 1e6), min_size=1, max_size=40),
    late=st.integers(-20, 60),
    steps=st.integers(1, 200),
    delta_t=st.sampled_from([1.0, 0.5, 0.2, 0.3, 7.0, 1 / 3, 0.1, 1.5]) | st.floats(0.01, 20),
)
def test_the_doses_of_the_time_covered_are_given_whatever_the_step(per_day, late, steps, delta_t):
    start = SUNDAY + timedelta(late)

    schedule = distribute_doses(doses(*per_day), start, steps, delta_t)

    covered = _cumulative(per_day, late, start, steps * delta_t)
    assert (schedule >= 0).all()
    assert schedule.sum() * delta_t == pytest.approx(covered, rel=1e-9, abs=1e-6)


def _cumulative(per_day, late, start, end):
    """Doses from the start until ``end`` days later, each day's in proportion to its part."""
    days_to_saturday = 7 if start.weekday() == 6 else 6 - start.weekday()
    on_day = {day - late: amount for day, amount in enumerate(per_day) if day >= late}
    for day in range(days_to_saturday):
        on_day[day] = on_day.get(day, 0.0) + sum(per_day[: max(late, 0)]) / days_to_saturday
    return sum(amount * min(max(end - day, 0.0), 1.0) for day, amount in on_day.items())


@pytest.mark.parametrize("shift", [-3, 0, 2])
def test_spliced_doses_are_the_first_up_to_a_day_and_the_second_after_it(shift):
    before = doses(1, 2, 3, 4)
    after = doses(10, 20, 30, 40, 50, first_day=SUNDAY + timedelta(days=shift))
    last = SUNDAY + timedelta(days=1)

    found = join_doses(before, after, last)

    def on(schedule, day):
        position = (day - schedule.first_day).days
        inside = 0 <= position < len(schedule.doses)
        return schedule.doses[position, 0] if inside else 0.0

    for offset in range(-5, 12):
        day = SUNDAY + timedelta(days=offset)
        assert on(found, day) == on(before if day <= last else after, day)

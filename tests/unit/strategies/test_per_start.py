from datetime import date, timedelta

from epyflow.model.dates import step_dates
from epyflow.strategies.per_start import PerStart, resampled
from tests.building import sir

END = date(2024, 11, 16)


def steps(day, end=END):
    return step_dates(date(2024, 10, 1) + timedelta(days=day), end, 1.0)


def test_simulations_that_start_together_are_worked_out_once():
    asked = []
    known = PerStart(lambda dates: asked.append(dates) or len(dates))

    assert [known(steps(day)) for day in (0, 3, 0, 3, 3)] == [47, 44, 47, 44, 44]
    assert len(asked) == 2


def test_simulations_that_start_together_and_end_apart_are_told_apart():
    known = PerStart(len)

    assert known(steps(0)) == 47
    assert known(steps(0, date(2024, 10, 2))) == 2


def test_what_was_longest_unused_is_forgotten_and_worked_out_again():
    asked = []
    known = PerStart(lambda dates: asked.append(dates[0]) or len(dates), most=2)

    for day in (0, 1, 0, 2, 0, 1):
        known(steps(day))

    # Day 1 gives way to day 2, as day 0 has been used since.
    assert asked == [steps(day)[0] for day in (0, 1, 2, 1)]


def test_weeks_of_a_simulation_are_those_of_its_first_day():
    weekly = resampled(sir(end="2024-11-16", resample_frequency="W-SAT"))

    # 1 October 2024 is a Tuesday: its week is cut.
    assert weekly(steps(0)).dates[0] == date(2024, 10, 12)
    assert weekly(steps(5)).dates[0] == date(2024, 10, 12)
    assert weekly(steps(7)).dates[0] == date(2024, 10, 19)

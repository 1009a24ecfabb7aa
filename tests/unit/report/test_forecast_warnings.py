import pytest

from epyflow.report import forecast_warnings as warnings
from epyflow.report.forecast_warnings import Coverage


@pytest.mark.parametrize(
    ("inside", "observations", "level", "probability"),
    [(2, 2, 0.95, 1.0), (1, 2, 0.95, 1 - 0.95**2), (0, 3, 0.5, 0.125)],
)
def test_the_chance_of_so_few_inside_is_binomial(inside, observations, level, probability):
    assert warnings.at_most(inside, observations, level) == pytest.approx(probability)


def held(*rows):
    """Rows of nominal, forecasts, observations, inside."""
    return [
        Coverage("flu", nominal, forecasts, observations, inside, inside / observations)
        for nominal, forecasts, observations, inside in rows
    ]


def test_forecasts_that_held_too_few_are_told_in_numbers():
    (said,) = warnings.forecasts(held((0.5, 21, 84, 12), (0.95, 21, 84, 60)))

    assert said == (
        "flu: 95% intervals of the forecasts held 71% of 84 later observations; 50% intervals of "
        "the forecasts held 14% of 84 later observations. They are too narrow or biased."
    )


# Of 21 forecasts, at most 16 inside has a chance of 0.0032 at 95%, at most 17 one of 0.019.
@pytest.mark.parametrize(("inside", "warned"), [(64, True), (65, False)])
def test_a_forecast_counts_once_however_many_weeks_it_has(inside, warned):
    assert bool(warnings.forecasts(held((0.95, 21, 84, inside)))) is warned


# Of 1,000 forecasts, at most 930 inside has a chance of 0.0035; a shortfall of 5% is at 900.
@pytest.mark.parametrize(("inside", "warned"), [(900, True), (901, False), (930, False)])
def test_a_small_shortfall_is_not_told_however_sure_it_is(inside, warned):
    assert warnings.at_most(930, 1000, 0.95) < warnings.SURPRISE
    assert bool(warnings.forecasts(held((0.95, 1000, 1000, inside)))) is warned


def test_two_forecasts_that_miss_half_of_the_weeks_are_chance():
    assert warnings.forecasts(held((0.95, 2, 8, 4))) == []
    assert len(warnings.forecasts(held((0.95, 2, 8, 0)))) == 1


def test_intervals_that_hold_what_they_should_are_not_told_whatever_a_computer_makes_of_it():
    assert warnings.forecasts(held((0.95, 20, 80, 76), (0.9, 10, 30, 27))) == []

"""Estimate the noise of reporting from the residuals of a fit, worked by hand."""

import numpy as np
import pytest

from epyflow.calibration.observation_noise import (
    estimate_dispersion,
    estimate_growth,
    estimate_walk,
)

E = np.e
NOISE = 1 / 100 + 1 / (100 * E)


def weeks(*numbers):
    return np.array(numbers, dtype=np.int64)


def test_dispersion_is_the_variance_beyond_poisson_over_the_squared_mean():
    # ((10 - 20)^2 - 20) + ((30 - 20)^2 - 20) = 160, and 20^2 + 20^2 = 800.
    assert estimate_dispersion(np.array([10.0, 30.0]), np.array([20.0, 20.0])) == pytest.approx(0.2)


def test_large_weeks_decide_the_dispersion():
    # Of ((4 - 1)^2 - 1) + ((60 - 100)^2 - 100) = 1508 the first week gives 8.
    found = estimate_dispersion(np.array([4.0, 60.0]), np.array([1.0, 100.0]))

    assert found == pytest.approx(1508 / 10001)


def test_reports_nearer_than_poisson_have_no_dispersion():
    assert estimate_dispersion(np.array([20.0, 22.0]), np.array([20.0, 20.0])) == 0


def test_dispersion_around_nothing_is_refused():
    with pytest.raises(ValueError, match="every fitted value is zero; give a number"):
        estimate_dispersion(np.array([1.0, 2.0]), np.zeros(2))


def test_the_walk_is_the_change_of_residuals_beyond_that_of_reporting():
    # Residuals 0, 1, 0, 1: three steps of 1, each with the noise of counts of 100 and 100 e.
    counts = np.array([100, 100 * E, 100, 100 * E]) - 0.5
    found = estimate_walk(counts, np.full(4, 99.5), weeks(0, 1, 2, 3), 0.0)

    assert found == pytest.approx(np.sqrt(1 - NOISE))


def test_dates_on_which_one_person_was_fitted_count_and_those_with_fewer_do_not():
    observed, periods = np.array([100.0, 2, 300, 4, 500, 6]), weeks(0, 1, 2, 3, 4, 5)
    fitted = np.array([1.0, 1, 1, 1, 1, 1])

    assert estimate_walk(observed, fitted, periods, 0.0) > 0
    fitted[:3] = 0.99
    with pytest.raises(ValueError, match="on 3 observed dates at least one person was fitted"):
        estimate_walk(observed, fitted, periods, 0.0)


def test_dispersion_is_no_part_of_the_walk():
    counts = np.array([100, 100 * E, 100, 100 * E]) - 0.5
    found = estimate_walk(counts, np.full(4, 99.5), weeks(0, 1, 2, 3), 0.1)

    assert found == pytest.approx(np.sqrt(1 - NOISE - 2 * 0.1))


def test_the_walk_over_a_missing_week_has_taken_two_steps():
    counts = np.array([100, 100 * E, 100, 100 * E]) - 0.5
    found = estimate_walk(counts, np.full(4, 99.5), weeks(0, 2, 4, 6), 0.0)

    assert found == pytest.approx(np.sqrt((1 - NOISE) / 2))


def test_small_counts_say_little_of_the_walk():
    # Counts of 1 and of 10,000, each with residuals of 0 and then 1, 0, 1.
    counts = np.array([1, E, 1, 10_000, 10_000, 10_000, 10_000]) - 0.5
    fitted = np.array([1.5, 1.5, 1.5, 10_000, 10_000, 10_000, 10_000]) - 0.5
    small, large = 1 + 1 / E, 2 / 10_000
    between = 1 + 1 / 10_000
    jump = np.log(1.5) ** 2
    expected = (2 / small + jump / between - 6) / (2 / small + 1 / between + 3 / large)

    assert estimate_walk(counts, fitted, np.arange(7), 0.0) == pytest.approx(
        np.sqrt(max(0, expected))
    )
    assert estimate_walk(counts, fitted, np.arange(7), 0.0) < 0.01


def test_residuals_that_reporting_explains_have_no_walk():
    counts = np.array([100.0, 105.0, 98.0, 101.0])

    assert estimate_walk(counts, np.full(4, 100.0), np.arange(4), 0.0) == 0


def test_weeks_before_the_epidemic_are_no_part_of_the_walk():
    counts = np.array([7.0, 300.0, *(np.array([100, 100 * E, 100, 100 * E]) - 0.5)])
    fitted = np.array([0.0, 0.9, *np.full(4, 99.5)])

    assert estimate_walk(counts, fitted, np.arange(6), 0.0) == pytest.approx(np.sqrt(1 - NOISE))


def test_a_walk_of_two_steps_is_refused():
    with pytest.raises(ValueError, match=r"on 3 observed dates .* expected 4 or more: give a"):
        estimate_walk(np.array([9.0, 30.0, 90.0]), np.array([10.0, 30.0, 80.0]), np.arange(3), 0.0)


def test_the_growth_of_a_residual_is_that_of_its_last_two_steps_shrunk_by_its_noise():
    # The logarithm grows by 1 over three weeks, of which one is missing. Of the variance of that
    # growth 3 * 0.1^2 is the walk's, and 1/100 + 1/(100 e) the reports'.
    counts = np.array([5, 100, 1, 100 * E]) - 0.5
    share = 0.03 / (0.03 + 0.01 + 0.01 / E)

    found = estimate_growth(counts, np.full(4, 99.5), weeks(0, 1, 2, 4), 0.0, 0.1)

    assert found == pytest.approx(share / 3)


def test_two_observations_or_no_walk_say_nothing_of_growth():
    counts = np.array([10.0, 20.0, 90.0])

    assert estimate_growth(counts[:2], counts[:2], np.arange(2), 0.0, 0.1) == 0
    assert estimate_growth(counts, counts[::-1], np.arange(3), 0.0, 0.0) == 0

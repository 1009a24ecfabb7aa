from datetime import date, timedelta

import numpy as np
import pytest

from epyflow.errors import EpyflowError
from epyflow.submission.projected_series import Observed, Projection
from epyflow.submission.summaries import (
    choose_evenly,
    compute_peak_sizes,
    compute_peak_week_shares,
    compute_quantiles,
    compute_shares_up_to,
    join_season,
)

SATURDAY = date(2025, 1, 4)


def weeks(count, first=SATURDAY):
    return tuple(first + timedelta(weeks=n) for n in range(count))


def test_quantiles_interpolate_and_are_whole_where_counts_are():
    values = np.array([0.0, 1.0, 2.0, 3.0, 10.0])

    assert compute_quantiles(values, [0.1, 0.5, 0.9], whole=False) == pytest.approx([0.4, 2.0, 7.2])
    assert compute_quantiles(values, [0.1, 0.5, 0.9], whole=True).tolist() == [0, 2, 7]


def test_the_share_up_to_a_bound_includes_it():
    values = np.array([0.0, 1.4, 2.0, 3.0])

    assert compute_shares_up_to(values, [0, 1, 2.5], whole=False).tolist() == [0.25, 0.25, 0.75]
    assert compute_shares_up_to(values, [0, 1, 2.5], whole=True).tolist() == [0.25, 0.5, 0.75]


def test_quantiles_never_fall_even_by_a_rounding_error():
    generator = np.random.default_rng(1)
    levels = [0.01, 0.025, *(round(0.05 * n, 2) for n in range(1, 20)), 0.975, 0.99]
    for _ in range(200):
        values = generator.choice([0.1, 0.3, 0.7], size=7)
        for whole in (True, False):
            assert (np.diff(compute_quantiles(values, levels, whole=whole)) >= 0).all()


@pytest.mark.parametrize(
    ("available", "wanted", "expected"),
    [(4, 4, [0, 1, 2, 3]), (10, 5, [1, 3, 5, 7, 9]), (10, 3, [1, 5, 8]), (3, 1, [1])],
)
def test_samples_are_chosen_evenly(available, wanted, expected):
    assert choose_evenly(available, wanted).tolist() == expected


@pytest.mark.parametrize(("available", "wanted"), [(100, 100), (101, 100), (999, 100), (5000, 7)])
def test_no_trajectory_is_chosen_twice(available, wanted):
    chosen = choose_evenly(available, wanted)

    assert len(set(chosen.tolist())) == wanted
    assert 0 <= chosen.min() <= chosen.max() < available


def test_observed_weeks_of_the_season_come_before_projected_ones():
    """Week 2 is both projected and observed, week 3 was not reported."""
    trajectories = np.array([[20.0, 30.0, 40.0], [21.0, 31.0, 41.0]])
    observed = Observed(weeks(3), np.array([5.0, 7.0, np.nan]))
    projection = Projection({}, weeks(4)[1:], trajectories, observed)

    season = join_season(projection, weeks(4))

    assert season.tolist() == [[5, 7, 30, 40], [5, 7, 31, 41]]


def test_a_season_with_a_week_that_is_not_known_has_no_peak():
    projection = Projection({"location": "25"}, weeks(3), np.ones((2, 3)))

    with pytest.raises(
        EpyflowError, match=r"location 25: 2025-01-25 is neither .* \(1 of 4 weeks\)"
    ):
        join_season(projection, weeks(4))


def test_the_peak_is_observed_where_no_projected_week_is_larger():
    season = np.array([[9.0, 3.0, 8.0], [9.0, 3.0, 12.0], [9.0, 3.0, 1.0], [9.0, 3.0, 10.0]])

    assert compute_peak_sizes(season).tolist() == [9, 12, 9, 10]
    assert compute_peak_week_shares(season).tolist() == [0.5, 0, 0.5]


def test_weeks_that_tie_for_the_peak_share_the_trajectorys_weight():
    season = np.array([[4.0, 4.0, 1.0], [0.0, 0.0, 5.0]])

    assert compute_peak_week_shares(season).tolist() == [0.25, 0.25, 0.5]


@pytest.mark.parametrize(
    ("dates", "trajectories", "says"),
    [
        (weeks(2), np.ones((0, 2)), "there are no trajectories"),
        (weeks(2), np.ones((3, 3)), "2 dates for values of shape"),
        (weeks(2)[::-1], np.ones((3, 2)), "the dates do not ascend"),
        (weeks(2), np.array([[1.0, np.nan]]), "a trajectory is not a number"),
    ],
)
def test_what_are_no_trajectories_is_refused(dates, trajectories, says):
    with pytest.raises(EpyflowError, match=says):
        Projection({"location": "25"}, dates, trajectories)

"""Ensembles of forecasts: which quantiles they have, and what comes after them."""

import numpy as np
import pytest

from epyflow.artifacts.task import GROWTH_LEVELS
from epyflow.experiment.format.observation_model import Ensemble
from epyflow.strategies.ensemble import Reports, combine

DRAWN = {"type": "negative_binomial", "dispersion": 0}
GROWTH = {"type": "damped_growth"}
PERSONS = 10**9


def ensemble(*members, **changes):
    return Ensemble.model_validate({"type": "ensemble", "members": members, **changes})


class Fixed(Reports):
    """Reports that are given."""

    counts = None

    def __init__(self, counts):
        counts = np.array(counts, dtype=np.float64)
        object.__setattr__(self, "counts", counts)
        super().__init__(counts, 0.0, np.full(counts.shape, 0.5))


def test_the_median_of_each_quantile_in_the_order_of_the_first_member():
    # In the one period after the observation: 30, 10, 20; 1, 2, 3; 100, 200, 300.
    first = Fixed([[5, 30], [5, 10], [5, 20]])
    second, third = Fixed([[6, 1], [6, 2], [6, 3]]), Fixed([[7, 300], [7, 100], [7, 200]])
    model = ensemble(DRAWN, DRAWN, DRAWN)

    found = combine(model, [first, second, third], None, 0, PERSONS)

    # Level by level the medians of (10, 1, 100), (20, 2, 200), (30, 3, 300).
    assert found.tolist() == [[5, 30], [5, 10], [5, 20]]


def test_the_mean_of_each_quantile_as_a_whole_number():
    first, second = Fixed([[5, 30], [5, 10]]), Fixed([[5, 3], [5, 4]])

    found = combine(ensemble(DRAWN, DRAWN, method="mean"), [first, second], None, 0, PERSONS)

    # (10 + 3) / 2 = 6.5, which rounds to even, and (30 + 4) / 2 = 17.
    assert found.tolist() == [[5, 17], [5, 6]]


def test_damped_growth_gives_its_quantile_at_the_level_of_the_trajectory():
    # With 4 trajectories the levels are 1/8, 3/8, 5/8 and 7/8; the quantile at level p is 800 p.
    first = Fixed([[0, 4], [0, 3], [0, 2], [0, 1]])
    growth = 800 * GROWTH_LEVELS[np.newaxis]

    found = combine(ensemble(DRAWN, GROWTH, method="mean"), [first], growth, 0, PERSONS)

    assert found[:, 1].tolist() == [(700 + 4) / 2, np.rint(503 / 2), 151, np.rint(101 / 2)]


def test_after_the_combined_periods_the_first_member_grows_from_the_ensemble():
    # The ensemble is 20.5 / 40.5 of the first member, whose x + 1/2 then doubles and halves.
    first = Fixed([[10, 40, 80.5, 20]] * 3)
    second = Fixed([[10, 0, 0, 0]] * 3)

    found = combine(ensemble(DRAWN, DRAWN, periods=1), [first, second], None, 0, 10**9)

    ratio = 20.5 / 40.5
    assert found[:, 1].tolist() == [20] * 3
    assert found[0, 2:] == pytest.approx([80.5 * ratio, 20 * ratio], abs=1)


def test_nobody_is_beyond_the_population():
    first = Fixed([[1, 1, 1e6], [1, 1, 1e6]])
    second = Fixed([[1, 99, 1], [1, 99, 1]])

    found = combine(ensemble(DRAWN, DRAWN, periods=1), [first, second], None, 0, 1000)

    assert found[:, 2].max() < 1100  # Poisson reports around at most 1000

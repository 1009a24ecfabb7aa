"""Reports of one forecast and of several: which quantiles they have, and what comes after them."""

import numpy as np
import pytest
from scipy import stats

from epyflow.artifacts.task import GROWTH_LEVELS
from epyflow.experiment.format.observation_model import Ensemble
from epyflow.strategies.ensemble import Reports, combine, report

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


def evenly(count):
    return (np.arange(count) + 0.5) / count


def test_reports_keep_the_mean_and_have_the_variance_of_their_definition():
    for dispersion, variance in ((0.1, 50 + 0.1 * 50**2), (0.0, 50)):
        counts = report(np.full(20_000, 50.0), dispersion, evenly(20_000))

        assert counts.mean() == pytest.approx(50, rel=5e-3)
        assert counts.var() == pytest.approx(variance, rel=5e-3)


def test_with_mean_1_and_dispersion_1_reports_halve_from_count_to_count():
    # The negative binomial is geometric then: P(0) = 1/2, P(1) = 1/4, P(2) = 1/8.
    counts = report(np.ones(6), 1.0, np.array([0.01, 0.49, 0.51, 0.74, 0.76, 0.87]))

    assert counts.tolist() == [0, 0, 1, 1, 2, 2]


def test_poisson_reports_are_the_quantiles_of_scipy():
    rng = np.random.default_rng(4)
    means, levels = np.exp(rng.uniform(-8, 12, 2_000)), rng.random(2_000)
    levels[:2], means[:2] = 0, (0.1, 1e6)

    counts = report(means, 0, levels)

    assert counts.tolist() == np.maximum(stats.poisson.ppf(levels, means), 0).tolist()


def test_negative_binomial_reports_are_the_quantiles_of_scipy():
    rng = np.random.default_rng(4)
    means, levels = np.exp(rng.uniform(-8, 8, 2_000)), rng.random(2_000)

    for dispersion in (1e-4, 0.01, 1.0, 10.0):
        counts = report(means, dispersion, levels)
        expected = stats.nbinom.ppf(levels, 1 / dispersion, 1 / (1 + dispersion * means))

        assert counts.tolist() == expected.tolist()


def test_large_reports_are_poisson_quantiles_to_the_last_person():
    means = np.full(5, 1e9)
    levels = np.array([0.001, 0.025, 0.5, 0.975, 0.999])

    found = report(np.nextafter(means, 2e9), 0, levels)

    assert found.tolist() == report(means, 0, levels).tolist()


@pytest.mark.parametrize("dispersion", [0.0, 1e-300, 1e-20, 1e-16])
@pytest.mark.parametrize("mean", [1e-3, 1.0, 1e6, 1e10, 1e12])
def test_a_vanishing_dispersion_gives_poisson_counts(dispersion, mean):
    levels = np.array([0.0, 0.001, 0.5, 0.999])
    found = report(np.full(4, mean), dispersion, levels)

    z = stats.norm.ppf(levels[1:])
    assert found[0] == 0
    if mean < 1e6:
        assert found[1:].tolist() == stats.poisson.ppf(levels[1:], mean).tolist()
    else:
        assert (found[1:] - mean) / np.sqrt(mean) == pytest.approx(z, abs=3e-3)


@pytest.mark.parametrize("dispersion", [0.1, 10.0])
def test_large_reports_are_those_of_a_gamma_distribution(dispersion):
    # Poisson counts around gamma means: the Poisson part vanishes for large means.
    levels = np.array([0.25, 0.5, 0.975])
    gamma = stats.gamma.ppf(levels, 1 / dispersion, scale=dispersion * 1e12)

    assert report(np.full(3, 1e12), dispersion, levels) == pytest.approx(gamma, rel=1e-6)


@pytest.mark.parametrize("dispersion", [0.0, 0.5])
def test_nobody_is_reported_where_nobody_is(dispersion):
    assert report(np.zeros(3), dispersion, np.array([0.0, 0.5, 0.999])).tolist() == [0, 0, 0]

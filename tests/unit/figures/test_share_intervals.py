"""The uncertainty of shares, against Wilson's formula worked by hand."""

import numpy as np
import pytest

from epyflow.figures.share_intervals import interval_of_share


def interval(*weeks):
    """The interval of weeks, each with its values."""
    names = np.repeat([f"week {n}" for n in range(len(weeks))], [len(week) for week in weeks])
    return interval_of_share(np.concatenate(weeks).astype(float), names)


@pytest.mark.parametrize(
    ("weeks", "expected"),
    [
        # z2 = 3.8415. All weeks are equal: 8 observations, 0.5 in the middle, and
        # 1.96 / (1 + z2 / 8) * sqrt(0.25 / 8 + z2 / 256) = 0.2848 to each side.
        ([[1, 0]] * 4, (0.2152, 0.7848)),
        # Nothing but the weeks differs: as two observations, sqrt(0.25 / 2 + z2 / 16) * 0.6711.
        ([[1, 1, 1, 1], [0, 0, 0, 0]], (0.0945, 0.9055)),
        # All inside: as many observations as weeks, (1 + z2 / 8) / (1 + z2 / 4) * 2 - 1 = 0.5101.
        ([[1, 1, 1]] * 4, (0.5101, 1)),
        ([[0, 0, 0]] * 4, (0, 0.4899)),
        # One week is one observation, however many it has.
        ([[1, 0, 1, 0]], (0.0546, 0.9454)),
    ],
)
def test_an_interval_is_wilsons_of_the_effective_number(weeks, expected):
    assert interval(*weeks) == pytest.approx(expected, abs=1e-4)


def test_with_many_weeks_the_number_is_that_which_gives_the_variance_between_them():
    """Of 60 weeks of 4, 30 hold all and 30 hold 2: the share is 0.75.

    Each residual is 1 or -1: the variance is 60 / 59 * 60 / 240**2 = 0.0010593, and 0.1875 over it
    is 177. With t = 2.001 in place of z = 1.96 it is 169.8.
    """
    weeks = [[1, 1, 1, 1], [1, 1, 0, 0]] * 30

    low, high = interval(*weeks)

    z2, number = 3.8415, 169.8
    assert (low + high) / 2 == pytest.approx((0.75 + z2 / 2 / number) / (1 + z2 / number), abs=1e-4)
    half = 1.96 / (1 + z2 / number) * np.sqrt(0.1875 / number + z2 / 4 / number**2)
    assert (high - low) / 2 == pytest.approx(half, abs=1e-4)


def test_simulated_weeks_that_agree_within_are_held_at_about_the_level():
    """12 weeks of 20 that are all in or all out, as if there were 240 independent ones."""
    rng = np.random.default_rng(3)
    inside = rng.random((400, 12)) < 0.7

    held = 0
    for weeks in inside:
        low, high = interval(*(np.full(20, week) for week in weeks))
        held += low <= 0.7 <= high

    assert 0.92 <= held / 400 <= 1

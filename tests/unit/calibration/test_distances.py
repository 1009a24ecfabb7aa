"""Distances of a simulated series from the observed one, worked by hand."""

import numpy as np
import pytest

from epyflow.calibration.distances import DISTANCES, WeightedDistance

OBSERVED = np.array([[10.0, 2.0], [np.nan, 4.0], [20.0, np.nan], [0.0, 4.0]])
SIMULATED = np.array([[13.0, 2.0], [99.0, 1.0], [16.0, 99.0], [0.0, 4.0]])


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        # Errors: 3, -, 4, 0 and 0, 3, -, 0.
        ("rmse", np.sqrt(25 / 3), np.sqrt(3)),
        ("wmape", 7 / 30, 3 / 10),
        ("ae", 7, 3),
        ("mae", 7 / 3, 1),
        ("mape", (0.3 + 0.2) / 2, 0.25),  # the observed zero is left out
    ],
)
def test_distances_leave_out_missing_values_and_are_averaged_by_their_weights(name, first, second):
    found = WeightedDistance(name, OBSERVED, np.array([1.0, 3.0]))(SIMULATED)

    assert found == pytest.approx((first + 3 * second) / 4)


@pytest.mark.parametrize("name", sorted(DISTANCES))
def test_the_weight_of_a_single_comparison_changes_nothing(name):
    one = slice(0, 1)

    found = [
        WeightedDistance(name, OBSERVED[:, one], np.array([weight]))(SIMULATED[:, one])
        for weight in (1.0, 7.0)
    ]

    assert found[0] == pytest.approx(found[1])


@pytest.mark.parametrize("name", ["mape", "wmape"])
def test_relative_distances_from_nothing_are_undefined(name):
    with pytest.raises(ValueError, match="every observation is zero; use rmse or mae"):
        WeightedDistance(name, np.zeros((3, 1)), np.ones(1))(np.ones((3, 1)))

"""The drift of projected trajectories after the last observation, worked by hand."""

import numpy as np
import pytest

from epyflow.experiment.format.observation_model import Discrepancy
from epyflow.strategies.discrepancy import drifted


def test_a_trajectory_goes_on_from_the_last_observation():
    # 19.5 reported of 9.5 simulated: twice as many, then e times that, then as e^(1 - 2).
    simulated = np.array([[4.0, 9.5, 10.0, 20.0]])
    steps = np.array([[9.0, 9.0, 1.0, -2.0]])

    found = drifted(simulated, 1, 19.5, steps)

    assert found == pytest.approx(np.array([[4.0, 19.0, 20 * np.e, 40 / np.e]]))


def test_growth_damps_by_its_factors_and_the_ratio_begins_as_a_power():
    # x + 1/2 doubles twice, after a ratio of 4: by 2^(1/2), then by 2^(1/4), from 4^(1/2); the
    # ratio's own growth of log 16 continues as 16^(1/4) and 16^(1/16).
    simulated = np.array([[1.0, 1.5, 3.5, 7.5]])
    how = Discrepancy(sd=0, start=0.5, model_growth=0.5, residual_growth=0.25)

    found = drifted(simulated, 1, 7.5, np.zeros((1, 4)), np.log(16), how)

    first, second = 2 * 2**0.5, 2 * 2**0.75
    expected = [1.0, 3.0, 2 * 2 * (first - 0.5), 2 * 2 * 16 ** (1 / 16) * (second - 0.5)]
    assert found == pytest.approx(np.array([expected]))


def test_defaults_of_a_discrepancy_change_no_bit():
    simulated, steps = np.random.default_rng(1).random((2, 5, 9)) * 100
    plain = drifted(simulated, 3, 50.0, steps)

    assert (drifted(simulated, 3, 50.0, steps, 0.3, Discrepancy(sd=1)) == plain).all()

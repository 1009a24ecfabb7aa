"""A stochastic model small enough to calibrate thousands of times."""

from collections.abc import Sequence

import numpy as np
from scipy import stats

from epyflow.calibration.distances import rmse
from epyflow.calibration.sampler import Priors, Simulated

OBSERVED = np.array([3.0, 7.0, 12.0, 14.0, 9.0])

PRIORS = Priors(
    {
        "rate": stats.uniform(0.0, 3.0),
        "delay": stats.randint(0, 4),
        "size": stats.norm(5.0, 1.0),
    }
)


def simulated_series(values: Sequence[float], rng: np.random.Generator) -> np.ndarray:
    rate, delay, size = values
    mean = np.maximum(rate * size * np.array([0.5, 1.0, 1.5, 1.5, 1.0]) - delay, 0.1)
    return rng.poisson(mean).astype(float)


def simulate(values: Sequence[float], rng: np.random.Generator) -> Simulated:
    series = simulated_series(values, rng)
    return Simulated(rmse(OBSERVED, series), series[:, None])

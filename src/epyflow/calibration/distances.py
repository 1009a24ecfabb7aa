"""Measure the distance of a simulated series from the observed one.

Definitions: epydemix 1.5, ``epydemix.calibration.metrics``; the absolute error ``ae`` is an array
there, which cannot order particles, and a sum here.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Series = NDArray[np.float64]


def rmse(observed: Series, simulated: Series) -> float:
    """Return the root of the mean squared error."""
    return float(np.sqrt(np.mean((observed - simulated) ** 2)))


def wmape(observed: Series, simulated: Series) -> float:
    """Return the summed absolute error over the sum of the observations.

    Raises
    ------
    ValueError
        If every observation is zero.
    """
    total = np.sum(np.abs(observed))
    if total == 0:
        raise ValueError("wmape is undefined where every observation is zero; use rmse or mae")
    return float(np.sum(np.abs(observed - simulated)) / total)


def ae(observed: Series, simulated: Series) -> float:
    """Return the summed absolute error."""
    return float(np.sum(np.abs(observed - simulated)))


def mae(observed: Series, simulated: Series) -> float:
    """Return the mean absolute error."""
    return float(np.mean(np.abs(observed - simulated)))


def mape(observed: Series, simulated: Series) -> float:
    """Return the mean of absolute error / observation, over observations that are not zero.

    Raises
    ------
    ValueError
        If every observation is zero.
    """
    counted = observed != 0
    if not counted.any():
        raise ValueError("mape is undefined where every observation is zero; use rmse or mae")
    return float(np.mean(np.abs((observed[counted] - simulated[counted]) / observed[counted])))


DISTANCES: Mapping[str, Callable[[Series, Series], float]] = {
    "rmse": rmse,
    "wmape": wmape,
    "ae": ae,
    "mae": mae,
    "mape": mape,
}


class WeightedDistance:
    """The weighted mean of the distances of several comparisons.

    Parameters
    ----------
    name
        Key of ``DISTANCES``.
    observed
        Shape (dates, comparisons). Dates without an observation hold NaN and are left out.
    weights
        Shape (comparisons,). Positive.
    """

    def __init__(self, name: str, observed: NDArray[np.float64], weights: Series) -> None:
        self._distance = DISTANCES[name]
        self._known = [~np.isnan(column) for column in observed.T]
        self._observed = [
            column[known] for column, known in zip(observed.T, self._known, strict=True)
        ]
        self._weights, self._total = weights, weights.sum()

    def __call__(self, simulated: NDArray[np.float64]) -> float:
        """Return the distance of a simulated series, shape (dates, comparisons)."""
        parts = [
            self._distance(observed, simulated[known, column])
            for column, (observed, known) in enumerate(
                zip(self._observed, self._known, strict=True)
            )
        ]
        return float((self._weights * parts).sum() / self._total)

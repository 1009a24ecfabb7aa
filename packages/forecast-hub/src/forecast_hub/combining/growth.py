"""Forecast weekly counts by damped growth, with the errors that such forecasts had.

The change of log(y + 1) over h weeks is regressed on the growth of the last two weeks, in the
place and in all places together, and on the logarithm of the count relative to the place's mean:
growth slows where many are reported already. Coefficients and errors come from the observations
themselves, all places and weeks together. Source of statistical members of this kind: Ray et al.
(2025), "Flusion: integrating multiple data sources for accurate influenza predictions", Epidemics
50:100810.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecast_hub.errors import DataError

Array = NDArray[np.float64]

HORIZONS = 4
LEVELS = (0.01, 0.025, *(round(0.05 * step, 2) for step in range(1, 20)), 0.975, 0.99)

YEAR = 52
"""Weeks of a year; errors are those of years that the coefficients were not estimated from."""

HISTORY = 10 * YEAR
"""Weeks before the last that are used."""

LEAST = 300
"""Changes that coefficients are estimated from."""

_FLOOR = (0.002, 0.2)
"""Least variance of errors, and of errors times counts, on the logarithmic scale."""


@dataclass(frozen=True)
class Errors:
    """Errors of changes over one horizon, relative to their standard deviation.

    Attributes
    ----------
    coefficients
        Shape (features,).
    variance
        The variance of an error is the first plus the second divided by (count + 1).
    quantiles
        Shape (levels,).
    """

    coefficients: Array
    variance: Array
    quantiles: Array


def forecast_growth(counts: Array, levels: ArrayLike = LEVELS) -> Array:
    """Forecast the weeks after the last.

    Parameters
    ----------
    counts
        Shape (weeks, places). Whole numbers; NaN where there is none.
    levels
        Of the quantiles, ascending.

    Returns
    -------
    quantiles
        Shape (places, :data:`HORIZONS`, levels). NaN for a place without the last three
        weeks.

    Raises
    ------
    DataError
        If there are fewer than :data:`LEAST` changes to learn from, or counts are too large.
    """
    logs, features, levels = np.log(counts + 1), _features(counts), np.asarray(levels)
    found = np.empty((counts.shape[1], HORIZONS, len(levels)))
    for horizon in range(HORIZONS):
        errors = _errors(counts, logs, features, horizon + 1, levels)
        middle = logs[-1] + features[-1] @ errors.coefficients
        spread = np.sqrt(errors.variance[0] + errors.variance[1] / (counts[-1] + 1))
        found[:, horizon] = middle[:, None] + spread[:, None] * errors.quantiles
    with np.errstate(over="ignore"):
        quantiles: Array = np.maximum(np.exp(found) - 1, 0)
    if np.isinf(quantiles).any():
        raise DataError(f"the forecast of {np.nanmax(counts):g} is no number; expected counts")
    return quantiles


def _features(counts: Array) -> Array:
    """Return what a change is regressed on, shape (weeks, places, features)."""
    growth = np.full_like(counts, np.nan)
    growth[1:] = np.diff(np.log(counts + 1), axis=0)
    known = ~np.isnan(growth)
    size = np.where(known, np.sqrt(np.nan_to_num(counts) + 1), 0)
    total = np.maximum(size.sum(axis=1), 1)
    common = (np.where(known, growth, 0) * size).sum(axis=1) / total
    both = growth, np.broadcast_to(common[:, None], counts.shape)
    mean = np.nansum(counts, axis=0) / np.maximum((~np.isnan(counts)).sum(axis=0), 1)
    relative = np.log(counts / (mean + 1) + 0.1)
    return np.stack([*both, *map(_before, both), relative, np.ones_like(counts)], axis=2)


def _before(values: Array) -> Array:
    """Return the value of the week before."""
    return np.vstack([np.full((1, values.shape[1]), np.nan), values[:-1]])


def _errors(counts: Array, logs: Array, features: Array, ahead: int, levels: Array) -> Errors:
    change = np.full_like(logs, np.nan)
    change[:-ahead] = logs[ahead:] - logs[:-ahead]
    usable = ~np.isnan(change) & ~np.isnan(features).any(axis=2)
    if usable.sum() < LEAST:
        raise DataError(
            f"the observations have {usable.sum()} changes over {ahead} weeks, of all places "
            f"together; expected {LEAST} or more: several places and more than a year"
        )
    past = (np.arange(len(counts))[::-1] // YEAR)[:, None] + np.zeros_like(counts)
    x, y, year, noise = features[usable], change[usable], past[usable], 1 / (counts[usable] + 1)
    weight = 1 / (0.02 + noise)
    coefficients = _regressed(x, y, weight)
    error = y - x @ coefficients
    for each in np.unique(year):
        rest = year != each
        if rest.sum() >= LEAST:
            error[~rest] = (y - x @ _regressed(x[rest], y[rest], weight[rest]))[~rest]
    parts = np.stack([np.ones_like(noise), noise], axis=1)
    variance = np.maximum(_regressed(parts, error**2, weight**2), np.array(_FLOOR))
    relative = error / np.sqrt(parts @ variance)
    return Errors(coefficients, variance, _weighted_quantiles(relative, weight, levels))


def _regressed(x: Array, y: Array, weight: Array) -> Array:
    """Return the coefficients of weighted least squares; a feature that is constant has 0."""
    root = np.sqrt(weight)
    found = np.linalg.lstsq(x * root[:, None], y * root, rcond=None)[0]
    return np.asarray(found, dtype=np.float64)


def _weighted_quantiles(values: Array, weight: Array, levels: Array) -> Array:
    order = np.argsort(values, kind="stable")
    share = np.cumsum(weight[order]) - weight[order] / 2
    found: Array = np.interp(levels, share / weight.sum(), values[order])
    return found

"""Forecast weekly counts by damped growth, with the errors that such forecasts had.

The change of log(y + 1) over h weeks is regressed on the growth of the last two weeks, in the
place and in all places together, and on the logarithm of the weekly rate: growth slows where many
are reported already. Coefficients and errors come from the observations themselves, all places
and weeks together. Source of statistical members of this kind: Ray et al. (2025), "Flusion:
integrating multiple data sources for accurate influenza predictions", Epidemics 50:100810.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast_hub.config import flusight
from forecast_hub.config.locations import read_places
from forecast_hub.config.reader import read_hub
from forecast_hub.errors import DataError
from forecast_hub.scoring.matching import select_target
from forecast_hub.scoring.outcomes import names_of_places, read_outcomes

Array = NDArray[np.float64]

HORIZONS = 4
LEVELS = (0.01, 0.025, *(round(0.05 * step, 2) for step in range(1, 20)), 0.975, 0.99)

YEAR = 52
"""Weeks of a year; errors are those of years that the coefficients were not estimated from."""

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


def forecast_growth(counts: Array, persons: Array) -> Array:
    """Forecast the weeks after the last.

    Parameters
    ----------
    counts
        Shape (weeks, places). NaN where there is none.
    persons
        Shape (places,). Population.

    Returns
    -------
    quantiles
        Shape (places, :data:`HORIZONS`, :data:`LEVELS`). NaN for a place without the last three
        weeks.

    Raises
    ------
    DataError
        If there are fewer than :data:`LEAST` changes to learn from.
    """
    logs, features = np.log(counts + 1), _features(counts, persons)
    found = np.empty((counts.shape[1], HORIZONS, len(LEVELS)))
    for horizon in range(HORIZONS):
        errors = _errors(counts, logs, features, horizon + 1)
        middle = logs[-1] + features[-1] @ errors.coefficients
        spread = np.sqrt(errors.variance[0] + errors.variance[1] / (counts[-1] + 1))
        found[:, horizon] = middle[:, None] + spread[:, None] * errors.quantiles
    quantiles: Array = np.maximum(np.exp(found) - 1, 0)
    return quantiles


def _features(counts: Array, persons: Array) -> Array:
    """Return what a change is regressed on, shape (weeks, places, features)."""
    growth = np.full_like(counts, np.nan)
    growth[1:] = np.diff(np.log(counts + 1), axis=0)
    known = ~np.isnan(growth)
    size = np.where(known, np.sqrt(np.nan_to_num(counts) + 1), 0)
    total = np.maximum(size.sum(axis=1), 1)
    common = (np.where(known, growth, 0) * size).sum(axis=1) / total
    both = growth, np.broadcast_to(common[:, None], counts.shape)
    rate = np.log(counts / persons * flusight.PER + 0.1)
    return np.stack([*both, *map(_before, both), rate, np.ones_like(counts)], axis=2)


def _before(values: Array) -> Array:
    """Return the value of the week before."""
    return np.vstack([np.full((1, values.shape[1]), np.nan), values[:-1]])


def _errors(counts: Array, logs: Array, features: Array, ahead: int) -> Errors:
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
    return Errors(coefficients, variance, _weighted_quantiles(relative, weight))


def _regressed(x: Array, y: Array, weight: Array) -> Array:
    """Return the coefficients of weighted least squares; a feature that is constant has 0."""
    root = np.sqrt(weight)
    found = np.linalg.lstsq(x * root[:, None], y * root, rcond=None)[0]
    return np.asarray(found, dtype=np.float64)


def _weighted_quantiles(values: Array, weight: Array) -> Array:
    order = np.argsort(values, kind="stable")
    share = np.cumsum(weight[order]) - weight[order] / 2
    found: Array = np.interp(np.array(LEVELS), share / weight.sum(), values[order])
    return found


def forecast_file(
    target_data: Path, hub: Path, day: date, target: str = flusight.ADMISSIONS
) -> pd.DataFrame:
    """Forecast the places of a hub from its target data, as rows of a submission.

    Parameters
    ----------
    target_data
        What was observed, as known for the forecast: see
        :func:`forecast_hub.scoring.outcomes.read_outcomes`. Weeks up to the one before ``day``
        are used.
    hub
        The hub's folder; its table of locations names places and populations.
    day
        The reference date, the end of the week of horizon 0.
    target
        The target: a weekly count.

    Raises
    ------
    HubError
        If the hub has no table of locations, a file cannot be used, the week before ``day`` is
        missing everywhere, or there are too few weeks.
    """
    table = read_hub(hub).folder.locations
    if table is None:
        raise DataError(f"{hub}: has no table of locations; expected auxiliary-data/locations.csv")
    places = read_places(table)
    rows = read_outcomes(target_data, (), list(places), names_of_places(places))
    series = select_target(rows, target, target)
    last = day - timedelta(weeks=1)
    wide = series.pivot_table(index="target_end_date", columns="location", values="observed")
    wide.index = pd.to_datetime(wide.index)
    if wide.empty or pd.Timestamp(last) not in wide.index:
        newest = "nothing" if wide.empty else f"weeks up to {wide.index.max():%Y-%m-%d}"
        raise DataError(
            f"{target_data}: has {newest} of {target}; expected the week that ends on {last}, one "
            f"week before {day}"
        )
    weeks = (pd.Timestamp(last) - wide.index.min()).days // 7
    counts = wide.reindex(pd.date_range(end=last, periods=weeks + 1, freq="7D"))
    persons = np.array([float(places[name].population) for name in counts.columns])
    found = forecast_growth(counts.to_numpy(dtype=np.float64), persons)
    return _rows(found, list(counts.columns), day, target)


def _rows(quantiles: Array, places: list[str], day: date, target: str) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "reference_date": str(day),
                "target": target,
                "horizon": str(horizon),
                "target_end_date": str(day + timedelta(weeks=horizon)),
                "location": place,
                "output_type": "quantile",
                "output_type_id": f"{level:g}",
                "value": float(np.rint(value)),
            }
            for place, of_place in zip(places, quantiles, strict=True)
            if not np.isnan(of_place).any()
            for horizon, values in enumerate(of_place)
            for level, value in zip(LEVELS, values, strict=True)
        ]
    )

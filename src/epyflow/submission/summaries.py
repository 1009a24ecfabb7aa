"""Summarise trajectories: quantiles, samples, peaks."""

from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from epyflow.errors import EpyflowError
from epyflow.submission.projected_series import Projection


def compute_quantiles(
    values: NDArray[np.float64], levels: Sequence[float], *, whole: bool
) -> NDArray[np.float64]:
    """Compute quantiles that do not decrease with the level.

    Parameters
    ----------
    values
        Shape (trajectories,).
    levels
        Ascending.
    whole
        Whether to round to whole numbers; halves are rounded to even, which keeps the order.
    """
    found: NDArray[np.float64] = np.quantile(values, levels)
    if whole:
        found = np.rint(found)
    # Interpolation between equal numbers can decrease by a rounding error.
    return np.maximum.accumulate(found)


def compute_shares_up_to(
    values: NDArray[np.float64], bounds: Sequence[float], *, whole: bool
) -> NDArray[np.float64]:
    """Compute the share of trajectories with values up to each bound, shape (bounds,).

    Parameters
    ----------
    values
        Shape (trajectories,).
    bounds
        In the unit of the values.
    whole
        Whether the values are rounded to whole numbers before they are compared.
    """
    rounded = np.rint(values) if whole else values
    shares: NDArray[np.float64] = (rounded[:, np.newaxis] <= np.array(bounds)).mean(axis=0)
    return shares


def choose_evenly(available: int, wanted: int) -> NDArray[np.intp]:
    """Choose trajectories at equal distances: the middle of each of ``wanted`` equal intervals.

    The choice depends on the two numbers only. So a sample's number is the same trajectory in every
    location and horizon.
    """
    chosen: NDArray[np.intp] = ((2 * np.arange(wanted) + 1) * available // (2 * wanted)).astype(
        np.intp
    )
    return chosen


def join_season(projection: Projection, weeks: Sequence[date]) -> NDArray[np.float64]:
    """Join observed weeks of a season with projected ones.

    A week with an observation is observed; other weeks are projected.

    Returns
    -------
    numpy.ndarray
        Shape (trajectories, weeks).

    Raises
    ------
    EpyflowError
        If a week is neither observed nor projected: the peak of a part of the season is not the
        target.
    """
    known = [projection.known_on(week) for week in weeks]
    missing = [week for week, values in zip(weeks, known, strict=True) if values is None]
    if missing:
        raise EpyflowError(
            f"{projection.title}: {missing[0]} is neither observed nor projected "
            f"({len(missing)} of {len(weeks)} weeks); expected all weeks from {weeks[0]} to "
            f"{weeks[-1]} for the season's peak"
        )
    return np.column_stack([values for values in known if values is not None])


def compute_peak_sizes(season: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the largest week of each trajectory, shape (trajectories,)."""
    largest: NDArray[np.float64] = season.max(axis=1)
    return largest


def compute_peak_week_shares(season: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probability that each week is the peak, shape (weeks,).

    Equally large weeks of a trajectory share its weight.
    """
    largest = season == season.max(axis=1, keepdims=True)
    shares: NDArray[np.float64] = (largest / largest.sum(axis=1, keepdims=True)).mean(axis=0)
    return shares

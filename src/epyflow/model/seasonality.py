"""Compute the seasonal factor of a parameter."""

from datetime import date

import numpy as np
from numpy.typing import NDArray

from epyflow.model.dates import days_since

YEAR = 365.0
"""Days of a cycle whose minimum is not given."""


def balcan(
    dates: NDArray[np.datetime64],
    maximum: date,
    minimum: date | None,
    max_value: float,
    min_value: float,
) -> NDArray[np.float64]:
    """Return the seasonal factor of each step: a sine over the year that is 1 at its maximum.

    The factor at time t is ½[(1 − r)·sin(2π(t − t_max)/P + π/2) + 1 + r] with r = min_value /
    max_value and the period P = 2·|t_min − t_max| days, or 365 days. Source: Balcan et al. 2010,
    J. Comput. Sci. 1:132, eq. 25.

    Parameters
    ----------
    dates
        Shape (T,). Times of the steps; those within a day count as fractions of it.
    maximum
        Day on which the factor is 1.
    minimum
        Day on which the factor is r, half a period from the maximum. None: half of 365 days.
    max_value, min_value
        Their ratio is r; the maximum itself is the parameter's own value.

    Returns
    -------
    factor
        Shape (T,).

    Raises
    ------
    ValueError
        If ``max_value`` is not positive, ``min_value`` is negative, or minimum and maximum fall
        on one day: the period would be zero.
    """
    return scale_sine(compute_sine(dates, maximum, minimum), max_value, min_value)


def compute_sine(
    dates: NDArray[np.datetime64], maximum: date, minimum: date | None
) -> NDArray[np.float64]:
    """Return the sine in :func:`balcan`, which depends on dates alone; shape (T,).

    Raises
    ------
    ValueError
        If minimum and maximum fall on one day.
    """
    period = YEAR if minimum is None else 2.0 * abs((minimum - maximum).days)
    if period == 0.0:
        raise ValueError(f"seasonality has its minimum and its maximum on one day, {maximum}")
    phase = 2 * np.pi * days_since(dates, maximum) / period + np.pi / 2
    sine: NDArray[np.float64] = np.sin(phase)
    return sine


def scale_sine(
    sine: NDArray[np.float64], max_value: float, min_value: float
) -> NDArray[np.float64]:
    """Return the factor of :func:`balcan` from its sine; shape (T,).

    Raises
    ------
    ValueError
        If ``max_value`` is not positive, or ``min_value`` is negative.
    """
    if not max_value > 0:
        raise ValueError(f"max_value is {max_value}; expected a positive number")
    if not min_value >= 0:
        raise ValueError(f"min_value is {min_value}; expected zero or more")
    ratio = min_value / max_value
    factor: NDArray[np.float64] = 0.5 * ((1 - ratio) * sine + 1 + ratio)
    return factor

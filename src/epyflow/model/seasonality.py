"""Compute the seasonal factor of a parameter."""

from datetime import date

import numpy as np
from numpy.typing import NDArray

from epyflow.model.dates import days_since

YEAR = 365.0
"""Days of a cycle whose minimum is not given."""


def compute_sine(
    dates: NDArray[np.datetime64], maximum: date, minimum: date | None
) -> NDArray[np.float64]:
    """Return sin(2π(t − t_max)/P + π/2), the part of the factor that depends on dates alone.

    Parameters
    ----------
    dates
        Shape (T,). Times t of the steps; those within a day count as fractions of it.
    maximum
        Day t_max on which the sine is 1.
    minimum
        Day on which it is −1, half a period from the maximum: P = 2·|t_min − t_max| days. None:
        P is 365 days.

    Returns
    -------
    sine
        Shape (T,).

    Raises
    ------
    ValueError
        If minimum and maximum fall on one day: the period would be zero.
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
    """Return the seasonal factor of each step, ½[(1 − r)·sine + 1 + r] with r = min/max value.

    It is 1 at the maximum of the sine and r at its minimum. Source: Balcan et al. 2010, J. Comput.
    Sci. 1:132, eq. 25.

    Parameters
    ----------
    sine
        Shape (T,). See :func:`compute_sine`.
    max_value, min_value
        Their ratio is r; the maximum itself is the parameter's own value.

    Returns
    -------
    factor
        Shape (T,).

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

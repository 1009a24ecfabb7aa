"""Compute the dates of a simulation's steps."""

from datetime import date

import numpy as np
from numpy.typing import NDArray


def step_dates(start: date, end: date, delta_t: float) -> NDArray[np.datetime64]:
    """Return the date and time of each step of a simulation.

    Step k is at ``start + k · delta_t``. The last step is not after midnight of ``end``, so the
    number of steps is ``int((end - start) / delta_t) + 1``. Source: epydemix 1.5,
    ``utils.compute_simulation_dates``; the dates are equal to the nanosecond.

    A step length such as 0.3 days is not a whole number of nanoseconds. epydemix truncates it, as
    pandas does, so ten steps end 10 ns before midnight. :func:`step_days` allows for that.

    Parameters
    ----------
    start, end
        First and last day.
    delta_t
        Days per step.

    Returns
    -------
    dates
        Shape (T,), datetime64[ns].

    Raises
    ------
    ValueError
        If ``delta_t`` is not positive, or ``end`` is before ``start``.
    """
    if not delta_t > 0:
        raise ValueError(f"delta_t is {delta_t}; expected a positive number of days")
    days = (end - start).days
    if days < 0:
        raise ValueError(f"the end {end} is before the start {start}")
    step = int(delta_t * 24 * 3600 * 1_000_000_000)
    elapsed = step * np.arange(int(days / delta_t) + 1)
    return np.datetime64(start, "ns") + elapsed.astype("timedelta64[ns]")


def step_days(dates: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
    """Return the calendar day of each step.

    Dates are rounded to the millisecond first. A step at midnight may be some nanoseconds early
    (see :func:`step_dates`); it belongs to the day that begins.

    Parameters
    ----------
    dates
        Shape (T,), from :func:`step_dates`.

    Returns
    -------
    days
        Shape (T,), datetime64[D].
    """
    return (dates + np.timedelta64(500, "us")).astype("datetime64[D]")


def days_since(dates: NDArray[np.datetime64], origin: date) -> NDArray[np.float64]:
    """Return the days from midnight of ``origin`` to each date, negative before it.

    Parameters
    ----------
    dates
        Shape (T,), datetime64 of any unit.
    origin
        The day counted from.

    Returns
    -------
    days
        Shape (T,). Days with their fraction.
    """
    elapsed = dates.astype("datetime64[ns]") - np.datetime64(origin, "ns")
    days: NDArray[np.float64] = elapsed / np.timedelta64(1, "D")
    return days

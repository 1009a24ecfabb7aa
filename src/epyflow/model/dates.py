"""Compute the dates of a simulation's steps."""

from datetime import date
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from epyflow.experiment.format.base import MAX_STEPS

_FINEST = 10**9


def step_length(delta_t: float) -> Fraction:
    """Return the length of a step in days as the fraction that is meant.

    0.3 is 3/10, so ten steps are three days. Ten times the float 0.3 need not be three.

    Raises
    ------
    ValueError
        If ``delta_t`` is not positive.
    """
    length = Fraction(delta_t).limit_denominator(_FINEST) if delta_t > 0 else Fraction(0)
    if length <= 0:
        raise ValueError(f"delta_t is {delta_t}; expected a positive number of days")
    return length


def step_count(start: date, end: date, delta_t: float) -> int:
    """Return the number of steps that begin from midnight of ``start`` to the end of ``end``.

    Raises
    ------
    ValueError
        If ``delta_t`` is not positive, ``end`` is before ``start``, or there are more steps than
        an experiment may have.
    """
    length, days = step_length(delta_t), (end - start).days + 1
    if days < 1:
        raise ValueError(f"the end {end} is before the start {start}")
    count = -(-days * length.denominator // length.numerator)
    if count > MAX_STEPS:
        raise ValueError(f"{count:,} steps of {delta_t:g} days; expected at most {MAX_STEPS:,}")
    return count


def steps_to_last_midnight(start: date, end: date, delta_t: float) -> int:
    """Return the number of steps that begin up to midnight of ``end``, as epydemix counts them."""
    return int((end - start).days / delta_t) + 1


def step_dates(start: date, end: date, delta_t: float) -> NDArray[np.datetime64]:
    """Return the date and time at which each step of a simulation begins.

    Step k begins at ``start + k · delta_t``. The day ``end`` is simulated to its end. epydemix 1.5
    (``utils.compute_simulation_dates``) stops at the first step of that day; up to there the dates
    are equal to the nanosecond.

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
        Shape (T,), datetime64[ns]; T is :func:`step_count`.

    Raises
    ------
    ValueError
        If ``delta_t`` is not positive, or ``end`` is before ``start``.
    """
    count = step_count(start, end, delta_t)
    step = int(delta_t * 24 * 3600 * 1_000_000_000)
    return np.datetime64(start, "ns") + (step * np.arange(count)).astype("timedelta64[ns]")


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

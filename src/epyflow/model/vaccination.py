"""Distribute vaccine doses over the steps of a simulation."""

from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from epyflow.artifacts.task import DailyDoses
from epyflow.model.dates import step_length

_SATURDAY = 5


def distribute_doses(
    doses: DailyDoses, start: date, steps: int, delta_t: float
) -> NDArray[np.float64]:
    """Return the doses per day of each step.

    Doses of the days before ``start`` are spread evenly over the days from ``start`` to the first
    Saturday on or after it, both included; none are lost. Within a day doses are given evenly.
    The value of step k is the mean over the time from ``start + k·delta_t`` to ``start +
    (k+1)·delta_t``, so the values times ``delta_t`` add up to the doses of the time covered,
    whatever the step. Days without data have no doses.

    Parameters
    ----------
    doses
        Persons vaccinated per day in each of G age groups.
    start
        First day of the simulation.
    steps
        Number of steps, T.
    delta_t
        Days per step.

    Returns
    -------
    schedule
        Shape (T, G). Doses per day; with one step per day, exactly the doses of each day.

    Raises
    ------
    ValueError
        If ``delta_t`` is not positive.
    """
    # In whole ticks: a step of 0.3 days is 3 ticks, a day is 10.
    per_step, per_day = step_length(delta_t).as_integer_ratio()
    total = steps * per_step
    days = -(-total // per_day)
    ticks = np.union1d(np.arange(steps) * per_step, np.arange(days) * per_day)
    lengths = np.diff(np.append(ticks, total))
    daily = _from_start(doses, start, days)
    schedule = np.zeros((steps, daily.shape[1]))
    np.add.at(
        schedule, ticks // per_step, (lengths / per_step)[:, np.newaxis] * daily[ticks // per_day]
    )
    return schedule


def _from_start(doses: DailyDoses, start: date, days: int) -> NDArray[np.float64]:
    """Return the doses of the first days, with earlier ones spread over them; shape (days, G)."""
    begin = max((doses.first_day - start).days, 0)
    early = max((start - doses.first_day).days, 0)
    daily = np.zeros((days, doses.doses.shape[1]))
    within = doses.doses[early : early + max(days - begin, 0)]
    daily[begin : begin + len(within)] = within
    until_saturday = (_SATURDAY - start.weekday()) % 7 + 1
    daily[:until_saturday] += doses.doses[:early].sum(axis=0) / until_saturday
    return daily


def join_doses(before: DailyDoses, after: DailyDoses, last: date) -> DailyDoses:
    """Join the doses of ``before`` up to the day ``last`` and those of ``after`` from then on.

    Both are by the same age groups.
    """
    first = min(before.first_day, after.first_day)
    end = max(each.first_day + timedelta(days=len(each.doses)) for each in (before, after))
    daily = np.zeros(((end - first).days, before.doses.shape[1]))
    cut = max((last - first).days + 1, 0)
    for each, part in ((before, slice(0, cut)), (after, slice(cut, None))):
        begin = (each.first_day - first).days
        whole = np.zeros_like(daily)
        whole[begin : begin + len(each.doses)] = each.doses
        daily[part] = whole[part]
    return DailyDoses(first, daily)

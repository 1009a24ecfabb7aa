"""Define what FluSight's configuration does not: rate-trend classes and weeks of past seasons.

Source: cdcepi/FluSight-forecast-hub, model-output/README.md, "Rate-trend forecast specifications"
and "pmf output", and README.md, "Rate-trend categories" and "Seasonal Forecast Targets".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecast_hub.errors import HubError

ADMISSIONS = "wk inc flu hosp"
RATE_CHANGE = "wk flu hosp rate change"
PEAK_SIZE = "peak inc flu hosp"
PEAK_WEEK = "peak week inc flu hosp"

TARGETS = (RATE_CHANGE, ADMISSIONS, PEAK_SIZE, PEAK_WEEK)
"""The targets that are computed from weekly hospital admissions."""

CLASSES = ("large_decrease", "decrease", "stable", "increase", "large_increase")
"""The rate-trend classes, from low to high."""

STABLE_BELOW = 10
"""A change of fewer admissions is stable, whatever the rate."""

PER = 100_000
"""Rates are per this number of persons."""


@dataclass(frozen=True)
class Season:
    """A season of the hub.

    Attributes
    ----------
    name
        Such as ``2024-25``.
    first
        First reference date to which the definitions apply.
    thresholds
        Horizon to two changes of the weekly rate per 100,000. A change below the first is stable;
        a change of the second or more is large.
    weeks
        First and last Saturday of the weeks that can be the peak; None if ``tasks.json`` lists
        them, or there was no such target.
    """

    name: str
    first: date
    thresholds: Mapping[int, tuple[float, float]]
    weeks: tuple[date, date] | None


_SINCE_2024 = MappingProxyType({0: (0.3, 1.7), 1: (0.5, 3.0), 2: (0.7, 4.0), 3: (1.0, 5.0)})

SEASONS = (
    Season(
        "2023-24",
        date(2023, 8, 1),
        MappingProxyType({0: (1.0, 2.0), 1: (1.0, 3.0), 2: (2.0, 4.0), 3: (2.5, 5.0)}),
        None,
    ),
    Season("2024-25", date(2024, 8, 1), _SINCE_2024, (date(2024, 11, 23), date(2025, 5, 31))),
    Season("2025-26", date(2025, 8, 1), _SINCE_2024, None),
)
"""The seasons in order. Later seasons use the definitions of the last one."""


def find_season(reference_date: date) -> Season:
    """Return the season of a reference date.

    Raises
    ------
    HubError
        If it is before the first known season: the classes of 2022-23 had another definition.
    """
    for each in reversed(SEASONS):
        if reference_date >= each.first:
            return each
    raise HubError(
        f"FluSight's rate-trend classes before {SEASONS[0].first} are not known; the reference "
        f"date is {reference_date}"
    )


def classify(
    change: ArrayLike, population: int, thresholds: tuple[float, float]
) -> NDArray[np.intp]:
    """Return the rate-trend class of changes in weekly admissions.

    A change is stable if it is fewer than 10 admissions or its rate is below the first threshold.
    It is large if its rate is the second threshold or more. The rate is the change per 100,000
    persons. A rate equal to a threshold is in the class above, as in the hub's README.

    Parameters
    ----------
    change
        Admissions in the target week minus those in the baseline week; whole numbers.
    population
        Persons in the location, from the hub's table of locations.
    thresholds
        The limits for the horizon: see :class:`Season`.

    Returns
    -------
    numpy.ndarray
        Same shape as ``change``. Index in :data:`CLASSES`.
    """
    counts = np.asarray(change, dtype=np.float64)
    # One division of whole numbers: a change that is a threshold exactly is not rounded below it.
    rate = np.abs(counts) * PER / population
    stable = (np.abs(counts) < STABLE_BELOW) | (rate < thresholds[0])
    size = np.where(stable, 0, np.where(rate >= thresholds[1], 2, 1))
    classes: NDArray[np.intp] = (2 + np.sign(counts) * size).astype(np.intp)
    return classes


def compute_class_shares(
    change: ArrayLike, population: int, thresholds: tuple[float, float]
) -> NDArray[np.float64]:
    """Return the share of changes in each class, in the order of :data:`CLASSES`."""
    classes = classify(change, population, thresholds)
    shares: NDArray[np.float64] = np.bincount(classes, minlength=len(CLASSES)) / classes.size
    return shares

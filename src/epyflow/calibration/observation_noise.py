"""Estimate the noise of reports around a fit, and the drift between the two."""

import logging
from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from epyflow.artifacts.task import Generation, Observations, Reporting
from epyflow.experiment.format.observation_model import (
    ESTIMATED,
    MOST,
    Discrepancy,
    Ensemble,
    Estimate,
    NegativeBinomial,
    members_of,
)

log = logging.getLogger(__name__)

Array = NDArray[np.float64]

FEWEST = 3
"""Steps between observations that the standard deviation of a walk is estimated from."""

RECENT = 2
"""Steps between observations that the growth of a residual is estimated from."""


def estimate_noise(
    posterior: Generation,
    observations: Observations,
    model: NegativeBinomial | Ensemble,
    units: Array | None = None,
) -> tuple[tuple[Reporting, ...], ...]:
    """Return the observation noise of each member and comparison.

    It is that around the weighted mean of the particles, in persons: ``units``, shape (dates,
    comparisons), are the units of the observations per reported person; None if they are persons.

    Raises
    ------
    ValueError
        If a value cannot be estimated from the residuals.
    """
    fitted = np.average(posterior.series.unpack(), axis=0, weights=posterior.weights)
    periods, seen = _periods(observations.dates), observations.values
    if units is not None:
        seen, fitted = seen / units, fitted / units
    return tuple(_around(seen, fitted, periods, member) for member in members_of(model))


def _around(
    seen: Array, fitted: Array, periods: NDArray[np.int64], model: NegativeBinomial
) -> tuple[Reporting, ...]:
    found = []
    for observed, mean in zip(seen.T, fitted.T, strict=True):
        known = ~np.isnan(observed)
        y, m = observed[known], mean[known]
        spread = _given(model.dispersion)
        if spread is None:
            spread = _estimated_dispersion(y, m)
        walk, growth = None, 0.0
        if model.discrepancy is not None:
            walk = _given(model.discrepancy.sd)
            if walk is None:
                walk = _estimated_walk((y, m, periods[known], spread), model.discrepancy)
            if model.discrepancy.residual_growth:
                growth = estimate_growth(y, m, periods[known], spread, walk)
        found.append(Reporting(spread, walk, growth))
    return tuple(found)


def _estimated_dispersion(y: Array, m: Array) -> float:
    found = estimate_dispersion(y, m)
    if found <= MOST:
        return found
    log.warning(
        "the estimated dispersion is %g; %g is used, the largest that describes counts: the fit is "
        "poor, or has few persons. Look at the fit, or give a number in "
        "observation_model.dispersion",
        found,
        MOST,
    )
    return MOST


def _estimated_walk(
    residuals: tuple[Array, Array, NDArray[np.int64], float], model: Discrepancy
) -> float:
    try:
        return estimate_walk(*residuals)
    except ValueError as error:
        if model.default_sd is None:
            raise
        log.warning("%s; default_sd %g is used", str(error).partition(";")[0], model.default_sd)
        return float(model.default_sd)


def describe_noise(
    model: NegativeBinomial | Ensemble, reporting: tuple[tuple[Reporting, ...], ...]
) -> dict[str, Any]:
    """Return the values that a projection used, for its metadata."""
    each = iter([_described(noise) for noise in reporting])
    if not isinstance(model, Ensemble):
        return next(each)
    members = [
        next(each) if isinstance(member, NegativeBinomial) else {"type": member.type}
        for member in model.members
    ]
    return model.model_dump(include={"type", "method", "periods"}) | {"members": members}


def _described(noise: tuple[Reporting, ...]) -> dict[str, Any]:
    values: dict[str, Any] = {
        "type": "negative_binomial",
        "dispersion": [each.dispersion for each in noise],
        "discrepancy_sd": [each.walk for each in noise],
    }
    if any(each.growth for each in noise):
        values["residual_growth"] = [each.growth for each in noise]
    return values


def _given(estimate: Estimate) -> float | None:
    return None if estimate == ESTIMATED else float(estimate)


def _periods(dates: Sequence[date]) -> NDArray[np.int64]:
    """Return the period number of each date; the shortest distance of dates is one period."""
    days = np.array([(day - dates[0]).days for day in dates], dtype=np.float64)
    shortest = np.diff(days).min() if len(days) > 1 else 1.0
    return np.rint(days / shortest).astype(np.int64)


def estimate_dispersion(observed: Array, fitted: Array) -> float:
    """Estimate a negative binomial's dispersion by the method of moments.

    The variance of a report y with mean m is m + a m^2, so that a is the sum of (y - m)^2 - m over
    that of m^2. Weeks with many reports dominate, as they do in forecasts. Source of the
    distribution: Lawless (1987), "Negative binomial and mixed Poisson regression", Canadian
    Journal of Statistics 15:209; of the moments around fitted means: Breslow (1984),
    "Extra-Poisson variation in log-linear models", Applied Statistics 33:38.

    Parameters
    ----------
    observed, fitted
        Shape (dates,). Persons.

    Returns
    -------
    dispersion
        0 if reports vary no more than a Poisson distribution.

    Raises
    ------
    ValueError
        If every fitted value is zero.
    """
    squares = float((fitted**2).sum())
    if squares == 0:
        raise ValueError(
            "the dispersion cannot be estimated: every fitted value is zero; give a number in "
            "observation_model.dispersion"
        )
    return max(0.0, float(((observed - fitted) ** 2 - fitted).sum()) / squares)


def estimate_walk(
    observed: Array, fitted: Array, periods: NDArray[np.int64], spread: float
) -> float:
    """Estimate the step of the random walk of log(reported / simulated), by moments.

    Between observations n periods apart the residual r = log((y + 1/2) / (m + 1/2)) changes by d
    with variance n s^2 + v + 2 a. The first part is the walk's, the others are those of the two
    reports, by the delta method for the logarithm of counts with dispersion a:
    v = 1 / (y + 1/2) + 1 / (y' + 1/2). The weights are 1 / v, which grows with
    the counts, so the weeks before the epidemic have little weight:
    s^2 = sum((d^2 - 2 a) / v - 1) / sum(n / v). Dates with less than one fitted person are left
    out: the epidemic has not begun. Source of a model's discrepancy as a random walk in influenza
    forecasts: Osthus et al. (2019), "Dynamic Bayesian influenza forecasting in the United States
    with hierarchical discrepancy", Bayesian Analysis 14:261.

    Parameters
    ----------
    observed, fitted
        Shape (dates,). Persons.
    periods
        Shape (dates,). The number of each date's period, ascending.
    spread
        The dispersion a.

    Returns
    -------
    sd
        Standard deviation of one period's step; 0 if reporting alone explains the residuals.

    Raises
    ------
    ValueError
        If there are fewer than :data:`FEWEST` steps.
    """
    begun = fitted >= 1
    counts, means, number = observed[begun] + 0.5, fitted[begun] + 0.5, periods[begun]
    if len(counts) <= FEWEST:
        raise ValueError(
            f"the discrepancy cannot be estimated: on {len(counts)} observed dates at least one "
            f"person was fitted; expected {FEWEST + 1} or more: give a number in "
            "observation_model.discrepancy.sd, or a default_sd beside it"
        )
    steps = np.diff(np.log(counts / means))
    noise = 1 / counts[1:] + 1 / counts[:-1]
    beyond = ((steps**2 - 2 * spread) / noise - 1).sum()
    squared = beyond / (np.diff(number) / noise).sum()
    return float(np.sqrt(max(0.0, squared)))


def estimate_growth(
    observed: Array, fitted: Array, periods: NDArray[np.int64], spread: float, walk: float
) -> float:
    """Estimate how fast log(reported / simulated) grows at the last observation.

    The residual's mean growth per period over the last :data:`RECENT` steps, multiplied by the
    share of its variance that is not that of the reports: n s^2 / (n s^2 + v + 2 a), for n periods
    and the names of :func:`estimate_walk`. Small counts say little about growth.

    Parameters
    ----------
    observed, fitted, periods, spread
        See :func:`estimate_walk`.
    walk
        The step s of the walk.

    Returns
    -------
    growth
        Per period; 0 if there are not more than :data:`RECENT` observations.
    """
    if len(observed) <= RECENT or walk == 0:
        return 0.0
    counts, means = observed[[-1 - RECENT, -1]] + 0.5, fitted[[-1 - RECENT, -1]] + 0.5
    over = int(periods[-1] - periods[-1 - RECENT])
    signal = over * walk**2
    share = signal / (signal + (1 / counts).sum() + 2 * spread)
    return float(share * np.diff(np.log(counts / means))[0] / over)

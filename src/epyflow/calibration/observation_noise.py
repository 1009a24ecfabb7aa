"""Estimate the noise of reports around a fit, and the drift between the two."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FEWEST = 3
"""Steps between observations that the standard deviation of a walk is estimated from."""

RECENT = 2
"""Steps between observations that the growth of a residual is estimated from."""


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

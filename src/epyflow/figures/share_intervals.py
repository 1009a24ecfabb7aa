"""Compute the uncertainty of a share whose observations are correlated within weeks."""

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95
"""Confidence of the intervals."""


def interval_of_share(
    values: NDArray[np.float64], weeks: NDArray[np.generic]
) -> tuple[float, float]:
    """Return Wilson's interval of a share, at the effective number of observations.

    The variance of the share is estimated from its values in the weeks, taken as independent; the
    effective number is that of independent observations with this variance, reduced for few weeks
    by the square of the ratio of the normal to the t quantile. It is at least the number of weeks
    and at most that of the values; with a share of 0 or 1, or one week, it is the number of weeks.
    Correlation between weeks is not counted, so the true uncertainty is larger.

    Sources: Wilson (1927), "Probable inference, the law of succession, and statistical inference",
    Journal of the American Statistical Association 22:209; the effective number of Korn, Graubard
    (1998), "Confidence intervals for proportions with small expected number of positive counts
    estimated from survey data", Survey Methodology 24:193, in Wilson's interval: Franco et al.
    (2019), Journal of Survey Statistics and Methodology 7:334.

    Parameters
    ----------
    values
        Shape (n,), n at least 1: 1 where an observation counts, 0 where not, or a part of it.
    weeks
        Shape (n,): the week of each.

    Returns
    -------
    low, high
        The ends of the interval of level :data:`LEVEL`.
    """
    from scipy import special  # not scipy.stats, which takes ten times as long to import

    z = float(special.ndtri((1 + LEVEL) / 2))
    share, number = float(np.mean(values)), _effective(values, weeks, z)
    middle = (share + z**2 / (2 * number)) / (1 + z**2 / number)
    spread = share * (1 - share) / number + z**2 / (4 * number**2)
    half = z / (1 + z**2 / number) * np.sqrt(spread)
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def _effective(values: NDArray[np.float64], weeks: NDArray[np.generic], z: float) -> float:
    """Return the effective number of observations."""
    from scipy import special

    _, week = np.unique(weeks, return_inverse=True)
    count = int(week.max()) + 1
    share = float(np.mean(values))
    if count == 1 or share in (0, 1):
        return count
    residuals = np.bincount(week, values - share)
    variance = count / (count - 1) * float((residuals**2).sum()) / len(values) ** 2
    if variance == 0:
        return len(values)
    t = float(special.stdtrit(count - 1, (1 + LEVEL) / 2))
    number = share * (1 - share) / variance * (z / t) ** 2
    return float(np.clip(number, count, len(values)))

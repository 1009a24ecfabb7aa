"""What a calibration infers: names for readers, priors, and weighted quantiles."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FIXED = (
    "primary_id",
    "population",
    "generation",
    "particle",
    "weight",
    "distance",
    "start_date",
    "location",
)
"""Columns of the table of posteriors that are not inferred numbers."""


def quantities(posteriors: pd.DataFrame) -> list[str]:
    """Return the columns that hold what is inferred."""
    return [column for column in posteriors.columns if column not in FIXED]


def last_generation(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the particles of the last generation of one population."""
    latest: pd.DataFrame = rows[rows["generation"] == rows["generation"].max()]
    return latest


def prior_of(given: Mapping[str, Any] | None) -> Any:
    """Return scipy's frozen distribution of a prior as :mod:`epyflow.run.description` has it.

    None where there is none by name: a function of the user's own is not run here, but see
    :func:`epyflow.figures.wording.with_named`.
    """
    if not given or "name" not in given:
        return None
    from scipy import stats

    family = getattr(stats, str(given["name"]))
    discrete = isinstance(family, stats.rv_discrete)

    def plain(value: float) -> float | int:
        return int(value) if discrete and value == int(value) else value

    arguments = [plain(value) for value in given["args"]]
    keywords = {key: plain(value) for key, value in given["kwargs"].items()}
    return family(*arguments, **keywords)


def density(prior: Any, low: float, high: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return where a prior's density is drawn between two values, and the density there.

    The ends of a bounded prior are drawn as steps. Of a discrete prior it is the probability of
    each whole number.
    """
    if hasattr(prior.dist, "pmf"):
        whole = np.arange(np.floor(low), np.ceil(high) + 1)
        return whole, np.asarray(prior.pmf(whole), dtype=np.float64)
    ends = [end for end in prior.support() if low <= end <= high]
    tiny = 1e-9 * (high - low)
    steps = [end + side for end in ends for side in (-tiny, 0.0, tiny)]
    x = np.unique(np.concatenate([np.linspace(low, high, 201), steps]))
    y = np.asarray(prior.pdf(x), dtype=np.float64)
    return x, np.where(np.isfinite(y), y, np.nan)


def weighted_quantiles(
    values: NDArray[np.float64], weights: NDArray[np.float64], levels: Sequence[float]
) -> NDArray[np.float64]:
    """Return the smallest values below which the given shares of the weight lie."""
    found = np.quantile(values, levels, weights=weights, method="inverted_cdf")
    return np.asarray(found, dtype=np.float64)


def span(values: NDArray[np.float64], prior: Any) -> tuple[float, float]:
    """Return what an axis shows of a quantity: the prior's range where it has one, and all values.

    Of an unbounded prior, 99 % of it.
    """
    low, high = float(values.min()), float(values.max())
    if prior is not None:
        start, end = (float(each) for each in prior.support())
        outer = [float(each) for each in prior.ppf([0.005, 0.995])]
        low = min(low, start if np.isfinite(start) else outer[0])
        high = max(high, end if np.isfinite(end) else outer[1])
    margin = 0.04 * (high - low) or 0.5 * abs(high) or 0.5
    return low - margin, high + margin

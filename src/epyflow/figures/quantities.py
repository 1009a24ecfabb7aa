"""Select the inferred quantities of a posterior, and compute their weighted quantiles."""

from collections.abc import Sequence

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
"""Columns of the table of posteriors that are not inferred quantities."""


def quantities(posteriors: pd.DataFrame) -> list[str]:
    """Return the columns of inferred quantities."""
    return [column for column in posteriors.columns if column not in FIXED]


def last_generation(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the particles of the last generation of one population."""
    latest: pd.DataFrame = rows[rows["generation"] == rows["generation"].max()]
    return latest


def weighted_quantiles(
    values: NDArray[np.float64], weights: NDArray[np.float64], levels: Sequence[float]
) -> NDArray[np.float64]:
    """Return the smallest values below which the given shares of the weight lie."""
    found = np.quantile(values, levels, weights=weights, method="inverted_cdf")
    return np.asarray(found, dtype=np.float64)

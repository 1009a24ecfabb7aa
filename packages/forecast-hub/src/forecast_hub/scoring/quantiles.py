"""Compute the weighted interval score of quantiles, its parts, and the coverage of intervals.

Source: Bracher, Ray, Gneiting, Reich (2021), "Evaluating epidemic forecasts in an interval
format", PLOS Computational Biology 17(2): e1008618. On the logarithmic scale forecasts and
observations are log(x + 1): Bosse et al. (2023), "Scoring epidemiological forecasts on
transformed scales", PLOS Computational Biology 19(8): e1011393. Probability integral transforms
(PIT) are those of Czado, Gneiting, Held (2009), "Predictive model assessment for count data",
Biometrics 65(4): 1254, without randomization.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast_hub.config.hub import STANDARD_COLUMNS
from forecast_hub.errors import DataError
from forecast_hub.scoring.forecasts import MODEL
from forecast_hub.suggestions import listed

log = logging.getLogger(__name__)

Scale = Literal["natural", "log"]

SCALES: tuple[Scale, ...] = ("natural", "log")
COVERAGES = (50, 90, 95)
"""Nominal coverage of central intervals, in per cent."""


@dataclass(frozen=True)
class IntervalScores:
    """Scores of n forecasts; each array has shape (n,).

    Attributes
    ----------
    wis
        Weighted interval score: the sum of the three parts.
    dispersion, underprediction, overprediction
        The parts from the width of the intervals, and from observations above and below them.
    """

    wis: NDArray[np.float64]
    dispersion: NDArray[np.float64]
    underprediction: NDArray[np.float64]
    overprediction: NDArray[np.float64]


def compute_interval_scores(
    observed: NDArray[np.float64], quantiles: NDArray[np.float64], levels: Sequence[float]
) -> IntervalScores:
    """Score quantiles: the interval scores, their weighted mean and its parts.

    With K central intervals from l to u of nominal level 1 - a, median m and observation y:
    WIS = (|y - m| / 2 + sum_k a_k / 2 * IS_k) / (K + 1/2), where
    IS_k = (u - l) + 2 / a_k * max(l - y, 0) + 2 / a_k * max(y - u, 0). Computed here, because
    scoringrules takes seconds to import, and its weighted mean (0.10.0, numpy backend) adds the
    median in place of its error.

    Parameters
    ----------
    observed
        Shape (n,).
    quantiles
        Shape (n, levels).
    levels
        Ascending and symmetric, with 0.5 in the middle.

    Raises
    ------
    DataError
        If the levels are not.
    """
    lower, median, upper, alpha = _intervals(quantiles, levels)
    width = upper - lower
    below = np.maximum(lower - observed[:, None], 0)
    above = np.maximum(observed[:, None] - upper, 0)
    intervals = width + 2 / alpha * below + 2 / alpha * above
    error = np.abs(observed - median)
    weight = 1 / (len(alpha) + 0.5)
    return IntervalScores(
        wis=weight * ((intervals * alpha / 2).sum(axis=1) + error / 2),
        dispersion=weight * (width * alpha / 2).sum(axis=1),
        underprediction=weight * (above.sum(axis=1) + np.maximum(observed - median, 0) / 2),
        overprediction=weight * (below.sum(axis=1) + np.maximum(median - observed, 0) / 2),
    )


def _intervals(
    quantiles: NDArray[np.float64], levels: Sequence[float]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return lower ends, median, upper ends and 1 - nominal level of the central intervals."""
    given = np.array(levels)
    middle = len(given) // 2
    pairs = given + given[::-1]
    if len(given) % 2 == 0 or given[middle] != 0.5 or not np.allclose(pairs, 1):
        raise DataError(
            f"quantile levels {listed(f'{level:g}' for level in levels)} are not symmetric around "
            "0.5; expected pairs of p and 1 - p, and the median"
        )
    if len(given) < 3:
        raise DataError("the median alone is no interval; expected at least one pair of quantiles")
    lower, upper = quantiles[:, :middle], quantiles[:, :middle:-1]
    return lower, quantiles[:, middle], upper, 2 * given[:middle]


def score_quantiles(
    forecasts: pd.DataFrame, outcomes: pd.DataFrame, target: str, target_column: str = "target"
) -> pd.DataFrame:
    """Score the quantiles of a target on the natural and the logarithmic scale.

    Parameters
    ----------
    forecasts
        See :func:`forecast_hub.scoring.forecasts.read_forecasts`.
    outcomes
        Columns that identify an outcome, such as ``location`` and ``target_end_date``, and
        ``observed``: see :func:`forecast_hub.scoring.outcomes.read_outcomes`. Forecasts without
        an outcome are left out.
    target, target_column
        The rows of ``forecasts`` to score.

    Returns
    -------
    pandas.DataFrame
        A row for each model, task and scale: ``model``, the task ids, ``scale``, ``observed`` (on
        the natural scale), ``median``, ``wis``, ``dispersion``, ``underprediction``,
        ``overprediction``, ``ae_median``, and ``covered_50``, ``covered_90``, ``covered_95``: 1
        where the central interval holds the observation, 0 where not, missing where the quantiles
        do not give it; ``pit_low`` and ``pit_high``: see :func:`pit_bounds`.

    Raises
    ------
    DataError
        If no forecast has an outcome, or a forecast has a quantile twice or lacks one that others
        have, quantiles that fall, or a negative one.
    """
    chosen = forecasts[
        (forecasts[target_column] == target) & (forecasts["output_type"] == "quantile")
    ]
    table = arrange_quantiles(chosen, target)
    keys = [name for name in outcomes.columns if name != "observed"]
    joined = table.reset_index().merge(outcomes, on=keys, how="inner", validate="many_to_one")
    if joined.empty:
        raise DataError(
            f"no forecast of {target!r} has an outcome; expected the same {listed(keys)} in both"
        )
    levels = [float(level) for level in table.columns]
    tasks = joined[list(table.index.names)]
    observed = joined["observed"].to_numpy(dtype=np.float64)
    quantiles = joined[list(table.columns)].to_numpy(dtype=np.float64)
    scored = [_scored(tasks, observed, quantiles, levels, scale) for scale in SCALES]
    return pd.concat(scored, ignore_index=True)


def arrange_quantiles(chosen: pd.DataFrame, target: str) -> pd.DataFrame:
    """Return a row for each forecast of a target and a column for each level, ascending.

    Raises
    ------
    DataError
        If a forecast cannot be scored: see :func:`score_quantiles`.
    """
    level = pd.to_numeric(chosen["output_type_id"])
    inner = level.between(0, 1, inclusive="neither")
    if not inner.all():
        log.warning("%s: quantiles 0 and 1, which no interval score counts, are left out", target)
        chosen, level = chosen[inner], level[inner]
    if chosen.empty:
        raise DataError(f"there are no quantiles of {target!r}; expected forecasts of it")
    names = [name for name in chosen.columns if name not in STANDARD_COLUMNS]
    keyed = chosen.assign(level=level)
    if keyed.duplicated([*names, "level"]).any():
        row = keyed[keyed.duplicated([*names, "level"])].iloc[0]
        raise DataError(
            f"{row[MODEL]}: quantile {row['level']:g} is there twice for "
            f"{', '.join(f'{name} {row[name]}' for name in names[1:])}; expected it once"
        )
    table = keyed.pivot_table(index=names, columns="level", values="value", aggfunc="first")
    lacking = table.isna().any(axis=1)
    if lacking.any():
        first = table[lacking].iloc[0]
        where = dict(zip(table.index.names, table[lacking].index[0], strict=True))
        raise DataError(
            f"{where.pop(MODEL)}: no quantile {listed(f'{x:g}' for x in first[first.isna()].index)}"
            f" for {', '.join(f'{name} {value}' for name, value in where.items())}; expected the "
            "same quantiles of every forecast"
        )
    _refuse_unusable(table)
    return table


def _refuse_unusable(table: pd.DataFrame) -> None:
    """Refuse quantiles that fall, whose intervals have a negative width, and negative ones."""
    values = table.to_numpy(dtype=np.float64)
    for wrong, what, expected in (
        ((np.diff(values, axis=1) < 0).any(axis=1), "quantiles fall", "none below a lower level's"),
        ((values < 0).any(axis=1), "a quantile is negative", "0 or more, as of observations"),
    ):
        if wrong.any():
            where = dict(zip(table.index.names, table.index[int(wrong.argmax())], strict=True))
            raise DataError(
                f"{where.pop(MODEL)}: {what} for "
                f"{', '.join(f'{name} {value}' for name, value in where.items())}; expected "
                f"{expected}"
            )


def _scored(
    tasks: pd.DataFrame,
    observed: NDArray[np.float64],
    quantiles: NDArray[np.float64],
    levels: Sequence[float],
    scale: Scale,
) -> pd.DataFrame:
    truth, forecast = observed, quantiles
    if scale == "log":
        truth, forecast = np.log1p(observed), np.log1p(quantiles)
    scores = compute_interval_scores(truth, forecast, levels)
    median = quantiles[:, len(levels) // 2]
    columns: dict[str, Any] = {
        "scale": scale,
        "observed": observed,
        "median": median,
        "wis": scores.wis,
        "dispersion": scores.dispersion,
        "underprediction": scores.underprediction,
        "overprediction": scores.overprediction,
        "ae_median": np.abs(truth - forecast[:, len(levels) // 2]),
    }
    for percent in COVERAGES:
        columns[f"covered_{percent}"] = _covered(observed, quantiles, levels, percent)
    columns["pit_low"], columns["pit_high"] = pit_bounds(observed, quantiles, levels)
    return tasks.assign(**columns)


def pit_bounds(
    observed: NDArray[np.float64], quantiles: NDArray[np.float64], levels: Sequence[float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the bounds between which each observation's PIT is known to be.

    A predictive distribution F is known at its quantiles alone. ``low`` is the highest level whose
    quantile is below the observation, or 0; ``high`` the lowest level whose quantile is above it,
    or 1. So F(y-) and F(y) are both between them, also where quantiles are equal. The PIT that is
    not randomized spreads the weight of one forecast evenly between the bounds; the histogram is
    flat if the forecasts are calibrated.

    Parameters
    ----------
    observed
        Shape (n,).
    quantiles
        Shape (n, levels).
    levels
        Ascending.

    Returns
    -------
    low, high
        Shape (n,), from 0 to 1, ``low`` < ``high``.
    """
    ends = np.array([0.0, *levels, 1.0])
    below = (quantiles < observed[:, None]).sum(axis=1)
    above = (quantiles > observed[:, None]).sum(axis=1)
    return ends[below], ends[len(levels) + 1 - above]


def _covered(
    observed: NDArray[np.float64],
    quantiles: NDArray[np.float64],
    levels: Sequence[float],
    percent: int,
) -> NDArray[np.float64]:
    """Return 1 if the central interval contains the observation, ends included, else 0."""
    ends = [round((1 - percent / 100) / 2, 6), round((1 + percent / 100) / 2, 6)]
    places = [np.flatnonzero(np.isclose(levels, end)) for end in ends]
    if not all(len(place) for place in places):
        return np.full(len(observed), np.nan)
    low, high = (quantiles[:, place[0]] for place in places)
    return ((low <= observed) & (observed <= high)).astype(np.float64)

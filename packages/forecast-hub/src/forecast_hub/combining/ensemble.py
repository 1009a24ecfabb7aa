"""Combine forecasts of several models into one: of quantiles and of probabilities."""

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast_hub.config.hub import STANDARD_COLUMNS, Hub
from forecast_hub.errors import DataError, HubError
from forecast_hub.scoring.forecasts import (
    MODEL,
    fill_task_ids,
    find_location,
    parse_submission_name,
    read_forecasts,
    require_columns,
    standard_names,
)
from forecast_hub.scoring.horizon_ends import refuse_other_ends
from forecast_hub.scoring.matching import Outcomes, observed_series
from forecast_hub.scoring.outcomes import TARGET, read_outcomes
from forecast_hub.scoring.probabilities import check_probabilities
from forecast_hub.scoring.quantiles import score_quantiles
from forecast_hub.scoring.relative_skill import list_tasks
from forecast_hub.scoring.task_ids import REFERENCE_DATE
from forecast_hub.suggestions import listed
from forecast_hub.tables import read_table

log = logging.getLogger(__name__)

Method = Literal["median", "mean", "linear-pool"]
Array = NDArray[np.float64]

COMBINED = ("quantile", "pmf")
"""Output types that are combined; others of the members are left out."""


def combine_files(
    paths: Sequence[Path],
    day: str,
    method: Method = "median",
    target_data: Path | None = None,
    hub: Hub | None = None,
) -> pd.DataFrame:
    """Combine the submissions of one round.

    Parameters
    ----------
    paths
        Submissions of the members, ``<date>-<team>-<model>`` with ``.csv``, ``.csv.gz`` or
        ``.parquet``, and those of their earlier rounds to weigh them by.
    day
        The reference date of the ensemble.
    method
        See :func:`combine`.
    target_data
        What was observed, to weigh the members by their scores: see :func:`weigh`. None: all have
        the same weight.
    hub
        The hub whose targets, locations and ends of periods the files have; None if it is not
        known.

    Returns
    -------
    pandas.DataFrame
        The columns of the submissions, with the names that the first file of the round has,
        ordered by task; a task that some members lack is combined of the others.

    Raises
    ------
    HubError
        If a file cannot be used, there are fewer than two members, or they cannot be weighed.
    """
    forecasts = read_forecasts(paths, hub)
    require_columns(forecasts, [REFERENCE_DATE], "the date of their round")
    now = forecasts[forecasts[REFERENCE_DATE] == day]
    members = sorted(now[MODEL].unique())
    if len(members) < 2:
        raise HubError(
            f"for {day} there are forecasts of {listed(members) or 'no model'}; expected files of "
            "two models or more"
        )
    rounds = forecasts[REFERENCE_DATE].unique()
    if unused := sorted(each for each in rounds if each > day or (each < day and not target_data)):
        log.warning("forecasts of %s are left out: the ensemble is of %s", listed(unused), day)
    weights = dict.fromkeys(members, 1.0)
    if target_data is not None:
        earlier = forecasts[forecasts[REFERENCE_DATE] < day]
        weights = weigh(earlier, members, target_data, day, paths)
    first = max(paths, key=lambda path: parse_submission_name(path).round_id == day)
    found = combine(now.dropna(axis=1, how="all"), weights, method)
    return found.rename(columns=_names_in(first))


def _names_in(path: Path) -> dict[str, str]:
    """Return the names of a file's columns, such as ``origin_date``, by those of forecasts."""
    given = list(read_table(path).columns)
    return dict(zip(standard_names(given), given, strict=True))


def weigh(
    earlier: pd.DataFrame,
    members: Sequence[str],
    target_data: Path,
    day: str,
    paths: Sequence[Path],
) -> dict[str, float]:
    """Weigh members by the inverse of their mean WIS on the logarithmic scale.

    Only earlier forecasts that all members made count, and outcomes before ``day``. ``paths`` are
    their files, for messages.

    Raises
    ------
    HubError
        If there is no such forecast.
    """
    needed = (TARGET, "target_end_date", "location")
    require_columns(earlier, needed, "by which they meet what was observed")
    earlier = fill_task_ids(earlier)
    own = earlier[earlier[MODEL].isin(members) & (earlier["output_type"] == "quantile")]
    tasks = [name for name in own.columns if name not in (MODEL, *STANDARD_COLUMNS)]
    places, at = list(own["location"].unique()), partial(find_location, paths)
    outcomes = read_outcomes(target_data, tasks, places, known_on=day, at=at)
    target = observed_series(list(own[TARGET].unique()))
    found = Outcomes(outcomes, target, target_data).of_target(target, own)
    known = outcomes.iloc[:0] if found is None else found
    known = known[known["target_end_date"] < day]
    if not (own[TARGET] == target).any() or known.empty:
        raise DataError(
            f"{target_data}: no earlier forecast of the members has an outcome before {day}; "
            "expected files of earlier rounds, or no target data for equal weights"
        )
    scores = score_quantiles(own, known, target)
    scores = scores[scores["scale"] == "log"]
    wis = scores.pivot_table(index=list_tasks(scores), columns=MODEL, values="wis")
    wis = wis.reindex(columns=list(members)).dropna()
    if wis.empty:
        raise DataError(
            f"{target_data}: no earlier forecast that all of {listed(members)} made has an outcome "
            f"before {day}; expected one, or no target data for equal weights"
        )
    inverse = 1 / np.maximum(wis.mean(), 1e-9)
    return {str(name): float(value) for name, value in (inverse / inverse.sum()).items()}


def combine(
    forecasts: pd.DataFrame, weights: Mapping[str, float], method: Method = "median"
) -> pd.DataFrame:
    """Combine forecasts of one round by task.

    Parameters
    ----------
    forecasts
        From :func:`forecast_hub.scoring.forecasts.read_forecasts`.
    weights
        Model to its weight.
    method
        Of quantiles: ``median`` and ``mean`` of the members' values at each level; ``linear-pool``
        inverts the mean of their distribution functions, which are linear between the levels and
        have no mass outside. Probabilities are averaged. Source of the names: hubEnsembles,
        https://hubverse-org.github.io/hubEnsembles.

    Returns
    -------
    pandas.DataFrame
        As the forecasts, without the column ``model``.

    Raises
    ------
    DataError
        If members have different quantiles of a task, one twice, quantiles that fall, or none, or
        probabilities that do not add up to 1, or other ends of the same horizon.
    """
    rows = forecasts[forecasts["output_type"].isin(COMBINED)]
    if left := sorted(set(forecasts["output_type"]) - set(COMBINED)):
        log.warning("output type %s is not combined; left out", listed(left))
    if rows.empty:
        raise DataError(f"the forecasts have no output type {' or '.join(COMBINED)}; expected one")
    tasks = [name for name in rows.columns if name not in (MODEL, *STANDARD_COLUMNS)]
    rows = fill_task_ids(rows)
    refuse_other_ends(rows, MODEL)
    check_probabilities(rows[rows["output_type"] == "pmf"])
    is_level = rows["output_type"] == "quantile"
    levels = pd.to_numeric(rows["output_type_id"].where(is_level))
    rows = rows.assign(
        output_type_id=rows["output_type_id"].mask(is_level, levels.map("{:g}".format)),
        level=levels.fillna(0),
    )
    keys = [*tasks, "output_type", "level", "output_type_id"]
    if rows.duplicated([MODEL, *keys]).any():
        twice = rows[rows.duplicated([MODEL, *keys])].iloc[0]
        raise DataError(f"{twice[MODEL]}: {_named(twice, keys)} is there twice; expected it once")
    table = rows.pivot_table(index=keys, columns=MODEL, values="value", aggfunc="first")
    _warn_of_missing_tasks(table, [*tasks, "output_type"])
    parts = [
        _combined(table[at], weights, method if kind == "quantile" else "mean")
        for kind, at in _groups(table, tasks)
    ]
    found = pd.concat(parts).sort_index().rename("value").reset_index()
    return pd.DataFrame(found, columns=[*tasks, *STANDARD_COLUMNS])


def _warn_of_missing_tasks(table: pd.DataFrame, tasks: Sequence[str]) -> None:
    """Name the members that lack tasks, which are combined of the others."""
    has = table.notna().groupby(level=[*tasks], sort=False).any()
    for member, count in has.sum().items():
        if count < len(has):
            lacking = has.index[~has[member].to_numpy()][0]
            log.warning(
                "%s has %d of %d tasks; the others, such as %s, are combined without it",
                *(member, count, len(has)),
                _named(pd.Series(lacking, index=[*tasks]), tasks),
            )


def _groups(table: pd.DataFrame, tasks: Sequence[str]) -> list[tuple[str, NDArray[np.bool_]]]:
    """Return the rows of each output type and set of members; members have a task or not."""
    index = table.index.to_frame(index=False)
    values = table.to_numpy(dtype=np.float64)
    has = ~np.isnan(values)
    for at in index.groupby([*tasks, "output_type"], sort=False).indices.values():
        some = has[at].any(axis=0) & ~has[at].all(axis=0)
        if some.any():
            row, member = index.iloc[int(at[0])], str(table.columns[int(some.argmax())])
            raise DataError(
                f"{member}: has other {row['output_type']} levels than other members for "
                f"{_named(row, tasks)}; expected the same of every member"
            )
        falls = (np.diff(values[at], axis=0) < 0).any(axis=0)
        if falls.any() and index["output_type"].iloc[int(at[0])] == "quantile":
            raise DataError(
                f"{table.columns[int(falls.argmax())]}: quantiles fall for "
                f"{_named(index.iloc[int(at[0])], tasks)}; expected none below a lower level's"
            )
    kinds = index["output_type"].to_numpy()
    _, members = np.unique(has, axis=0, return_inverse=True)
    return [
        (str(kind), (kinds == kind) & (members == each))
        for kind in pd.unique(kinds)
        for each in np.unique(members[kinds == kind])
    ]


def _combined(rows: pd.DataFrame, weights: Mapping[str, float], method: Method) -> pd.Series:
    rows = rows.dropna(axis=1)
    own = np.array([weights[name] for name in rows.columns])
    values, shares = rows.to_numpy(dtype=np.float64), own / own.sum()
    if method == "mean":
        # Rounding may give a mean that no member reaches, such as a probability above 1.
        mean = (values * own).sum(axis=1) / own.sum()
        found = np.clip(mean, values.min(axis=1), values.max(axis=1))
    elif method == "median":
        found = _weighted_median(values, shares)
    else:
        levels = rows.index.get_level_values("level").to_numpy(dtype=np.float64)
        # Tasks follow one another in the sorted table, each with its levels in ascending order.
        task = rows.groupby(level=[*range(rows.index.nlevels - 2)], sort=False).ngroup()
        ends = np.flatnonzero(np.diff(task)) + 1
        found = np.concatenate(
            [
                _linear_pool(its, shares, each)
                for its, each in zip(np.split(values, ends), np.split(levels, ends), strict=True)
            ]
        )
    return pd.Series(found, index=rows.index)


def _weighted_median(values: Array, shares: Array) -> Array:
    """Return the median of each row; half a weight on either side is their middle."""
    order = np.argsort(values, axis=1, kind="stable")
    ascending = np.take_along_axis(values, order, axis=1)
    reached = np.cumsum(shares[order], axis=1)
    rows = np.arange(len(values))
    low = ascending[rows, (reached >= 0.5 - 1e-9).argmax(axis=1)]
    high = ascending[rows, (reached > 0.5 + 1e-9).argmax(axis=1)]
    found: Array = (low + high) / 2
    return found


def _linear_pool(values: Array, shares: Array, levels: Array) -> Array:
    """Return the quantiles of a mixture at ``levels``; ``values`` have shape (levels, members)."""
    points = np.unique(values)
    # The distribution function steps to the highest level of equal quantiles.
    mixture = np.zeros(len(points))
    for column, share in zip(values.T, shares, strict=True):
        own, last = np.unique(column[::-1], return_index=True)
        mixture += share * np.interp(points, own, levels[::-1][last], left=0.0, right=1.0)
    found: Array = np.interp(levels, mixture, points)
    return found


def _named(row: pd.Series, columns: Sequence[str]) -> str:
    return ", ".join(f"{name} {row[name]}" for name in columns if name != "level")

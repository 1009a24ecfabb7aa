"""Compute the headline numbers of a place: last observation, forecast with intervals, peak."""

import math
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from epyflow.data.comparison_names import split_number, terms
from epyflow.figures.bands import at_level
from epyflow.figures.observations import LastObservation, Seen
from epyflow.figures.read_tables import dated, first_scenario
from forecast_hub.config.flusight import CLASSES, PER

WEEKS_AHEAD = 4
"""Weeks after the last observation that the first page shows."""

INTERVALS: Mapping[str, float] = {
    "low_95": 0.025,
    "low_50": 0.25,
    "median": 0.5,
    "high_50": 0.75,
    "high_95": 0.975,
}
"""Column to the level of its quantile."""


def weeks_ahead(
    projection: pd.DataFrame,
    last: LastObservation,
    classes: pd.DataFrame | None = None,
    population: float | None = None,
) -> list[dict[str, Any]]:
    """Return a row for each week after the last observation, at most :data:`WEEKS_AHEAD`.

    Parameters
    ----------
    projection
        Rows of ``quantiles_projection_comparison`` for one population. The first scenario is used.
    last
        The last observation.
    classes
        The rows of :func:`epyflow.figures.rate_trends.rate_trends` for the location.
    population
        Persons, for rates; None if they are not known or the series is a rate already.

    Returns
    -------
    rows
        ``date``, the columns of :data:`INTERVALS` whose levels the table has, ``change_percent``
        of the median from the last observation, ``rate_per_100000`` of the median, ``probability``
        of a fall and of a rise from the last observation, and of each rate-trend class.
    """
    table = first_scenario(dated(projection))
    start = pd.Timestamp(last.date)
    wanted = {start + timedelta(weeks=week) for week in range(1, WEEKS_AHEAD + 1)}
    rows = []
    for day, its in table[table["date"].isin(wanted)].groupby("date"):
        row: dict[str, Any] = {"date": pd.Timestamp(str(day)).date().isoformat()}
        for column, level in INTERVALS.items():
            found = at_level(its, level)[last.comparison]
            row |= {column: float(found.iloc[0])} if len(found) else {}
        if "median" in row:
            if not math.isnan(change := last.change_percent(row["median"])):
                row["change_percent"] = change
            if population:
                row["rate_per_100000"] = PER * row["median"] / population
        row |= _direction(its.sort_values("quantile"), last)
        if classes is not None:
            row |= _classes(classes[classes["target_end_date"] == row["date"]])
        rows.append(row)
    return rows


def _direction(quantiles: pd.DataFrame, last: LastObservation) -> dict[str, float]:
    """Return the probabilities of a fall and of a rise, interpolated between the quantiles."""
    values, levels = quantiles[last.comparison].to_numpy(), quantiles["quantile"].to_numpy()
    below = int((values < last.value).sum())
    above = int((values > last.value).sum())
    fall = 0.0 if not below else 1.0 if below == len(values) else _level(values, levels, last.value)
    rise = 0.0 if not above else 1.0 if above == len(values) else 1 - fall
    return {"p_fall": fall, "p_rise": rise}


def _level(values: Any, levels: Any, value: float) -> float:
    return float(np.interp(value, values, levels))


def _classes(rows: pd.DataFrame) -> dict[str, float]:
    """Return the probabilities of the classes, and of a fall and a rise by the hub's definition."""
    if rows.empty:
        return {}
    shares = {f"p_{name}": float(rows[name].iloc[0]) for name in CLASSES}
    return shares | {
        "p_fall": shares["p_large_decrease"] + shares["p_decrease"],
        "p_rise": shares["p_increase"] + shares["p_large_increase"],
    }


def peak(
    trajectories: pd.DataFrame, projection: pd.DataFrame, last: LastObservation, seen: Seen
) -> dict[str, Any]:
    """Return the week and the size of the peak, with intervals.

    A trajectory continues the observations: its peak may be an observed week. Nothing is returned
    unless the trajectories are those of the forecast (without an observation model and units).

    Parameters
    ----------
    trajectories
        Rows of ``trajectories_projection_transitions`` for one population; the first scenario.
    projection
        Rows of ``quantiles_projection_comparison`` for one population.
    last, seen
        The observations.

    Returns
    -------
    peak
        ``peak_size_<column>`` and ``peak_week_<column>`` for :data:`INTERVALS`, and
        ``p_peak_passed``, the share of trajectories whose peak is an observed week.
    """
    names = terms(split_number(last.comparison)[0])
    rows = first_scenario(trajectories)
    if rows.empty or not {*names} <= {*rows.columns}:
        return {}
    rows = rows[rows["date"] > last.date]
    values = rows[list(names)].astype(np.float64).sum(axis=1)
    by_week = values.groupby(rows["date"]).median()
    table = first_scenario(dated(projection))
    medians = at_level(table[table["date"] > last.date], 0.5).set_index("date")[last.comparison]
    medians.index = pd.DatetimeIndex(medians.index).strftime("%Y-%m-%d")
    both = pd.concat([by_week, medians], axis=1, join="inner").to_numpy()
    if not len(both) or not np.allclose(both[:, 0], both[:, 1], rtol=1e-4, atol=0.51):
        return {}
    top = values.groupby([rows["primary_id"], rows["sim_id"]]).idxmax()
    sizes, weeks = values[top].to_numpy(), rows.loc[top, "date"].to_numpy(dtype=object)
    known = seen.then.sort_values("value").iloc[-1]
    passed = sizes <= known["value"]
    sizes = np.where(passed, known["value"], sizes)
    weeks = np.where(passed, known["date"].date().isoformat(), weeks)
    found: dict[str, Any] = {"p_peak_passed": float(passed.mean())}
    for column, level in INTERVALS.items():
        found[f"peak_size_{column}"] = float(np.quantile(sizes, level))
    return found | interval_of_weeks(weeks)


def interval_of_weeks(
    weeks: Iterable[str], levels: Mapping[str, float] = INTERVALS
) -> dict[str, str]:
    """Return ``peak_week_<column>`` for columns and their levels: quantiles of ISO 8601 dates."""
    days = np.array([date.fromisoformat(week).toordinal() for week in weeks])
    return {
        f"peak_week_{column}": date.fromordinal(
            int(np.quantile(days, level, method="inverted_cdf"))
        ).isoformat()
        for column, level in levels.items()
    }

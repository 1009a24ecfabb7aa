"""Draw the forecasts of every week against what came, a figure per location."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib.dates
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from epyflow.figures.figure_file import save
from epyflow.figures.model_comparison import LEVELS, first_series
from epyflow.figures.observations import dot
from epyflow.figures.read_tables import Place, nothing
from epyflow.figures.style import (
    BLACK,
    NARROW,
    VERMILION,
    count_axis,
    date_numbers,
    headline,
    new_figure,
    styled,
    tint,
)
from forecast_hub.scoring.matching import select_series

MOST_HORIZONS = 6
"""Most horizons that are drawn, the first ones."""

_FEW = 20  # weeks; above this number, marks are small


def draw_season(
    forecasts: pd.DataFrame,
    outcomes: pd.DataFrame,
    *,
    places: Sequence[Place],
    names: Mapping[str, str],
    title: str,
    paths: Sequence[Path],
) -> None:
    """Draw every week's forecast and the later observations of each location.

    Parameters
    ----------
    forecasts
        See :func:`forecast_hub.scoring.forecasts.read_forecasts`, of one model and one target.
    outcomes
        ``location``, ``target_end_date`` and ``observed`` of the target, and its further task ids;
        without columns if none has come yet.
    places
        The populations of the run.
    names
        Location of the hub to the label of its population.
    title
        What the figures show; the location comes first.
    paths
        A figure for each place, ``.svg`` or ``.png``.
    """
    table = weeks_ahead(forecasts)
    if outcomes.empty:
        outcomes = pd.DataFrame(columns=["location", "target_end_date", "observed"])
        outcomes = outcomes.astype({"observed": float})
    outcomes = select_series(outcomes, _first_series(forecasts))
    for place, path in zip(places, paths, strict=True):
        codes = [code for code, label in names.items() if label == place.label]
        its = table[table["location"].isin(codes)]
        if its.empty:
            save(nothing(f"{place.label}: {title}", "No forecast of it was submitted."), path)
        else:
            came = outcomes[outcomes["location"].isin(codes)].drop_duplicates("target_end_date")
            save(season_chart(its, came, f"{place.label}: {title}"), path)


def weeks_ahead(forecasts: pd.DataFrame) -> pd.DataFrame:
    """Return the quantiles of each forecast week, from the reference date on.

    Where a hub has further task ids, such as age groups, they are those of the first forecast.

    Parameters
    ----------
    forecasts
        See :func:`draw_season`.

    Returns
    -------
    table
        A row per location, horizon (a number, the first :data:`MOST_HORIZONS`) and week:
        ``q0.025``, ``q0.25``, ``q0.5``, ``q0.75`` and ``q0.975``, NaN if there is none. No rows
        if the hub has no horizons.
    """
    rows = forecasts[forecasts["output_type"] == "quantile"]
    if "horizon" not in rows:
        rows = rows.assign(horizon="NA")
    rows = rows[rows["horizon"].str.fullmatch(r"\d+").fillna(False).astype(bool)]
    rows = select_series(rows, _first_series(rows))
    level = rows["output_type_id"].astype(np.float64).round(6)
    rows = rows.assign(level=level, horizon=rows["horizon"].astype(int))[level.isin(LEVELS)]
    keys = ["location", "horizon", "target_end_date"]
    table = rows.pivot_table(index=keys, columns="level", values="value", aggfunc="first")
    table = table.reindex(columns=list(LEVELS))
    table.columns = pd.Index([f"q{level:g}" for level in LEVELS])
    table = table.reset_index()
    first = sorted(table["horizon"].unique())[:MOST_HORIZONS]
    return table[table["horizon"].isin(first)]


def _first_series(forecasts: pd.DataFrame) -> dict[str, str]:
    return {} if forecasts.empty else first_series(forecasts, forecasts["model"].iloc[0])


def season_chart(table: pd.DataFrame, outcomes: pd.DataFrame, title: str) -> Figure:
    """Draw a panel per horizon: the interval of each week, and the observations.

    Parameters
    ----------
    table
        See :func:`weeks_ahead`, of one location.
    outcomes
        ``target_end_date`` and ``observed`` of the location.
    title
        What the figure shows.
    """
    horizons = sorted(table["horizon"].unique())
    weeks = date_numbers(pd.concat([table["target_end_date"], outcomes["target_end_date"]]))
    ends = (weeks.min() - 5, weeks.max() + 5)
    small = len(np.unique(weeks)) > _FEW
    with styled():
        figure = new_figure(NARROW, 1.75 * len(horizons) + 1.1)
        panels = figure.subplots(len(horizons), 1, squeeze=False, sharex=True).ravel()
        for axes, horizon in zip(panels, horizons, strict=True):
            _panel(axes, table[table["horizon"] == horizon], outcomes, small=small)
            axes.set_title(_words(int(horizon)))
            axes.set_xlim(*ends)
        headline(figure, title)
        figure.legend(handles=_handles(), loc="outside lower center", ncols=2)
    return figure


def _words(horizon: int) -> str:
    if horizon == 0:
        return "The week of the reference date"
    return f"{horizon} week{'s' if horizon > 1 else ''} after the reference date"


def _panel(axes: Axes, rows: pd.DataFrame, outcomes: pd.DataFrame, *, small: bool) -> None:
    days = date_numbers(rows["target_end_date"])
    light = tint(VERMILION, 0.55)
    thick, size = (2.6, 2.6) if small else (4.5, 4.0)
    axes.vlines(days, rows["q0.025"], rows["q0.975"], color=VERMILION, linewidth=1, zorder=2)
    axes.vlines(days, rows["q0.25"], rows["q0.75"], color=light, linewidth=thick, zorder=2)
    axes.plot(days, rows["q0.5"], **_median(thick), zorder=3)
    came = outcomes.sort_values("target_end_date")
    where = date_numbers(came["target_end_date"])
    if len(came):  # without points, matplotlib finds no layout
        axes.plot(where, came["observed"], color=BLACK, linewidth=0.6, zorder=4)
        axes.plot(where, came["observed"], **dot(size))
    count_axis(axes)
    dates: Any = matplotlib.dates  # which matplotlib leaves without types
    axes.xaxis.set_major_locator(dates.AutoDateLocator(minticks=3, maxticks=6))
    axes.xaxis.set_major_formatter(dates.DateFormatter("%d %b"))


def _median(size: float) -> Any:
    return {"linestyle": "none", "marker": "_", "markersize": size + 2, "color": VERMILION}


def _handles() -> list[Line2D]:
    return [
        Line2D([], [], label="Observed", **dot(4)),
        Line2D([], [], label="Median", markeredgewidth=1.5, **_median(5)),
        Line2D([], [], label="50% interval", color=tint(VERMILION, 0.55), linewidth=4.5),
        Line2D([], [], label="95% interval", color=VERMILION, linewidth=1),
    ]

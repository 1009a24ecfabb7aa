"""Draw the forecasts of all models and the observations, a panel per location."""

from collections.abc import Mapping, Sequence
from datetime import date
from math import ceil
from pathlib import Path
from typing import Any

import matplotlib.dates
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from epyflow.figures.figure_file import save, save_table
from epyflow.figures.observations import Seen, draw_seen, legend_of_seen
from epyflow.figures.rate_trends import names_of_codes
from epyflow.figures.read_tables import Place, nothing
from epyflow.figures.scores import LOOKS
from epyflow.figures.style import FEW, NARROW, date_numbers, headline, new_figure, styled
from forecast_hub.scoring.matching import select_series

LEVELS = (0.025, 0.25, 0.5, 0.75, 0.975)
Observed = tuple[Sequence[date], Sequence[float]]
"""Dates and counts of a series."""

WEEKS_BEFORE = 8
"""Observed weeks that are drawn before the first forecast week."""

_TASK = ("reference_date", "target", "horizon", "location", "target_end_date")
_OUTPUT = ("model", "output_type", "output_type_id", "value")
_COLUMNS = ("location", "model", "target_end_date", *(f"q{level:g}" for level in LEVELS))
_APART = 1.7  # days between the marks of two models for one week


def weekly_target(forecasts: pd.DataFrame, own: str) -> str | None:
    """Return the first target of the run's model with quantiles by horizon, or None."""
    mine = forecasts[(forecasts["model"] == own) & (forecasts["output_type"] == "quantile")]
    if "horizon" not in mine:
        return None
    ahead = mine[mine["horizon"].str.fullmatch(r"-?\d+").fillna(False).astype(bool)]
    return None if ahead.empty else str(ahead["target"].iloc[0])


def draw_comparison(
    forecasts: pd.DataFrame,
    outcomes: pd.DataFrame,
    known: Mapping[str, Observed],
    *,
    own: str,
    places: Sequence[Place],
    spellings: Mapping[str, Sequence[str]],
    title: str,
    labels: Mapping[str, str],
    path: Path,
    numbers: Path,
) -> None:
    """Draw the models' forecasts of weekly counts, and write their quantiles.

    Parameters
    ----------
    forecasts
        See :func:`forecast_hub.scoring.forecasts.read_forecasts`, of one reference date.
    outcomes
        See :func:`forecast_hub.scoring.outcomes.read_outcomes`, of the series that is drawn.
    known
        Population to dates and counts of the series, as known at the time of the forecast.
    own
        The model of the run. Its first weekly target is drawn, for its locations and weeks.
    places
        The populations of the run.
    spellings
        Population to the names that a hub may use for it.
    title
        What the figure shows; the target is added.
    labels
        Target to its name for readers.
    path
        The figure, ``.png`` or ``.svg``.
    numbers
        The table: see :func:`intervals`.
    """
    names = names_of_codes(places, spellings)
    target = weekly_target(forecasts, own)
    table = intervals(forecasts[forecasts["target"] == target], own, names)
    save_table(table.to_csv(index=False, lineterminator="\n", float_format="%.6g"), numbers)
    if table.empty:
        save(nothing(title, "The submission has no quantiles of weekly counts."), path)
        return
    seen = seen_of(places, known, outcomes, names)
    save(comparison_chart(table, seen, f"{title}: {labels.get(str(target), target)}"), path)


def first_series(forecasts: pd.DataFrame, own: str) -> dict[str, str]:
    """Return the further task ids of the series that is drawn of a run, such as an age group.

    Parameters
    ----------
    forecasts
        See :func:`draw_comparison`, of one target.
    own
        The model of the run, whose first row counts.

    Returns
    -------
    task_ids
        Column to its value; empty if the hub has no further columns.
    """
    mine = forecasts[(forecasts["model"] == own) & (forecasts["output_type"] == "quantile")]
    further = [name for name in mine.columns if name not in (*_TASK, *_OUTPUT)]
    return {} if mine.empty else {name: str(mine[name].iloc[0]) for name in further}


def intervals(forecasts: pd.DataFrame, own: str, names: Mapping[str, str]) -> pd.DataFrame:
    """Select the quantiles to draw from the forecasts of all models.

    Returns
    -------
    table
        A row per location (in the order of ``names``), model (the run's own first) and week:
        ``q0.025``, ``q0.25``, ``q0.5``, ``q0.75`` and ``q0.975``, NaN if a model has none. Of
        further task ids, such as an age group, those of the run's first row.
    """
    rows = forecasts[forecasts["output_type"] == "quantile"]
    rows = select_series(rows, first_series(rows, own))
    rows = rows.assign(level=rows["output_type_id"].astype(np.float64).round(6))
    rows = rows[rows["level"].isin(LEVELS) & rows["location"].isin(list(names))]
    mine = rows[rows["model"] == own][["location", "target_end_date"]].drop_duplicates()
    rows = rows.merge(mine, on=["location", "target_end_date"])
    if rows.empty:
        return pd.DataFrame(columns=list(_COLUMNS))
    keys = ["location", "model", "target_end_date"]
    table = rows.pivot_table(index=keys, columns="level", values="value")
    table = table.reindex(columns=list(LEVELS))
    table.columns = pd.Index([f"q{level:g}" for level in LEVELS])
    table = table.reset_index()
    table["location"] = table["location"].map(dict(names))
    order = {name: position for position, name in enumerate(dict.fromkeys(names.values()))}
    table["place"] = table["location"].map(order)
    table["other"] = table["model"] != own
    return table.sort_values(
        ["place", "other", "model", "target_end_date"], ignore_index=True
    ).reindex(columns=list(_COLUMNS))


def comparison_chart(table: pd.DataFrame, seen: Mapping[str, Seen], title: str) -> Figure:
    """Draw a panel per location: observations, and the median and intervals of each model and week.

    Parameters
    ----------
    table
        See :func:`intervals`.
    seen
        Label of each location to its observations, drawn from :data:`WEEKS_BEFORE` weeks before
        the first forecast week to the last.
    title
        What the figure shows.
    """
    places = list(dict.fromkeys(table["location"]))
    models = list(dict.fromkeys(table["model"]))
    looks = {name: LOOKS[n % len(LOOKS)] for n, name in enumerate(models)}
    small = len(places) > FEW
    columns = 1 if len(places) <= FEW else 2
    lines = ceil(len(places) / columns)
    with styled():
        figure = new_figure(NARROW, lines * (1.6 if small else 2.6) + 1.3)
        grid: list[Axes] = figure.subplots(lines, columns, squeeze=False).ravel().tolist()
        for axes, place in zip(grid, places, strict=False):
            its = table[table["location"] == place]
            _panel(axes, its, seen.get(place, Seen.of()), place, looks, small=small)
        for axes in grid[len(places) :]:
            axes.remove()
        headline(figure, title)
        handles = [_mark(look, name) for name, look in looks.items()]
        handles += legend_of_seen(later=True)
        figure.legend(handles=handles, loc="outside lower center", ncols=2)
    return figure


def _mark(look: Mapping[str, Any], name: str) -> Line2D:
    marker, colour = look["marker"], look["color"]
    return Line2D([], [], color=colour, marker=marker, markersize=5, linewidth=1, label=name)


def _panel(
    axes: Axes,
    rows: pd.DataFrame,
    seen: Seen,
    place: str,
    looks: Mapping[str, Mapping[str, Any]],
    *,
    small: bool,
) -> None:
    first, last = min(rows["target_end_date"]), max(rows["target_end_date"])
    start = pd.Timestamp(first) - pd.Timedelta(weeks=WEEKS_BEFORE)
    draw_seen(axes, seen.between(start, pd.Timestamp(last)), 2.6 if small else 4)
    for position, (name, look) in enumerate(looks.items()):
        its = rows[rows["model"] == name]
        days = date_numbers(its["target_end_date"]) + _APART * (position - (len(looks) - 1) / 2)
        colour: Any = look["color"]
        thin, thick = (0.7, 2.2) if small else (1.1, 4.0)
        axes.vlines(days, its["q0.025"], its["q0.975"], color=colour, linewidth=thin, zorder=2)
        axes.vlines(
            days, its["q0.25"], its["q0.75"], color=colour, linewidth=thick, alpha=0.5, zorder=2
        )
        marks: Any = {"marker": look["marker"], "color": colour, "linestyle": "none"}
        axes.plot(days, its["q0.5"], markersize=2.6 if small else 4.5, zorder=3, **marks)
    axes.set_title(place, fontsize=8 if small else 9.5, pad=2)
    _scales(axes, small=small)


def _scales(axes: Axes, *, small: bool) -> None:
    dates: Any = matplotlib.dates
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, min_n_ticks=2))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axes.xaxis.set_major_locator(dates.AutoDateLocator(minticks=2, maxticks=3 if small else 6))
    axes.xaxis.set_major_formatter(dates.DateFormatter("%d %b"))
    axes.tick_params(labelsize=7 if small else 8, length=2, pad=1.5)
    axes.tick_params(axis="x", pad=3)


def seen_of(
    places: Sequence[Place],
    known: Mapping[str, Observed],
    outcomes: pd.DataFrame,
    names: Mapping[str, str],
) -> dict[str, Seen]:
    """Return the observations of each location, by its label.

    Parameters
    ----------
    places
        The populations of the run.
    known
        Population to dates and counts, as known at the time of the forecast.
    outcomes
        See :func:`forecast_hub.scoring.outcomes.read_outcomes`, of the target that is drawn.
    names
        Location of the hub to its label.
    """
    found = {}
    for place in places:
        dates, values = known.get(place.name, ((), ()))
        then = {day.isoformat(): value for day, value in zip(dates, values, strict=True)}
        codes = [code for code, name in names.items() if name == place.label]
        came = outcomes[outcomes["location"].isin(codes)]
        since = dict(zip(came["target_end_date"], came["observed"], strict=True))
        found[place.label] = Seen.of(then, since)
    return found

"""Draw the scores of each model beside the baseline, by week and by location."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib.dates
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from epyflow.figures.figure_file import save
from epyflow.figures.intervals import ROW, row_labels
from epyflow.figures.read_tables import nothing
from epyflow.figures.scores import SCALES, legend_of_models, looks_of, score_name
from epyflow.figures.style import (
    GREY,
    NARROW,
    date_numbers,
    headline,
    log_axis,
    new_figure,
    styled,
)

Looks = Mapping[str, Mapping[str, Any]]

_WEEKS, _ABOVE, _AROUND = 2.0, 0.9, 1.2  # inches: a panel of weeks; above rows; title and legend
_FEW = 20  # weeks; above this number, marks are small


def draw_season_scores(
    weeks: pd.DataFrame,
    places: pd.DataFrame,
    *,
    names: Mapping[str, str],
    baseline: str | None,
    title: str,
    labels: Mapping[str, str],
    path: Path,
) -> None:
    """Draw the scores of all models by week and by location.

    Parameters
    ----------
    weeks, places
        A row per model (the run's own first), target, scale, and ``reference_date`` or
        ``location``: ``wis`` and ``relative_wis``.
    names
        Location of the hub to the label of its population, in the order of the figure. Other
        locations keep their name, and are last.
    baseline
        The model that scores are relative to; None for absolute scores.
    title
        What the figure shows.
    labels
        Target to its name for readers.
    path
        The figure, ``.svg`` or ``.png``.
    """
    if weeks.empty:
        save(nothing(title, "No forecast of a week ahead can be compared yet."), path)
        return
    order = {label: position for position, label in enumerate(dict.fromkeys(names.values()))}
    places = places.assign(location=places["location"].replace(dict(names)))
    places = places.sort_values(
        "location", key=lambda each: each.map(order).fillna(len(order)), kind="stable"
    )
    weeks, places = (
        table.assign(target=table["target"].replace(dict(labels))) for table in (weeks, places)
    )
    save(season_scores_chart(weeks, places, title, baseline), path)


def season_scores_chart(
    weeks: pd.DataFrame, places: pd.DataFrame, title: str, baseline: str | None
) -> Figure:
    """Draw two panels of weeks, and below them two of locations, for each target.

    Parameters
    ----------
    weeks, places, title, baseline
        See :func:`draw_season_scores`; targets and locations have their names for readers.
    """
    targets = list(dict.fromkeys(weeks["target"]))
    looks = looks_of(list(dict.fromkeys(weeks["model"])))
    labels = list(dict.fromkeys(places["location"]))
    rows = ROW * len(labels) + _ABOVE
    with styled():
        figure = new_figure(NARROW, len(targets) * (2 * _WEEKS + rows) + _AROUND)
        heights = len(targets) * [_WEEKS, _WEEKS, rows]
        grid = figure.add_gridspec(len(heights), 2, height_ratios=heights)
        for number, target in enumerate(targets):
            its, their = weeks[weeks["target"] == target], places[places["target"] == target]
            for column, scale in enumerate(SCALES):
                axes = figure.add_subplot(grid[3 * number + column, :])
                _by_week(axes, its[its["scale"] == scale], looks, baseline)
                axes.set_title(f"{score_name(baseline)} by week, {SCALES[scale]}")
                axes = figure.add_subplot(grid[3 * number + 2, column])
                _by_place(axes, their[their["scale"] == scale], labels, looks, baseline)
                axes.set_title(SCALES[scale].capitalize())
                if column:
                    axes.tick_params(labelleft=False)
        more = f": {targets[0]}" if len(targets) == 1 else f": from above, {'; '.join(targets)}"
        headline(figure, title + more)
        legend_of_models(figure, looks, baseline)
    return figure


def _drawn(rows: pd.DataFrame, baseline: str | None) -> pd.Series:
    """Return the scores that a logarithmic axis can show; NaN for the others."""
    values = rows["wis" if baseline is None else "relative_wis"]
    return values.where((values > 0) & np.isfinite(values))


def _scale(axes: Axes, values: pd.Series, baseline: str | None, *, along: Any) -> None:
    around = [] if baseline is None else [0.8, 1.25]
    known = [*values.dropna(), *around]
    if known:
        log_axis(axes, min(known), max(known), along=along)
    if baseline is not None:
        line = axes.axhline if along == "y" else axes.axvline
        line(1, color=GREY, linewidth=0.9, linestyle=":", zorder=1)


def _by_week(axes: Axes, rows: pd.DataFrame, looks: Looks, baseline: str | None) -> None:
    rows = rows.assign(drawn=_drawn(rows, baseline))
    _scale(axes, rows["drawn"], baseline, along="y")
    days = date_numbers(pd.Series(sorted(rows["reference_date"].unique())))
    size = 4.5 if len(days) <= _FEW else 3
    for position, (model, look) in enumerate(looks.items()):
        its = rows[rows["model"] == model]
        order = 2 + len(looks) - position  # the run's model is drawn last, on top
        where = date_numbers(its["reference_date"])
        axes.plot(where, its["drawn"], markersize=size, zorder=order, clip_on=False, **look)
    dates: Any = matplotlib.dates  # which matplotlib leaves without types
    axes.xaxis.set_major_locator(dates.AutoDateLocator(minticks=3, maxticks=6))
    axes.xaxis.set_major_formatter(dates.DateFormatter("%d %b"))
    if len(days):
        axes.set_xlim(days.min() - 4, days.max() + 4)


def _by_place(
    axes: Axes, rows: pd.DataFrame, labels: list[str], looks: Looks, baseline: str | None
) -> None:
    rows = rows.assign(drawn=_drawn(rows, baseline))
    _scale(axes, rows["drawn"], baseline, along="x")
    for position, (model, look) in enumerate(looks.items()):
        its = rows[rows["model"] == model].set_index("location")["drawn"].reindex(labels)
        marks = {**look, "linestyle": "none", "markersize": 4}
        order = 2 + len(looks) - position
        axes.plot(its, np.arange(len(labels)), zorder=order, clip_on=False, **marks)
    row_labels(axes, labels)
    axes.grid(visible=True, axis="y", color="#EFEFEF")

"""Draw epidemic curves with their uncertainty for one population."""

from collections.abc import Mapping, Sequence
from math import ceil
from textwrap import wrap
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from epyflow.figures.bands import at_level, draw_bands
from epyflow.figures.scenarios import draw_futures, futures
from epyflow.figures.style import (
    BLUE,
    FEW,
    GREY,
    NARROW,
    count_axis,
    date_axis,
    headline,
    line_length,
    new_figure,
    styled,
    tint,
)
from epyflow.figures.wording import series_in_words

MAX_PANELS = 12
MAX_LINES = 200
_Y_LABELS = 0.8  # inches for the labels of an axis

_NO_LABELS: Mapping[str, str] = MappingProxyType({})


def fan_chart(
    quantiles: pd.DataFrame,
    series: Sequence[str],
    title: str,
    labels: Mapping[str, str] = _NO_LABELS,
    unit: str = "Persons",
) -> Figure:
    """Draw a panel per series, with dates on the x axis and counts on the y axis.

    One member (parameter set) is shown by its median and the bands that hold 50, 80 and 95 % of
    its simulations, or the nearest that the table has. Several members are shown by a thin line
    for the median of each (at most 200, evenly chosen), and by the median and the middle 90 % of
    these medians, on the dates that all members have. Each scenario of a projection has a colour
    and its narrowest band.

    Parameters
    ----------
    quantiles
        Rows of a quantiles table for one population: columns ``primary_id``, ``date``,
        ``quantile`` and the series.
    series
        Columns to draw. With more than 12, the first 12 are drawn, totals first; the title says so.
    title
        What the figure shows, such as the population.
    labels
        Compartment to its label for the panel titles: ``{"S": "Susceptible"}``.
    unit
        Unit of the series, for the y axis.

    Raises
    ------
    ValueError
        If there is no row, no series, no quantile 0.5, or more than one population.
    """
    _check(quantiles, series)
    shown = _panels(series)
    if len(shown) < len(series):
        title += f" ({len(shown)} of {len(series)} series; {len(series) - len(shown)} not shown)"
    columns = 1 if len(shown) <= FEW else 2
    rows = ceil(len(shown) / columns)
    table = quantiles.assign(date=pd.to_datetime(quantiles["date"]))
    with styled():
        figure = new_figure(NARROW if columns == 1 else 6.6, 2.0 * rows + 1.0)
        grid = figure.subplots(rows, columns, squeeze=False, sharex=True)
        panels: list[Axes] = grid.ravel().tolist()
        room = line_length(figure.get_figwidth() / columns - _Y_LABELS)
        for axes, name in zip(panels, shown, strict=False):
            draw_series(axes, table, name)
            axes.set_title("\n".join(wrap(series_in_words(name, labels), room)))
            count_axis(axes)
            date_axis(axes)
        tidy(panels, len(shown), columns)
        _label(figure, panels[0], title, unit)
    return figure


def _check(quantiles: pd.DataFrame, series: Sequence[str]) -> None:
    if quantiles.empty or not series:
        raise ValueError("there is nothing to draw: no rows, or no series")
    if at_level(quantiles, 0.5).empty:
        raise ValueError("a fan chart needs the median: add 0.5 to the quantiles")
    if "population" in quantiles and _varies(quantiles["population"]):
        raise ValueError("a fan chart shows one population; these rows are of several")


def _panels(series: Sequence[str]) -> list[str]:
    totals_first = sorted(series, key=lambda name: not name.endswith("_total"))
    return list(series) if len(series) <= MAX_PANELS else totals_first[:MAX_PANELS]


def _varies(column: "pd.Series[Any]") -> bool:
    return bool((column != column.iloc[0]).any())


def draw_series(axes: Axes, table: pd.DataFrame, name: str) -> None:
    """Draw a series: its scenarios, its parameter sets, or the bands of a single parameter set.

    Parameters
    ----------
    axes
        The panel.
    table
        Rows of a quantiles table for one population, with dates as such.
    name
        Column of the series.
    """
    if found := futures(table):
        draw_futures(axes, found, name)
    elif _varies(table["primary_id"]):
        _draw_members(axes, table, name)
    else:
        _draw_member(axes, table, name)


def _draw_member(axes: Axes, table: pd.DataFrame, name: str) -> None:
    median = at_level(table, 0.5).sort_values("date")
    axes.plot(median["date"], median[name], color=BLUE, linewidth=1.6, label="Median", zorder=3)
    drawn = draw_bands(axes, table, name, BLUE)
    for band, fill in drawn:
        fill.set_label(band.label + (" of simulations" if band == drawn[-1][0] else ""))


def _draw_members(axes: Axes, table: pd.DataFrame, name: str) -> None:
    medians = _medians(table, name)
    total = medians.shape[1]
    drawn = np.unique(np.linspace(0, total - 1, min(total, MAX_LINES)).round().astype(int))
    shown = f" ({len(drawn)} of {total:,} shown)" if len(drawn) < total else ""
    faint = min(0.7, max(0.25, 20 / len(drawn)))
    lines = axes.plot(
        medians.index, medians.iloc[:, drawn], color=GREY, linewidth=0.5, alpha=faint, zorder=2
    )
    lines[0].set_label(f"Median of each parameter set{shown}")
    middle = _range_of(medians)
    dates, ends = middle["date"], middle[["low", "high"]]
    axes.plot(dates, middle["median"], color=BLUE, linewidth=2, label="Median of these", zorder=4)
    axes.fill_between(
        dates,
        ends["low"],
        ends["high"],
        color=tint(BLUE, 0.25),
        linewidth=0,
        label="90% of these",
        zorder=1,
    )
    axes.plot(dates, ends.to_numpy(), color=BLUE, linewidth=0.8, zorder=3)


def range_of_members(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the range of the members' medians on the dates that all members have.

    Returns
    -------
    range
        ``date``, ``low``, ``median`` and ``high``: levels 0.05, 0.5 and 0.95 of the medians.
    """
    return _range_of(_medians(table, name))


def _range_of(medians: pd.DataFrame) -> pd.DataFrame:
    common = medians.dropna()
    low, median, high = np.quantile(common.to_numpy(), [0.05, 0.5, 0.95], axis=1)
    return pd.DataFrame({"date": common.index, "low": low, "median": median, "high": high})


def _medians(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the median of each member: a row per date, a column per member, NaN if missing."""
    rows = at_level(table, 0.5)
    # pivot, unlike pivot_table, raises if a member has a date twice.
    return rows.pivot(index="date", columns="primary_id", values=name)  # noqa: PD010


def tidy(panels: list[Axes], used: int, columns: int) -> None:
    """Remove unused panels, and show dates below the last panel of each column."""
    for place, axes in enumerate(panels):
        if place >= used:
            axes.remove()
        elif place + columns >= used:
            axes.tick_params(labelbottom=True)


def _label(figure: Figure, panel: Axes, title: str, unit: str) -> None:
    headline(figure, title)
    figure.supylabel(unit, fontsize=9)
    legend_below(figure, panel)


def legend_below(figure: Figure, panel: Axes) -> None:
    """Draw the legend of a panel below the figure."""
    room = line_length(figure.get_figwidth())
    handles, names = panel.get_legend_handles_labels()
    fits = sum(len(name) + 8 for name in names) <= room
    figure.legend(handles, names, loc="outside lower center", ncols=len(names) if fits else 2)

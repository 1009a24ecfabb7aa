"""Draw the probabilities that admissions rise or fall, as stacked bars by location and horizon."""

from collections.abc import Mapping, Sequence
from datetime import date
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from epyflow.figures.figure_file import save, save_pages, save_table
from epyflow.figures.read_tables import Place, nothing
from epyflow.figures.style import (
    BLUE,
    FEW,
    GREY,
    NARROW,
    VERMILION,
    WIDE,
    columns_of,
    headline,
    new_figure,
    styled,
    tint,
)
from epyflow.files import table_reader
from forecast_hub.config.flusight import CLASSES, RATE_CHANGE

COLOURS = (BLUE, tint(BLUE, 0.4), "#EDEDED", tint(VERMILION, 0.4), VERMILION)
"""Colours of the hub's classes, from the largest decrease to the largest increase."""

PANELS_ON_A_PAGE = 18
_SHOWN_FROM = 0.1  # a smaller share has no room for its number


def draw_rate_trends(
    submission: Path,
    *,
    places: Sequence[Place],
    spellings: Mapping[str, Sequence[str]],
    title: str,
    path: Path,
    numbers: Path,
    pages: Path,
) -> None:
    """Draw the probabilities of FluSight's rate-trend classes, and write them as a table.

    Parameters
    ----------
    submission
        ``output_hub_formatted.csv.gz``.
    places
        The populations of the run; the title counts those without a row.
    spellings
        Population to the names that a hub may use for it.
    title
        What the figure shows.
    path
        The figure of all locations, ``.svg`` or ``.png``.
    numbers
        The table: see :func:`rate_trends`.
    pages
        The same chart on pages, ``.pdf``.
    """
    with table_reader(submission) as file:
        rows = pd.read_csv(file, dtype=str, na_filter=False)
    table = rate_trends(rows, names_of_codes(places, spellings))
    save_table(table.to_csv(index=False, lineterminator="\n", float_format="%.6g"), numbers)
    if table.empty:
        empty = nothing(title, "The submission has no rate trends; its findings say why.")
        save(empty, path)
        save_pages([empty], pages)
        return
    drawn = list(dict.fromkeys(table["location"]))
    if len(drawn) < len(places):
        title += f" ({len(drawn)} of {len(places)} locations; the others have no rows)"
    save(rate_trend_chart(table, title), path)
    sheets = [drawn[n : n + PANELS_ON_A_PAGE] for n in range(0, len(drawn), PANELS_ON_A_PAGE)]
    each = [table[table["location"].isin(sheet)] for sheet in sheets]
    save_pages([rate_trend_page(rows, title) for rows in each], pages)


def names_of_codes(
    places: Sequence[Place], spellings: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    """Map each name that a hub may use to the label of its population, in the order of places."""
    return {code: place.label for place in places for code in spellings.get(place.name, ())}


def rate_trends(rows: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """Select the probabilities of the classes from a submission.

    Parameters
    ----------
    rows
        Rows of a submission, all values as text.
    names
        Location of the hub to its label. Other locations keep their name, and are last.

    Returns
    -------
    table
        A row per location, in the order of ``names``, and horizon: ``location``, ``horizon``
        (whole weeks after the reference date), ``target_end_date``, and a probability for each of
        :data:`~forecast_hub.config.flusight.CLASSES`.
    """
    columns = ["location", "horizon", "target_end_date", *CLASSES]
    chosen = rows[(rows["output_type"] == "pmf") & (rows["target"] == RATE_CHANGE)]
    if chosen.empty:
        return pd.DataFrame(columns=columns)
    numbers = chosen.assign(
        horizon=chosen["horizon"].astype(int), value=chosen["value"].astype(np.float64)
    )
    table = numbers.pivot_table(
        index=["location", "horizon", "target_end_date"], columns="output_type_id", values="value"
    )
    table = table.reindex(columns=list(CLASSES)).fillna(0.0).reset_index()
    table["location"] = [names.get(code, code) for code in table["location"]]
    order = {name: position for position, name in enumerate(dict.fromkeys(names.values()))}
    table["place"] = [order.get(name, len(order)) for name in table["location"]]
    return table.sort_values(["place", "location", "horizon"], ignore_index=True)[columns]


def rate_trend_chart(table: pd.DataFrame, title: str) -> Figure:
    """Draw a panel per location and a bar per horizon, divided by the probability of each class.

    Parameters
    ----------
    table
        See :func:`rate_trends`.
    title
        What the figure shows.
    """
    count = table["location"].nunique()
    return _sheet(table, title, columns_of(count), NARROW, roomy=count <= FEW)


def rate_trend_page(table: pd.DataFrame, title: str) -> Figure:
    """Draw the same chart in three columns, with the dates of the weeks and the larger shares."""
    return _sheet(table, title, 3, WIDE, roomy=True)


def _sheet(table: pd.DataFrame, title: str, columns: int, width: float, *, roomy: bool) -> Figure:
    panels = [(str(name), rows) for name, rows in table.groupby("location", sort=False)]
    lines = ceil(len(panels) / columns)
    with styled():
        figure = new_figure(width, lines * (1.75 if roomy else 1.02) + 1.2)
        grid: list[Axes] = figure.subplots(lines, columns, squeeze=False).ravel().tolist()
        for position, (axes, (name, rows)) in enumerate(zip(grid, panels, strict=False)):
            lowest = position + columns >= len(panels)
            _panel(axes, rows, lowest=lowest, roomy=roomy)
            axes.set_title(name, fontsize=9 if roomy else 7.5, pad=2)
        for axes in grid[len(panels) :]:
            axes.remove()
        headline(figure, title)
        figure.supylabel("Weeks after the reference date", fontsize=9)
        handles = [Patch(facecolor=colour, edgecolor=GREY, linewidth=0.4) for colour in COLOURS]
        words = [name.replace("_", " ").capitalize() for name in CLASSES]
        figure.legend(
            handles, words, loc="outside lower center", ncols=len(words) if width > 7 else 3
        )
    return figure


def _panel(axes: Axes, rows: pd.DataFrame, *, lowest: bool, roomy: bool) -> None:
    heights = np.arange(len(rows))
    shares = rows[list(CLASSES)].to_numpy(dtype=np.float64)
    ends = np.cumsum(shares, axis=1)
    for column, colour in enumerate(COLOURS):
        share, end = shares[:, column], ends[:, column]
        look: Any = {"height": 0.8, "color": colour, "edgecolor": GREY, "linewidth": 0.3}
        axes.barh(heights, share, left=end - share, **look)
        if roomy:
            _write_shares(axes, share, end, "white" if column in (0, len(COLOURS) - 1) else "black")
    labels = [str(horizon) for horizon in rows["horizon"]]
    if roomy:
        weeks = [date.fromisoformat(day) for day in rows["target_end_date"]]
        labels = [f"{n}: {w.day} {w:%b}" for n, w in zip(labels, weeks, strict=True)]
    axes.set_yticks(heights, labels, fontsize=7.5 if roomy else 7)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.5, 1], ["0", "50%", "100%"] if lowest else ["", "", ""])
    axes.tick_params(axis="x", labelsize=7.5 if roomy else 7)
    axes.tick_params(length=2, pad=1.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False)


def _write_shares(
    axes: Axes, shares: NDArray[np.float64], ends: NDArray[np.float64], ink: str
) -> None:
    for height, (share, end) in enumerate(zip(shares, ends, strict=True)):
        if share >= _SHOWN_FROM:
            axes.text(
                end - share / 2,
                height,
                f"{100 * share:.0f}",
                fontsize=7,
                color=ink,
                horizontalalignment="center",
                verticalalignment="center_baseline",
            )

"""Draw the projected change of each state on a map of the United States."""

import math
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Patch

from epyflow.figures.bands import at_level
from epyflow.figures.figure_file import save, save_table
from epyflow.figures.read_tables import Place, comparisons_of, dated, nothing, rows_by_population
from epyflow.figures.style import BLUE, GREY, VERMILION, headline, new_figure, styled, tint
from epyflow.figures.us_tiles import TILES, tile_of
from epyflow.figures.wording import change_in_words

WEEKS = 3
"""Weeks between the two medians that are compared."""

_STRONGEST = 0.85  # tint of a change by a factor of 2 or more
_KEY = (-50, -20, 0, 25, 100)  # per cent


def draw_change_map(
    calibration: Path,
    projection: Path,
    *,
    places: Sequence[Place],
    title: str,
    path: Path,
    numbers: Path,
) -> None:
    """Draw the change of the projected median in each state, and write its numbers.

    Parameters
    ----------
    calibration, projection
        ``quantiles_calibration.csv.gz`` and ``quantiles_projection_comparison.csv.gz``.
    places
        The populations of the run; those outside the United States are only in the table.
    title
        What the figure shows.
    path
        The figure, ``.svg`` or ``.png``.
    numbers
        The table: location, the two dates, both medians and the change in per cent.
    """
    ends = {
        name: (rows["date"].max(), comparisons_of(rows)[0])
        for name, rows in rows_by_population(calibration)
    }
    ahead = dict(rows_by_population(projection))
    rows = [
        {"location": place.label, "code": place.location or ""}
        | change(ahead[place.name], *ends[place.name])
        for place in places
        if place.name in ends and place.name in ahead
    ]
    table = pd.DataFrame(rows)
    save_table(table.to_csv(index=False, lineterminator="\n", float_format="%.6g"), numbers)
    by_tile = {
        tile: float(str(row["change_percent"]))
        for row in rows
        if (tile := tile_of(str(row["code"]))) is not None
    }
    if not by_tile:
        save(nothing(title, "No state has a projection."), path)
        return
    first, last = str(rows[0]["from"]), str(rows[0]["to"])
    save(change_map(by_tile, f"{title}, from {first} to {last}"), path)


def change(projection: pd.DataFrame, end: str, comparison: str) -> dict[str, object]:
    """Return the change of a projection's median after the last date fitted.

    Both medians are those of the projection, so that an error of the fit does not appear as a
    change. With several scenarios, the first is used.

    Parameters
    ----------
    projection
        Rows of ``quantiles_projection_comparison`` for one population.
    end
        The last date fitted, ISO 8601.
    comparison
        The series.

    Returns
    -------
    change
        ``from`` and ``to``: ``end``, and the last date of the projection that is at most
        :data:`WEEKS` later. ``median_from``, ``median_to``: persons. ``change_percent``: NaN
        if the first median is below one person.
    """
    rows = dated(projection)
    if "scenario" in rows:
        rows = rows[rows["scenario"] == rows["scenario"].iloc[0]]
    medians = at_level(rows, 0.5).set_index("date")[comparison].sort_index()
    last = pd.Timestamp(date.fromisoformat(end) + timedelta(weeks=WEEKS))
    within = medians.loc[pd.Timestamp(end) : last]
    before = float(within.iloc[0]) if len(within) else math.nan
    after = float(within.iloc[-1]) if len(within) else math.nan
    return {
        "from": end,
        "to": within.index[-1].date().isoformat() if len(within) else "",
        "median_from": before,
        "median_to": after,
        "change_percent": 100 * (after / before - 1) if before >= 1 else math.nan,
    }


def change_map(changes: Mapping[str, float], title: str) -> Figure:
    """Draw a square for each state, coloured and labelled by its change.

    Parameters
    ----------
    changes
        Postal abbreviation (a key of :data:`~epyflow.figures.us_tiles.TILES`) to per cent; NaN
        if it is not known.
    title
        What the figure shows.
    """
    with styled():
        figure = new_figure(8.2, 6.4)
        axes = figure.subplots()
        axes.set_axis_off()
        axes.set_aspect("equal")
        axes.set_xlim(-0.05, 11.05)
        axes.set_ylim(8.05, -0.05)
        for postal, (row, column) in TILES.items():
            if postal in changes:
                _tile(figure, row, column, postal, changes[postal])
            elif postal not in ("US", "PR"):
                _tile(figure, row, column, postal, None)
        headline(figure, title)
        handles = [Patch(facecolor=colour_of(change), edgecolor=GREY) for change in _KEY]
        names = ["halved", "−20%", "no change", "+25%", "doubled"]
        figure.legend(handles, names, loc="outside lower center", ncols=len(names))
    return figure


def colour_of(change: float) -> str:
    """Return the colour of a change in per cent: blue where it falls, vermilion where it rises."""
    if math.isnan(change):
        return "#FFFFFF"
    if change <= -100:
        return tint(BLUE, _STRONGEST)
    doublings = float(np.clip(math.log2(1 + change / 100), -1, 1))
    return tint(VERMILION if doublings > 0 else BLUE, _STRONGEST * abs(doublings))


def _tile(figure: Figure, row: int, column: int, postal: str, change: float | None) -> None:
    axes = figure.axes[0]
    colour = "#F4F4F4" if change is None else colour_of(change)
    box = FancyBboxPatch(
        (column + 0.06, row + 0.06),
        0.88,
        0.88,
        boxstyle="round,pad=0,rounding_size=0.1",
        facecolor=colour,
        edgecolor="#D0D0D0" if change is None else GREY,
        linewidth=0.6,
    )
    axes.add_patch(box)
    ink = "#A0A0A0" if change is None else "black"
    middle = 0.5 if change is None else 0.34
    centred: Any = {"horizontalalignment": "center", "verticalalignment": "center", "color": ink}
    axes.text(column + 0.5, row + middle, postal, fontsize=9, **centred)
    if change is not None:
        axes.text(column + 0.5, row + 0.7, change_in_words(change), fontsize=7.5, **centred)

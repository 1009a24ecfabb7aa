"""Draw the projected change of each state on a map of the United States."""

import math
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Patch

from epyflow.figures.bands import at_level
from epyflow.figures.figure_file import save, save_table
from epyflow.figures.observations import LastObservation, last_observations
from epyflow.figures.read_tables import Place, dated, first_scenario, nothing, rows_by_population
from epyflow.figures.style import BLUE, GREY, VERMILION, headline, new_figure, styled, tint
from epyflow.figures.us_tiles import TILES, tile_of
from epyflow.figures.wording import change_in_words

WEEKS = 3
"""Weeks from the last observation to the median."""

_STRONGEST = 0.85  # tint of a change by a factor of 2 or more
_KEY = (-50, -20, 0, 25, 100)  # per cent


def draw_change_map(
    projection: Path,
    observed: Path,
    *,
    places: Sequence[Place],
    title: str,
    path: Path,
    numbers: Path,
) -> None:
    """Draw the change to the forecast median in each state, and write its numbers.

    Parameters
    ----------
    projection
        ``quantiles_projection_comparison.csv.gz``.
    observed
        ``observed.csv``.
    places
        The populations of the run; those outside the United States are only in the table.
    title
        What the figure shows.
    path
        The figure, ``.svg`` or ``.png``.
    numbers
        The table: location, the two dates, observation, median and the change in per cent.
    """
    known = last_observations(observed)
    ahead = dict(rows_by_population(projection))
    rows = [
        {"location": place.label, "code": place.location or ""}
        | change(ahead[place.name], known[place.name])
        for place in places
        if place.name in known and place.name in ahead
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


def change(projection: pd.DataFrame, last: LastObservation) -> dict[str, object]:
    """Return the change from the last observation to a projection's median.

    With several scenarios, the first is used.

    Parameters
    ----------
    projection
        Rows of ``quantiles_projection_comparison`` for one population.
    last
        The last observation; its ``comparison`` is the series.

    Returns
    -------
    change
        ``from``: date of the observation. ``to``: the last date of the projection that is at most
        :data:`WEEKS` later, empty if there is none. ``observed`` and ``median_to``: in the unit of
        the series. ``change_percent``: NaN if fewer than one was observed.
    """
    medians = at_level(first_scenario(dated(projection)), 0.5).set_index("date")
    later = medians[last.comparison].sort_index()
    start = pd.Timestamp(last.date)
    later = later[(later.index > start) & (later.index <= start + timedelta(weeks=WEEKS))]
    after = float(later.iloc[-1]) if len(later) else math.nan
    return {
        "from": last.date,
        "to": later.index[-1].date().isoformat() if len(later) else "",
        "observed": last.value,
        "median_to": after,
        "change_percent": last.change_percent(after),
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
        figure = new_figure(5.6, 5.0)
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
        axes.text(column + 0.5, row + 0.7, change_in_words(change), fontsize=7, **centred)

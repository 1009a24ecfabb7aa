"""Draw the intervals of inferred quantities, a row per population."""

from collections.abc import Mapping, Sequence
from math import ceil
from pathlib import Path
from textwrap import wrap
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from epyflow.figures.figure_file import save, save_table
from epyflow.figures.priors import Prior, prior_of, span
from epyflow.figures.quantities import last_generation, quantities, weighted_quantiles
from epyflow.figures.read_tables import Place, nothing, rows_by_population
from epyflow.figures.style import BLUE, GREY, headline, new_figure, styled, tint
from epyflow.figures.wording import quantity_in_words

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
ROW = 0.19
"""Height of a row in inches."""

_NOTHING_SAID: Mapping[str, Any] = MappingProxyType({})


def draw_intervals(
    posteriors: Path,
    *,
    places: Sequence[Place],
    about: Mapping[str, Any],
    title: str,
    path: Path,
    numbers: Path,
) -> None:
    """Draw the inferred quantities of all populations side by side, and write their intervals.

    Parameters
    ----------
    posteriors
        ``posteriors.csv.gz``; the last generation of each population is drawn.
    places
        The populations of the run; the title counts those without a row.
    about
        Quantity to its prior, as :mod:`epyflow.run.description` has it.
    title
        What the figure shows.
    path
        The figure, ``.svg`` or ``.png``.
    numbers
        The table: location, quantity, and its weighted quantiles.
    """
    names = {place.name: place.label for place in places}
    rows = [
        {"location": names[name], "quantity": quantity}
        | {f"q{level:g}": value for level, value in zip(LEVELS, found, strict=True)}
        for name, its in rows_by_population(posteriors)
        if name in names
        for quantity, found in _found(last_generation(its)).items()
    ]
    table = pd.DataFrame(rows)
    save_table(table.to_csv(index=False, lineterminator="\n", float_format="%.6g"), numbers)
    if table.empty:
        save(nothing(title), path)
        return
    if absent := len(places) - table["location"].nunique():
        title += f" ({len(places) - absent} of {len(places)} populations; the others failed)"
    save(interval_chart(table, title, about), path)


def _found(rows: pd.DataFrame) -> dict[str, Any]:
    weights = rows["weight"].to_numpy(dtype=np.float64)
    return {
        name: weighted_quantiles(rows[name].to_numpy(dtype=np.float64), weights, LEVELS)
        for name in quantities(rows)
    }


def interval_chart(
    table: pd.DataFrame, title: str, about: Mapping[str, Any] = _NOTHING_SAID
) -> Figure:
    """Draw a panel per quantity and a row per population: median, 50 % and 90 % intervals.

    Parameters
    ----------
    table
        ``location``, ``quantity`` and ``q0.05``, ``q0.25``, ``q0.5``, ``q0.75``, ``q0.95``.
    title
        What the figure shows.
    about
        Quantity to its prior, whose middle 90 % is shaded.
    """
    names = list(dict.fromkeys(table["quantity"]))
    labels = list(dict.fromkeys(table["location"]))
    with styled():
        # Panels are below one another: the figure is legible on a phone.
        columns = min(len(names), 2)
        lines = ceil(len(names) / columns)
        figure = new_figure(1.9 + 1.75 * columns, lines * (ROW * len(labels) + 0.8) + 0.7)
        grid = figure.subplots(lines, columns, squeeze=False, sharey=True)
        panels: list[Axes] = grid.ravel().tolist()
        for axes in panels[len(names) :]:
            axes.remove()
        for axes, name in zip(panels, names, strict=False):
            rows = table[table["quantity"] == name].set_index("location").reindex(labels)
            _panel(axes, rows, prior_of(about.get(name)))
            axes.set_title("\n".join(wrap(quantity_in_words(name, about), 22)), fontsize=8.5)
        for axes in panels[: len(names) : columns]:
            row_labels(axes, labels)
        headline(figure, title)
        _legend(figure)
    return figure


def row_labels(axes: Axes, labels: Sequence[str]) -> None:
    """Label the rows, the first at the top."""
    axes.set_yticks(range(len(labels)), labels, fontsize=7.5)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)


def _panel(axes: Axes, rows: pd.DataFrame, prior: Prior | None) -> None:
    heights = np.arange(len(rows))
    axes.hlines(heights, rows["q0.05"], rows["q0.95"], color=BLUE, linewidth=1)
    axes.hlines(heights, rows["q0.25"], rows["q0.75"], color=tint(BLUE, 0.7), linewidth=3.2)
    axes.plot(
        rows["q0.5"],
        heights,
        linestyle="none",
        marker="o",
        markersize=3.6,
        color="black",
        markeredgecolor="white",
        markeredgewidth=0.5,
        zorder=4,
    )
    values = rows[["q0.05", "q0.95"]].to_numpy(dtype=np.float64)
    axes.set_xlim(*span(values[np.isfinite(values)], prior))
    if prior is not None:
        axes.axvspan(*map(float, prior.ppf([0.05, 0.95])), color="#EFEFEF", linewidth=0, zorder=0)
    axes.tick_params(axis="x", labelsize=7)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=3))
    axes.grid(visible=False)


def _legend(figure: Figure) -> None:
    dot: Any = {"linestyle": "none", "marker": "o", "markersize": 3.6, "color": "black"}
    figure.legend(
        [
            Line2D([], [], **dot),
            Line2D([], [], color=tint(BLUE, 0.7), linewidth=3.2),
            Line2D([], [], color=BLUE, linewidth=1),
            Patch(facecolor="#EFEFEF", edgecolor=GREY, linewidth=0.4),
        ],
        ["Median", "50%", "90%", "90% of the prior"],
        loc="outside lower center",
        ncols=4 if figure.get_figwidth() > 4.5 else 2,
    )

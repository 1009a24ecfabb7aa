"""Draw posteriors with their priors, for each quantity and each pair of quantities."""

from collections.abc import Mapping, Sequence
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

from epyflow.figures.figure_file import save, save_pages
from epyflow.figures.priors import density, prior_of, span
from epyflow.figures.quantities import last_generation, quantities
from epyflow.figures.read_tables import Place, nothing, rows_by_population
from epyflow.figures.style import BLUE, VERMILION, headline, new_figure, styled, tint
from epyflow.figures.wording import quantity_in_words

MOST = 6
"""Most quantities in a chart of pairs; of more, the first are drawn."""
ROWS_ON_A_PAGE = 8

_BARS = 20
_NOTHING_SAID: Mapping[str, Any] = MappingProxyType({})
_PRIOR: Any = {"color": VERMILION, "linewidth": 1.3, "linestyle": "--"}


def draw_posteriors(
    posteriors: Path,
    *,
    places: Sequence[Place],
    about: Mapping[str, Any],
    paths: Sequence[Path],
    pages: Path,
) -> None:
    """Draw the posterior of each population, and the posteriors of all on pages.

    Parameters
    ----------
    posteriors
        ``posteriors.csv.gz``; the last generation of each population is drawn.
    places
        The populations of the run. The figure of one without rows says so.
    about
        Quantity to its prior, as :mod:`epyflow.run.description` has it.
    paths
        A figure for each place, ``.png`` or ``.svg``.
    pages
        The pages, ``.pdf``.
    """
    shown: dict[str, pd.DataFrame] = {}
    titles = {place.name: (place.label, path) for place, path in zip(places, paths, strict=True)}
    for name, rows in rows_by_population(posteriors):
        if name in titles:
            title, path = titles.pop(name)
            shown[title] = last_generation(rows)
            save(posterior_chart(shown[title], title, about), path)
    for title, path in titles.values():
        save(nothing(title), path)
    save_pages(posterior_pages(shown, about) or [nothing("Posteriors")], pages)


def posterior_chart(
    rows: pd.DataFrame, title: str, about: Mapping[str, Any] = _NOTHING_SAID
) -> Figure:
    """Draw the posterior and prior of each quantity, and below them each pair of quantities.

    Parameters
    ----------
    rows
        Particles of one generation of one population.
    title
        What the figure shows.
    about
        Quantity to its prior.

    Raises
    ------
    ValueError
        If there is no particle or no inferred quantity.
    """
    names = quantities(rows)
    if rows.empty or not names:
        raise ValueError("there is nothing to draw: no particles, or no quantities")
    shown = names[:MOST]
    more = f" ({MOST} of {len(names)} quantities)" if len(names) > MOST else ""
    generation = int(rows["generation"].iloc[0])
    count = len(shown)
    with styled():
        side = max(4.2, 1.75 * count)
        figure = new_figure(side + 0.5, side * (0.7 if count == 1 else 0.85) + 0.8)
        grid = figure.add_gridspec(count, count)
        for row, below in enumerate(shown):
            for column, across in enumerate(shown[: row + 1]):
                axes = figure.add_subplot(grid[row, column])
                if column == row:
                    draw_density(axes, rows, across, about)
                    words = "\n".join(wrap(quantity_in_words(across, about), 22))
                    axes.set_title(words, fontsize=8.5)
                else:
                    _pair(axes, rows, across, below, about)
                _thin_out(axes, last=row == count - 1, first=column == 0 and row > 0)
        headline(figure, f"{title}: {len(rows)} particles of generation {generation}{more}")
        _legend(figure)
    return figure


def posterior_pages(
    shown: Mapping[str, pd.DataFrame], about: Mapping[str, Any] = _NOTHING_SAID
) -> list[Figure]:
    """Draw the densities of all populations on pages, a row per population."""
    pages, titles = [], list(shown)
    for first in range(0, len(titles), ROWS_ON_A_PAGE):
        on_it = titles[first : first + ROWS_ON_A_PAGE]
        names = quantities(shown[on_it[0]])
        with styled():
            figure = new_figure(max(5.0, 1.9 * len(names) + 0.6), 1.35 * len(on_it) + 1.0)
            grid = figure.subplots(len(on_it), len(names), squeeze=False)
            for axes_of_row, title in zip(grid, on_it, strict=True):
                for axes, name in zip(axes_of_row, names, strict=True):
                    draw_density(axes, shown[title], name, about)
                    words = "\n".join(wrap(quantity_in_words(name, about), 24))
                    axes.set_title(f"{title}\n{words}", fontsize=7.5)
                    _thin_out(axes, last=True, first=False)
            headline(figure, "Posteriors and priors")
            _legend(figure)
        pages.append(figure)
    return pages


def draw_density(axes: Axes, rows: pd.DataFrame, name: str, about: Mapping[str, Any]) -> None:
    """Draw the weighted posterior of a quantity as bars, and its prior as a line."""
    prior = prior_of(about.get(name))
    values = rows[name].to_numpy(dtype=np.float64)
    low, high = span(values, prior)
    if prior is not None and prior.discrete:
        # Bars are as wide as whole numbers, to compare with the probability of each.
        width = max(1, round((high - low) / _BARS))
        edges = np.arange(np.floor(low), np.ceil(high) + width + 1, width) - 0.5
    else:
        edges = np.linspace(low, high, _BARS + 1)
    weights = rows["weight"].to_numpy(dtype=np.float64)
    heights, _ = np.histogram(values, bins=edges, weights=weights, density=True)
    axes.stairs(heights, edges, fill=True, color=tint(BLUE, 0.5))
    if prior is not None:
        axes.plot(*density(prior, low, high), **_PRIOR)
    axes.set_xlim(low, high)
    axes.set_yticks([])
    axes.grid(visible=False)


def _pair(
    axes: Axes, rows: pd.DataFrame, across: str, below: str, about: Mapping[str, Any]
) -> None:
    weights = rows["weight"].to_numpy(dtype=np.float64)
    axes.scatter(
        rows[across],
        rows[below],
        s=np.clip(6 * weights / weights.mean(), 1, 60),
        color=BLUE,
        alpha=0.55 if len(rows) <= 300 else 0.25,
        linewidth=0,
    )
    for name, limit in ((across, axes.set_xlim), (below, axes.set_ylim)):
        limit(*span(rows[name].to_numpy(dtype=np.float64), prior_of(about.get(name))))


def _thin_out(axes: Axes, *, last: bool, first: bool) -> None:
    """Keep few tick labels: below the last row and beside the first column."""
    axes.tick_params(labelsize=7, length=2, labelbottom=last, labelleft=first)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=3))
    if first:
        axes.yaxis.set_major_locator(MaxNLocator(nbins=3))


def _legend(figure: Figure) -> None:
    figure.legend(
        [Patch(color=tint(BLUE, 0.5)), Line2D([], [], **_PRIOR)],
        ["Posterior", "Prior"],
        loc="outside lower center",
        ncols=2,
    )

"""Draw posteriors with their priors, for each quantity and each pair of quantities."""

from collections.abc import Mapping, Sequence
from itertools import combinations
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

from epyflow.figures.figure_file import save, save_pages
from epyflow.figures.priors import density, prior_of, span
from epyflow.figures.quantities import last_generation, quantities
from epyflow.figures.read_tables import Place, nothing, rows_by_population
from epyflow.figures.style import BLUE, NARROW, VERMILION, headline, new_figure, styled, tint
from epyflow.figures.wording import quantity_in_words

MOST = 6
"""Most quantities in a chart of pairs; of more, the first are drawn."""
ROWS_ON_A_PAGE = 8

_BARS = 20
_DENSITY, _CLOUD = 1.3, 1.6  # inches: heights of a density and of a pair
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

    All panels fit a phone: two densities or three pairs side by side.

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
    pairs = list(combinations(shown, 2))
    heights = [_DENSITY] * ceil(len(shown) / 2) + [_CLOUD] * ceil(len(pairs) / 3)
    with styled():
        figure = new_figure(NARROW, sum(heights) + 1.0)
        grid = figure.add_gridspec(len(heights), 6, height_ratios=heights)
        for number, name in enumerate(shown):
            row, column = divmod(number, 2)
            axes = figure.add_subplot(grid[row, 3 * column : 3 * column + 3])
            draw_density(axes, rows, name, about)
            axes.set_title(_wrapped(name, about, 30), fontsize=8.5)
            _thin_out(axes)
        for number, (across, up) in enumerate(pairs):
            row, column = divmod(number, 3)
            row += ceil(len(shown) / 2)
            axes = figure.add_subplot(grid[row, 2 * column : 2 * column + 2])
            _pair(axes, rows, across, up, about)
            axes.set_xlabel(_wrapped(across, about, 18), fontsize=7.5)
            axes.set_ylabel(_wrapped(up, about, 18), fontsize=7.5)
            _thin_out(axes)
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
                    axes.set_title(f"{title}\n{_wrapped(name, about, 24)}", fontsize=7.5)
                    _thin_out(axes)
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


def _pair(axes: Axes, rows: pd.DataFrame, across: str, up: str, about: Mapping[str, Any]) -> None:
    weights = rows["weight"].to_numpy(dtype=np.float64)
    axes.scatter(
        rows[across],
        rows[up],
        s=np.clip(6 * weights / weights.mean(), 1, 60),
        color=BLUE,
        alpha=0.55 if len(rows) <= 300 else 0.25,
        linewidth=0,
        rasterized=True,  # in an SVG, thousands of points are smaller as a picture
    )
    for name, limit in ((across, axes.set_xlim), (up, axes.set_ylim)):
        limit(*span(rows[name].to_numpy(dtype=np.float64), prior_of(about.get(name))))


def _wrapped(name: str, about: Mapping[str, Any], width: int) -> str:
    return "\n".join(wrap(quantity_in_words(name, about), width))


def _thin_out(axes: Axes) -> None:
    """Keep few ticks."""
    axes.tick_params(labelsize=7, length=2)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=3))
    if len(axes.get_yticks()):
        axes.yaxis.set_major_locator(MaxNLocator(nbins=3))


def _legend(figure: Figure) -> None:
    figure.legend(
        [Patch(color=tint(BLUE, 0.5)), Line2D([], [], **_PRIOR)],
        ["Posterior", "Prior"],
        loc="outside lower center",
        ncols=2,
    )

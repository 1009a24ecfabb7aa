"""A calibration against what was observed, and its projection, for one population."""

from collections.abc import Mapping, Sequence
from datetime import date
from math import ceil
from pathlib import Path
from textwrap import wrap
from types import MappingProxyType
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend_handler import HandlerTuple
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from epyflow.figures.bands import at_level, bands_of, draw_bands
from epyflow.figures.course import Course
from epyflow.figures.fan_chart import tidy
from epyflow.figures.figure_file import save
from epyflow.figures.observations import Seen, draw_seen, legend_of_seen, read_observed
from epyflow.figures.read_tables import (
    Place,
    comparisons_of,
    nothing,
    rows_by_population,
)
from epyflow.figures.scenarios import Future, draw_futures, inner_band
from epyflow.figures.style import (
    FEW,
    NARROW,
    count_axis,
    date_axis,
    date_number,
    headline,
    line_length,
    new_figure,
    styled,
    tint,
)
from epyflow.figures.wording import series_in_words

_NO_LABELS: Mapping[str, str] = MappingProxyType({})
_UNSEEN: Mapping[str, Seen] = MappingProxyType({})
_HEADROOM = 1.14  # of the highest value, so that the note on the line is above everything drawn
_LINE = "#4D4D4D"
_KEY = 7  # letters that the line before a legend's name, and the space around it, take


def draw_fits(
    calibration: Path,
    projection: Path,
    observed: Path,
    *,
    places: Sequence[Place],
    labels: Mapping[str, str],
    paths: Sequence[Path],
    unit: str = "Persons",
) -> None:
    """Draw the fit and the projection of every population from their tables.

    A population without a row, because its task failed, gets a figure that says so.

    Parameters
    ----------
    calibration
        ``quantiles_calibration.csv.gz``.
    projection
        ``quantiles_projection_comparison.csv.gz``; without rows where nothing was projected.
    observed
        ``observed.csv``: what was observed, as then known and since.
    places
        The populations of the run.
    labels, unit
        See :func:`fit_chart`.
    paths
        A figure for each place, ``.svg`` or ``.png``.
    """
    fitted = dict(rows_by_population(calibration))
    ahead = dict(rows_by_population(projection))
    seen = read_observed(observed)
    for place, path in zip(places, paths, strict=True):
        if place.name not in fitted:
            save(nothing(place.label), path)
            continue
        rows = fitted[place.name]
        projected = ahead.get(place.name, rows.iloc[:0])
        its = seen.get(place.name, _UNSEEN)
        save(fit_chart(rows, projected, place.label, labels, unit, its), path)


def fit_chart(
    calibration: pd.DataFrame,
    projection: pd.DataFrame,
    title: str,
    labels: Mapping[str, str] = _NO_LABELS,
    unit: str = "Persons",
    observed: Mapping[str, Seen] = _UNSEEN,
) -> Figure:
    """Draw one panel per comparison, with dates across and counts up.

    Up to the last date compared, the accepted simulations; from there on, the projection: median
    (if the tables have it) and bands that hold 50, 80 and 95 % of them, or the nearest to these
    that the tables have. Dots are the observations that were fitted, and what else was known
    then; rings are those that came or were corrected since. Of a projection under scenarios, each
    has its colour, its median and its narrowest band.

    Parameters
    ----------
    calibration
        Rows of ``quantiles_calibration`` for one population.
    projection
        Rows of ``quantiles_projection_comparison`` for the same; none without a projection.
    title
        What the figure shows, such as the population.
    labels
        Compartment to words for the panel titles: ``{"S": "Susceptible"}``.
    unit
        What the series count, for the y axis.
    observed
        Comparison to what was observed of it; without, what the table of the fit has.

    Raises
    ------
    ValueError
        If there is no row, or there are rows of more than one calibration.
    """
    course = Course.of(calibration, projection, observed)
    names = comparisons_of(calibration)
    columns = 1 if len(names) <= FEW else 2
    rows = ceil(len(names) / columns)
    with styled():
        figure = new_figure(NARROW if columns == 1 else 6.6, 2.3 * rows + 1.4)
        panels: list[Axes] = (
            figure.subplots(rows, columns, squeeze=False, sharex=True).ravel().tolist()
        )
        room = line_length(figure.get_figwidth() / columns - 0.7)
        for axes, name in zip(panels, names, strict=False):
            draw_course(axes, course, name)
            axes.set_title("\n".join(wrap(series_in_words(name, labels), room)))
            count_axis(axes)
            date_axis(axes)
            axes.set_ylim(top=_HEADROOM * axes.get_ylim()[1])
            mark_end(axes, course.end)
        tidy(panels, len(names), columns)
        headline(figure, title)
        figure.supylabel(unit, fontsize=9)
        fit_legend(figure, course, later=course.later)
    return figure


def draw_course(axes: Axes, course: Course, name: str, size: float = 4.0) -> None:
    """Draw one comparison; ``size`` is of the dots, in points."""
    parts = course.parts
    for part in parts:
        draw_bands(axes, part.table, name, part.colour)
        median = at_level(part.table, 0.5).sort_values("date")
        axes.plot(
            median["date"], median[name], part.dashes, color=part.colour, linewidth=1.6, zorder=3
        )
    draw_seen(axes, course.seen[name], size)
    draw_futures(axes, list(course.futures), name)


def _legend_columns(names: Sequence[str], first: int, room: int) -> int:
    """Return how many columns of a legend fit into a line of ``room`` letters.

    All of them, or the ``first`` ones above the others, or as many as fit.
    """
    if sum(len(name) + _KEY for name in names) <= room:
        return len(names)
    widest = max(map(len, names)) + _KEY
    return min(first, max(1, room // widest))


def _around(future: Future) -> str:
    band = inner_band(future.table)
    return f" and {band.label}" if band else ""


def mark_end(axes: Axes, day: date) -> None:
    """Draw the line at the last date fitted, and a note on its roomier side, at the top."""
    end = date_number(day)
    axes.axvline(end, color=_LINE, linewidth=0.9, linestyle=":", zorder=2.5)
    side = 1 if end < sum(axes.get_xlim()) / 2 else -1
    axes.annotate(
        f"Fitted until {day.isoformat()}",
        (end, 1),
        xycoords=("data", "axes fraction"),
        xytext=(4 * side, -2),
        textcoords="offset points",
        horizontalalignment="left" if side > 0 else "right",
        verticalalignment="top",
        fontsize=8,
        color=_LINE,
    )


def fit_legend(figure: Figure, course: Course, *, later: bool) -> None:
    """Say below a figure what is drawn in it; rings, if there are ``later`` observations."""
    parts, alternatives = course.parts, course.futures
    seen = legend_of_seen(later=later)
    entries: list[tuple[Any, str]] = [(each, str(each.get_label())) for each in seen]
    for part in parts:
        line = Line2D([], [], color=part.colour, linestyle=part.dashes, linewidth=1.6)
        entries.append((line, f"{part.name}, median"))
    entries += [
        (future.line(), f"{future.name}, median{_around(future)}") for future in alternatives
    ]
    lines = len(entries)
    bands = bands_of(parts[0].table)
    for band in bands:
        patches = tuple(Patch(color=tint(part.colour, band.strength)) for part in parts)
        entries.append((patches, band.label + (" of simulations" if band == bands[-1] else "")))
    names = [name for _, name in entries]
    columns = _legend_columns(names, lines, line_length(figure.get_figwidth()))
    # Matplotlib fills columns; lines are to be read in the first row, bands in the second.
    entries = [entry for column in range(columns) for entry in entries[column::columns]]
    figure.legend(
        [handle for handle, _ in entries],
        [name for _, name in entries],
        loc="outside lower center",
        ncols=columns,
        handler_map={tuple: HandlerTuple(ndivide=None, pad=0)},
    )

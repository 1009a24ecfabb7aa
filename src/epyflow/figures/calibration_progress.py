"""Draw the progress of calibrations: tolerance and acceptance by generation."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from epyflow.figures.figure_file import save
from epyflow.figures.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    NARROW,
    ORANGE,
    PURPLE,
    VERMILION,
    headline,
    line_length,
    log_axis,
    new_figure,
    styled,
    tint,
)
from epyflow.files import table_reader, write_bytes_atomically

MAX_NAMED = 6
"""Most populations with a colour each; of more, the :data:`SLOWEST` have one."""
SLOWEST = 3

_NO_LABELS: Mapping[str, str] = MappingProxyType({})
COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, BLACK)
_MARKERS = ("o", "s", "^", "D", "v", "P")
_OTHERS: Any = {
    "color": tint(GREY, 0.7),
    "marker": ".",
    "markersize": 3,
    "linewidth": 0.6,
    "zorder": 2,
}


@dataclass(frozen=True)
class _Panel:
    """One panel: the column that it shows, and its scale.

    Attributes
    ----------
    column
        Column of the table.
    title
        Title above the panel.
    unit
        Unit after each number on the y axis.
    scale
        Factor of the column.
    """

    column: str
    title: str
    unit: str = ""
    scale: float = 1.0


_PANELS = (
    _Panel("epsilon", "Tolerance (epsilon)"),
    _Panel("acceptance", "Accepted simulations", "%", 100.0),
)


def draw_progress(
    progress: Path, *, title: str, labels: Mapping[str, str], path: Path, numbers: Path
) -> None:
    """Draw the progress of all calibrations from their table.

    Parameters
    ----------
    progress
        ``calibration_progress.csv.gz``.
    title, labels
        See :func:`progress_chart`.
    path
        The figure, ``.svg`` or ``.png``.
    numbers
        The table as plain CSV, for readers of the report.
    """
    with table_reader(progress) as file:
        content = file.read()
        # keep_default_na=False keeps populations named NA or None.
        table = pd.read_csv(io.BytesIO(content), keep_default_na=False)
    write_bytes_atomically(numbers, content)
    save(progress_chart(table, title, labels), path)


def progress_chart(
    progress: pd.DataFrame, title: str, labels: Mapping[str, str] = _NO_LABELS
) -> Figure:
    """Draw tolerance and acceptance against generation, a line per population, log scales.

    Up to 6 populations have a colour each. With more, the 3 with the lowest acceptance in their
    last generation have a colour, and the others are grey. An infinite tolerance is not drawn.

    Parameters
    ----------
    progress
        Rows of ``calibration_progress``.
    title
        What the figure shows.
    labels
        Population to its label. The title counts those without a row.

    Raises
    ------
    ValueError
        If there is no row.
    """
    if progress.empty:
        raise ValueError("there is nothing to draw: no rows")
    places = list(dict.fromkeys(progress["population"]))
    if absent := len(set(labels) - set(places)):
        title += f" ({len(places)} of {len(places) + absent} populations; the others failed)"
    named = _named(progress, places)
    with styled():
        figure = new_figure(NARROW, 2.5 * len(_PANELS) + 0.9)
        panels: list[Axes] = figure.subplots(len(_PANELS), 1).tolist()
        for axes, panel in zip(panels, _PANELS, strict=True):
            _draw(axes, panel, progress, named)
        headline(figure, title)
        _legend(figure, named, labels, len(places))
    return figure


def _named(progress: pd.DataFrame, places: Sequence[str]) -> list[str]:
    """Return the populations to colour, in order; of many, those with the lowest acceptance."""
    if len(places) <= MAX_NAMED:
        return list(places)
    last = progress.sort_values("generation").groupby("population", sort=False).last()
    return [str(place) for place in last["acceptance"].sort_values(kind="stable").index[:SLOWEST]]


def _draw(axes: Axes, panel: _Panel, progress: pd.DataFrame, named: Sequence[str]) -> None:
    values = progress[panel.column] * panel.scale
    shown = progress.assign(shown=values)[np.isfinite(values) & (values > 0)]
    for place, rows in shown.groupby("population", sort=False):
        look = _looks(named).get(str(place), _OTHERS)
        axes.plot(rows["generation"], rows["shown"], clip_on=False, **look)
    axes.set_title(panel.title)
    axes.set_xlabel("Generation")
    last = int(progress["generation"].max())
    margin = 0.3 + 0.02 * last
    axes.set_xlim(-margin, last + margin)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, min_n_ticks=1))
    if shown.empty:
        axes.set_yticks([])
        note = "Infinite: every simulation was accepted"
        axes.text(0.5, 0.5, note, transform=axes.transAxes, horizontalalignment="center")
    else:
        log_axis(axes, float(shown["shown"].min()), float(shown["shown"].max()), panel.unit)


def _looks(named: Sequence[str]) -> dict[str, Any]:
    return {
        place: {"color": colour, "marker": marker, "markersize": 4.5, "linewidth": 1.4, "zorder": 4}
        for place, colour, marker in zip(named, COLOURS, _MARKERS, strict=False)
    }


def _legend(figure: Figure, named: Sequence[str], labels: Mapping[str, str], places: int) -> None:
    entries = {
        labels.get(place, place): Line2D([], [], **look) for place, look in _looks(named).items()
    }
    if others := places - len(named):
        entries[f"{others} others, which accepted more"] = Line2D([], [], **_OTHERS)
    room = line_length(figure.get_figwidth())
    fits = sum(len(name) + 8 for name in entries) <= room
    two = 2 * (max(map(len, entries)) + 8) <= room
    figure.legend(
        list(entries.values()),
        list(entries),
        loc="outside lower center",
        ncols=len(entries) if fits else 1 + two,
    )

"""Count the observations inside the intervals of each population's fit, and draw the shares."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from epyflow.figures.bands import at_level, bands_of
from epyflow.figures.figure_file import save, save_table
from epyflow.figures.intervals import ROW, row_labels
from epyflow.figures.read_tables import Place, comparisons_of, dated, nothing, rows_by_population
from epyflow.figures.style import BLUE, GREEN, NARROW, ORANGE, headline, new_figure, styled

LOOKS: tuple[dict[str, Any], ...] = (
    {"marker": "^", "color": ORANGE},
    {"marker": "s", "color": GREEN},
    {"marker": "o", "color": BLUE},
)

_APART = 0.27  # of a row's height, between the marks of two intervals
_FEW = 12  # rows; above this number, marks are small


def draw_coverage(
    calibration: Path, *, places: Sequence[Place], title: str, path: Path, numbers: Path
) -> None:
    """Draw the coverage of each population's fit, and write its numbers.

    Parameters
    ----------
    calibration
        ``quantiles_calibration.csv.gz``.
    places
        The populations of the run.
    title
        What the figure shows.
    path
        The figure, ``.svg`` or ``.png``.
    numbers
        The table: see :func:`coverage`, with the location first.
    """
    names = {place.name: place.label for place in places}
    found = [
        coverage(rows).assign(location=names[name])
        for name, rows in rows_by_population(calibration)
        if name in names
    ]
    columns = ["location", "nominal", "observations", "inside", "coverage"]
    table = pd.concat(found)[columns] if found else pd.DataFrame(columns=columns)
    save_table(table.to_csv(index=False, lineterminator="\n", float_format="%.6g"), numbers)
    if table.empty:
        save(nothing(title, "No interval and no fit to draw."), path)
    else:
        save(coverage_chart(table, title), path)


def coverage(calibration: pd.DataFrame) -> pd.DataFrame:
    """Count the observations inside the bands that a fit is drawn with.

    Parameters
    ----------
    calibration
        Rows of ``quantiles_calibration`` for one population.

    Returns
    -------
    table
        A row per band: ``nominal`` (the share that it should hold), ``observations`` (of all
        comparisons, without missing values), ``inside`` (ends included) and ``coverage`` (their
        ratio).
    """
    rows = dated(calibration)
    counted = []
    for band in bands_of(rows):
        lower = at_level(rows, band.low).set_index("date")
        upper = at_level(rows, band.high).set_index("date").reindex(lower.index)
        seen = inside = 0
        for name in comparisons_of(calibration):
            observed = lower[f"observed_{name}"]
            seen += int(observed.notna().sum())
            inside += int(((observed >= lower[name]) & (observed <= upper[name])).sum())
        counted.append((round(band.high - band.low, 6), seen, inside, inside / seen))
    return pd.DataFrame(counted, columns=["nominal", "observations", "inside", "coverage"])


def coverage_chart(table: pd.DataFrame, title: str) -> Figure:
    """Draw a row per population, a mark per band and a line at each nominal share.

    Parameters
    ----------
    table
        ``location``, ``nominal`` and ``coverage``.
    title
        What the figure shows.
    """
    labels = list(dict.fromkeys(table["location"]))
    levels = sorted(table["nominal"].unique().tolist())
    with styled():
        figure = new_figure(NARROW, ROW * len(labels) + 1.6)
        axes = figure.subplots()
        handles = []
        for number, (level, look) in enumerate(zip(levels, LOOKS[-len(levels) :], strict=True)):
            rows = table[table["nominal"] == level].set_index("location").reindex(labels)
            axes.axvline(100 * level, color=look["color"], linewidth=0.9, linestyle=":")
            size = 4.5 if len(labels) <= _FEW else 3.5
            marks: Any = look | {"linestyle": "none", "markersize": size}
            # One below the other: two intervals often hold the same observations.
            heights = np.arange(len(labels)) + _APART * (number - (len(levels) - 1) / 2)
            axes.plot(100 * rows["coverage"], heights, clip_on=False, zorder=3, **marks)
            handles.append(Line2D([], [], label=f"{100 * level:.4g}% interval", **marks))
        row_labels(axes, labels)
        axes.set_xlim(0, 100)
        axes.set_xticks([0, 25, 50, 75, 100], ["0%", "25%", "50%", "75%", "100%"])
        axes.set_xlabel("Observations inside; dotted: the nominal share")
        axes.grid(visible=True, axis="y", color="#EFEFEF")
        headline(figure, title)
        figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return figure

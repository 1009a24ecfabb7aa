"""Draw how often intervals of forecasts held, with its uncertainty, and histograms of PIT."""

from collections.abc import Mapping
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from epyflow.figures.figure_file import save, save_table
from epyflow.figures.intervals import row_labels
from epyflow.figures.read_tables import nothing
from epyflow.figures.scores import NOMINAL, legend_of_models, looks_of
from epyflow.figures.share_intervals import interval_of_share
from epyflow.figures.style import GREY, NARROW, headline, new_figure, styled, tint

BINS = 10
"""Bins of the histograms: their edges are levels of the hubs' quantiles."""

INTERVAL, PIT = "interval", "PIT"
_COLUMNS = (
    *("model", "target", "kind", "from", "to", "nominal"),
    *("forecasts", "weeks", "share", "low", "high"),
)
_APART = 0.62  # of a row's height, between the first and the last model


def draw_calibration(
    scores: pd.DataFrame,
    *,
    own: str,
    baseline: str | None,
    title: str,
    labels: Mapping[str, str],
    path: Path,
    numbers: Path,
) -> None:
    """Draw coverage and PIT of the forecasts of each model, and write them as a table.

    Parameters
    ----------
    scores
        See :func:`calibration_table`.
    own
        The model of the run, which is drawn first.
    baseline
        The model that others are compared with.
    title
        What the figure shows.
    labels
        Target to its name for readers.
    path
        The figure, ``.svg`` or ``.png``.
    numbers
        The table.
    """
    table = calibration_table(scores, own)
    save_table(table.to_csv(index=False, lineterminator="\n", float_format="%.6g"), numbers)
    if table.empty:
        save(nothing(title, "No forecast of a week ahead has an outcome yet."), path)
    else:
        named = table.assign(target=table["target"].replace(dict(labels)))
        save(calibration_chart(named, title, baseline), path)


def calibration_table(scores: pd.DataFrame, own: str) -> pd.DataFrame:
    """Count observations inside intervals, and in bins of the PIT.

    Parameters
    ----------
    scores
        See :func:`forecast_hub.scoring.quantiles.score_quantiles`; weeks ahead alone.
    own
        The model of the run, which comes first.

    Returns
    -------
    table
        A row per model, target, and central interval or bin: ``kind`` (``interval`` or ``PIT``),
        the levels ``from`` and ``to``, the ``nominal`` share, the numbers of ``forecasts``
        (of all task ids) and ``weeks`` (reference dates), the ``share`` and its 95% interval,
        ``low`` and ``high``: see
        :func:`~epyflow.figures.share_intervals.interval_of_share`.
    """
    if scores.empty:
        return pd.DataFrame(columns=list(_COLUMNS))
    rows = scores[scores["scale"] == "natural"]
    models = sorted(rows["model"].unique(), key=lambda name: (name != own, name))
    found = [
        (model, target, *counted)
        for model in models
        for target, its in rows[rows["model"] == model].groupby("target", sort=True)
        for counted in (*_held(its), *_transforms(its))
    ]
    return pd.DataFrame(found, columns=list(_COLUMNS))


def _held(rows: pd.DataFrame) -> list[tuple[Any, ...]]:
    """Count the observations inside each central interval."""
    found = []
    for level in NOMINAL:
        its = rows.dropna(subset=[f"covered_{level}"])
        if len(its):
            outside = (1 - level / 100) / 2
            values = its[f"covered_{level}"].to_numpy(dtype=np.float64)
            counted = _share(values, its["reference_date"].to_numpy())
            found.append((INTERVAL, outside, 1 - outside, level / 100, *counted))
    return found


def _transforms(rows: pd.DataFrame) -> list[tuple[Any, ...]]:
    """Sum the weights of the PIT in each bin: see :func:`bin_weights`."""
    ends = rows[["pit_low", "pit_high"]].to_numpy(dtype=np.float64)
    weights = bin_weights(ends[:, 0], ends[:, 1])
    weeks = rows["reference_date"].to_numpy()
    return [
        (PIT, number / BINS, (number + 1) / BINS, 1 / BINS, *_share(weights[:, number], weeks))
        for number in range(BINS)
    ]


def _share(values: NDArray[np.float64], weeks: NDArray[Any]) -> tuple[float, ...]:
    count = len(np.unique(weeks))
    return len(values), count, float(values.mean()), *interval_of_share(values, weeks)


def bin_weights(low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.float64]:
    """Spread the weight of each forecast evenly between the bounds of its PIT.

    The PIT is that of Czado, Gneiting, Held (2009), Biometrics 65:1254, which is not randomized.
    A forecast by quantiles gives its bounds alone: see
    :func:`forecast_hub.scoring.quantiles.pit_bounds`. Between levels that are edges of bins,
    nothing is assumed about the distribution.

    Parameters
    ----------
    low, high
        Shape (n,): the bounds.

    Returns
    -------
    weights
        Shape (n, :data:`BINS`): the share of each forecast in each bin; rows sum to 1.
    """
    edges = np.arange(BINS + 1) / BINS
    below = (edges[None, :] - low[:, None]) / (high - low)[:, None]
    return np.diff(np.clip(below, 0, 1), axis=1)


def calibration_chart(table: pd.DataFrame, title: str, baseline: str | None = None) -> Figure:
    """Draw the coverage of all models and, below it, the PIT histogram of each.

    Parameters
    ----------
    table
        See :func:`calibration_table`. Each target has its own panels.
    title
        What the figure shows.
    baseline
        The model that others are compared with.
    """
    targets = list(dict.fromkeys(table["target"]))
    looks = looks_of(list(dict.fromkeys(table["model"])))
    lines = ceil(len(looks) / 2)
    heights = len(targets) * [0.5 + 0.6 * len(NOMINAL), *([1.9] * lines)]
    with styled():
        figure = new_figure(NARROW, sum(heights) + 1.2)
        grid = figure.add_gridspec(len(heights), 2, height_ratios=heights)
        for number, target in enumerate(targets):
            its = table[table["target"] == target]
            first = number * (1 + lines)
            axes = figure.add_subplot(grid[first, :])
            _coverage(axes, its[its["kind"] == INTERVAL], looks)
            transforms = its[its["kind"] == PIT]
            for place, (model, look) in enumerate(looks.items()):
                axes = figure.add_subplot(grid[first + 1 + place // 2, place % 2])
                rows = transforms[transforms["model"] == model]
                _histogram(axes, rows, look, float(transforms["high"].max()))
                axes.set_title(f"{model}{_number(rows)}", fontsize=8.5)
        more = f": {targets[0]}" if len(targets) == 1 else f": from above, {'; '.join(targets)}"
        headline(figure, title + more)
        legend_of_models(figure, looks, baseline)
    return figure


def _number(rows: pd.DataFrame) -> str:
    if rows.empty:
        return "\nno forecast"
    first = rows.iloc[0]
    weeks = f"{first['weeks']} week{'s' if first['weeks'] > 1 else ''}"
    return f"\nn = {first['forecasts']:,} in {weeks}"


def _coverage(axes: Axes, rows: pd.DataFrame, looks: Mapping[str, Mapping[str, Any]]) -> None:
    levels = sorted(rows["nominal"].unique().tolist())
    for height, level in enumerate(levels):
        axes.vlines(100 * level, height - 0.45, height + 0.45, color=GREY, linestyle=":")
    for position, (model, look) in enumerate(looks.items()):
        its = rows[rows["model"] == model].set_index("nominal").reindex(levels)
        heights = np.arange(len(levels)) + _offset(position, len(looks))
        colour: Any = look["color"]
        axes.hlines(heights, 100 * its["low"], 100 * its["high"], color=colour, linewidth=1.3)
        marks: Any = {**look, "linestyle": "none", "markersize": 4.5}
        axes.plot(100 * its["share"], heights, clip_on=False, zorder=3, **marks)
    row_labels(axes, [f"{100 * level:.4g}% interval" for level in levels])
    axes.set_xlim(0, 100)
    axes.set_xticks([0, 25, 50, 75, 100], ["0%", "25%", "50%", "75%", "100%"])
    axes.set_title("Observations inside; dotted: the nominal share")
    axes.grid(visible=False, axis="y")


def _offset(position: int, count: int) -> float:
    return 0.0 if count == 1 else _APART * (position / (count - 1) - 0.5)


def _histogram(axes: Axes, rows: pd.DataFrame, look: Mapping[str, Any], highest: float) -> None:
    middle = (rows["from"] + rows["to"]) / 2
    axes.bar(
        middle, 100 * rows["share"], 1 / BINS, color=tint(look["color"], 0.45), edgecolor="white"
    )
    axes.vlines(middle, 100 * rows["low"], 100 * rows["high"], color="#4D4D4D", linewidth=0.9)
    axes.axhline(100 / BINS, color=GREY, linewidth=0.9, linestyle=":")
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "0.25", "0.5", "0.75", "1"])
    axes.set_ylim(0, 100 * highest)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}%"))
    axes.set_xlabel("PIT", fontsize=8)

"""Draw the relative scores and the coverage of each model by horizon."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from epyflow.figures.figure_file import save, save_table
from epyflow.figures.read_tables import nothing
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
    log_axis,
    new_figure,
    styled,
)

LOOKS: tuple[dict[str, Any], ...] = (
    {"color": VERMILION, "marker": "o", "linestyle": "-", "linewidth": 2.0},
    {"color": BLACK, "marker": "s", "linestyle": "--", "linewidth": 1.2},
    {"color": BLUE, "marker": "^", "linestyle": "-.", "linewidth": 1.2},
    {"color": GREEN, "marker": "D", "linestyle": ":", "linewidth": 1.2},
    {"color": ORANGE, "marker": "v", "linestyle": "-", "linewidth": 1.2},
    {"color": PURPLE, "marker": "P", "linestyle": "--", "linewidth": 1.2},
)
"""Look of the run's model, then of the others."""

NOMINAL = (50, 90, 95)
"""Nominal coverage of central intervals, per cent."""

SCALES = {"natural": "counts", "log": "logarithms"}
"""Scale of scores to its name for readers."""

_ORDER = ("model", "target", "scale", "horizon")
_COLUMNS = (*_ORDER, "forecasts", "wis", "relative_wis", *(f"covered_{n}" for n in NOMINAL))


def draw_scores(
    means: Path,
    relative: Path | None,
    *,
    own: str,
    baseline: str | None,
    title: str,
    labels: Mapping[str, str],
    path: Path,
    numbers: Path,
) -> None:
    """Draw the scores of each model by horizon, and write them as one table.

    Parameters
    ----------
    means
        ``mean_scores_by_horizon.csv``.
    relative
        ``relative_scores.csv``; None without a baseline.
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
        The table: see :func:`scores_by_horizon`.
    """
    table = scores_by_horizon(_read(means), None if relative is None else _read(relative), own)
    save_table(table.to_csv(index=False, lineterminator="\n", float_format="%.6g"), numbers)
    if table.empty:
        save(nothing(title, "No forecast by horizon has an outcome yet."), path)
    else:
        named = table.assign(target=table["target"].replace(dict(labels)))
        save(score_chart(named, title, baseline), path)


def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, keep_default_na=False, na_values=[""], dtype={"horizon": str})


def scores_by_horizon(means: pd.DataFrame, relative: pd.DataFrame | None, own: str) -> pd.DataFrame:
    """Join mean and relative scores of quantiles.

    Parameters
    ----------
    means
        Mean scores by ``horizon`` (text).
    relative
        Relative scores by horizon and over all horizons; None without a baseline.
    own
        The model of the run, which comes first.

    Returns
    -------
    table
        A row per model, target, scale and horizon: ``forecasts``, ``wis``, ``relative_wis`` (NaN
        without a baseline) and the shares covered by central intervals. Only of targets that
        have horizons.
    """
    if "wis" not in means:
        return pd.DataFrame(columns=list(_COLUMNS))
    scored = means[means["wis"].notna() & means["horizon"].fillna("NA").str.fullmatch(r"-?\d+")]
    if relative is None:
        scored = scored.assign(relative_wis=np.nan)
    else:
        found = relative[[*_ORDER, "relative_wis"]]
        scored = scored.merge(found, on=list(_ORDER), how="left", validate="one_to_one")
    models = sorted(scored["model"].unique(), key=lambda name: (name != own, name))
    place = scored["model"].map({name: n for n, name in enumerate(models)})
    table = scored.assign(horizon=scored["horizon"].astype(int), place=place)
    table = table.sort_values(
        ["target", "place", "scale", "horizon"], ascending=[True, True, False, True]
    )
    return table.reindex(columns=list(_COLUMNS)).reset_index(drop=True)


def score_chart(table: pd.DataFrame, title: str, baseline: str | None = None) -> Figure:
    """Draw relative scores on both scales and, below them, the coverage of the intervals.

    Parameters
    ----------
    table
        See :func:`scores_by_horizon`. Each target has three rows of panels.
    title
        What the figure shows.
    baseline
        The model that scores are relative to; None for absolute scores.
    """
    targets = list(dict.fromkeys(table["target"]))
    models = list(dict.fromkeys(table["model"]))
    looks = looks_of(models)
    with styled():
        figure = new_figure(NARROW, 5.4 * len(targets) + 1.2)
        grid = figure.add_gridspec(3 * len(targets), 2)
        for row, target in enumerate(targets):
            rows = table[table["target"] == target]
            cells = [grid[3 * row + number // 2, number % 2] for number in range(5)]
            for cell, scale in zip(cells, SCALES, strict=False):
                axes = figure.add_subplot(cell)
                _scores(axes, rows[rows["scale"] == scale], looks, baseline)
                axes.set_title(f"{score_name(baseline)}, {SCALES[scale]}")
            for cell, level in zip(cells[2:], NOMINAL, strict=True):
                axes = figure.add_subplot(cell)
                _coverage(axes, rows[rows["scale"] == "natural"], looks, level)
            axes.set_xlabel("Weeks after the reference date")
        more = f": {targets[0]}" if len(targets) == 1 else f": from above, {'; '.join(targets)}"
        headline(figure, title + more)
        legend_of_models(figure, looks, baseline)
    return figure


def looks_of(models: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the look of each model; the run's own is first."""
    return {name: LOOKS[n % len(LOOKS)] for n, name in enumerate(models)}


def score_name(baseline: str | None) -> str:
    """Return the name of the score that is drawn."""
    return "WIS" if baseline is None else "Relative WIS"


def _scores(
    axes: Axes, rows: pd.DataFrame, looks: dict[str, dict[str, Any]], baseline: str | None
) -> None:
    column = "wis" if baseline is None else "relative_wis"
    values = rows[column][rows[column] > 0]
    _lines(axes, rows.assign(**{column: values}), column, looks)
    if baseline is not None:
        axes.axhline(1, color=GREY, linewidth=0.9, linestyle=":", zorder=1)
        values = pd.concat([values, pd.Series([0.8, 1.25])])
    if len(values):
        log_axis(axes, float(values.min()), float(values.max()))


def _coverage(axes: Axes, rows: pd.DataFrame, looks: dict[str, dict[str, Any]], level: int) -> None:
    axes.axhline(level / 100, color=GREY, linewidth=0.9, linestyle=":", zorder=1)
    _lines(axes, rows, f"covered_{level}", looks)
    axes.set_ylim(-0.03, 1.03)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f}%"))
    axes.set_title(f"Inside the {level}% interval")


def _lines(axes: Axes, rows: pd.DataFrame, column: str, looks: dict[str, dict[str, Any]]) -> None:
    for position, (model, look) in enumerate(looks.items()):
        its = rows[rows["model"] == model]
        order = len(looks) - position  # the run's model is drawn last, on top
        axes.plot(
            its["horizon"], its[column], markersize=4.5, zorder=2 + order, clip_on=False, **look
        )
    axes.set_xticks(sorted(rows["horizon"].unique()))


def legend_of_models(
    figure: Figure, looks: Mapping[str, Mapping[str, Any]], baseline: str | None
) -> None:
    """Draw the legend of the models below the figure."""
    handles = [
        Line2D([], [], markersize=4.5, label=name + (" (baseline)" * (name == baseline)), **look)
        for name, look in looks.items()
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=min(2, len(handles)))

"""Draw the time, memory and cost of each task, and mark failed tasks."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from epyflow.figures.figure_file import save, save_table
from epyflow.figures.intervals import ROW, row_labels
from epyflow.figures.read_tables import Place, nothing
from epyflow.figures.style import BLUE, VERMILION, headline, new_figure, styled, tint

MOST_ROWS = 70
"""Most tasks with a row each; more are drawn as a histogram."""

COLUMNS = ("seconds", "max_rss_mb", "usd")
_TITLES = {"seconds": "Run time", "max_rss_mb": "Peak memory (MB)", "usd": "Cost (US$)"}


def draw_tasks(
    metadata: Path,
    cost: Path,
    *,
    places: Sequence[Place],
    title: str,
    path: Path,
    numbers: Path,
) -> None:
    """Draw time, memory and cost of each task from the record of the run.

    Parameters
    ----------
    metadata
        ``run_metadata.json``.
    cost
        ``run_cost.csv``; a task that was not measured has no row or no cost.
    places
        The populations of the run, in the order of their tasks.
    title
        What the figure shows.
    path
        The figure, ``.svg`` or ``.png``.
    numbers
        The table: see :func:`tasks_of`.
    """
    record = json.loads(metadata.read_text(encoding="utf-8"))
    table = tasks_of(record, places, costs_of(pd.read_csv(cost, dtype={"job": str})))
    save_table(table.to_csv(index=False, lineterminator="\n"), numbers)
    save(tasks_chart(table, title), path)


def costs_of(table: pd.DataFrame) -> dict[str, float]:
    """Return the cost of each task (US dollars) by its ``<i>``, from ``run_cost.csv``.

    Tasks on this machine cost none: the table has what they would have cost in the cloud.
    """
    paid = table["usd"].notna() & (table["ran_on"] != "local")
    tasks = table[(table["rule"] == "run_task") & paid]
    return dict(zip(tasks["job"], tasks["usd"].astype(float), strict=True))


def tasks_of(
    record: Mapping[str, Any], places: Sequence[Place], costs: Mapping[str, float]
) -> pd.DataFrame:
    """Return a row per planned task: location, status, time, memory, cost and cause of failure.

    Parameters
    ----------
    record
        The content of ``run_metadata.json``.
    places
        The populations of the run.
    costs
        See :func:`costs_of`.

    Returns
    -------
    tasks
        ``task``, ``location``, ``status`` (``ok``, ``failed``), ``seconds``, ``max_rss_mb`` and
        ``usd`` (US dollars), NaN where not measured, and ``cause``.
    """
    count = record["counts"]["tasks"]
    each = max(1, count // max(1, len(places)))
    causes = {failure["task"]: failure["cause"] for failure in record["failures"]}
    measured = record["times"]["tasks"]
    rows = []
    for number in range(count):
        name = f"{number:05d}"
        found = dict(measured.get(name, {})) | {"usd": costs.get(name)}
        rows.append(
            {
                "task": number,
                "location": places[min(number // each, len(places) - 1)].label,
                "status": "failed" if number in causes else "ok",
                **{column: found.get(column) for column in COLUMNS},
                "cause": " ".join(causes.get(number, "").split()),
            }
        )
    return pd.DataFrame(rows)


def tasks_chart(table: pd.DataFrame, title: str) -> Figure:
    """Draw a panel per measure: a row for each task, or a histogram of many tasks.

    Failed tasks are marked; the title counts them.
    """
    measures = [name for name in COLUMNS if name in table and table[name].notna().any()]
    failed = int((table["status"] == "failed").sum())
    said = f"{failed} of {len(table)} failed" if failed else f"all {len(table)} gave a result"
    if not measures:
        return nothing(f"{title}: {said}", "Neither time nor memory was measured.")
    single = len(table) <= MOST_ROWS
    with styled():
        height = ROW * len(table) + 1.5 if single else 3.4
        figure = new_figure(1.6 + 1.8 * len(measures), height)
        panels = figure.subplots(1, len(measures), squeeze=False, sharey=single)[0]
        for axes, name in zip(panels, measures, strict=True):
            (_rows if single else _spread)(axes, table, name)
            axes.set_title(_title_of(name, table))
            axes.set_xlim(left=0)
            axes.xaxis.set_major_locator(MaxNLocator(nbins=4, min_n_ticks=2))
            axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.4g}"))
        if single:
            row_labels(panels[0], _names(table))
        headline(figure, f"{title}: {said}")
    return figure


def _names(table: pd.DataFrame) -> list[str]:
    """Return the labels of rows: the location, and the task if a location has several."""
    several = table["location"].duplicated(keep=False)
    return [
        f"{location}, task {task}" if many else str(location)
        for location, task, many in zip(table["location"], table["task"], several, strict=True)
    ]


def _unit(table: pd.DataFrame) -> tuple[float, str]:
    """Return the divisor of seconds, and the resulting unit."""
    longest = float(table["seconds"].max())
    if longest >= 2 * 3600:
        return 3600.0, "hours"
    return (60.0, "minutes") if longest >= 120 else (1.0, "seconds")


def _title_of(name: str, table: pd.DataFrame) -> str:
    return f"{_TITLES[name]} ({_unit(table)[1]})" if name == "seconds" else _TITLES[name]


def _values(table: pd.DataFrame, name: str) -> "pd.Series[float]":
    values = table[name].astype(np.float64)
    return values / _unit(table)[0] if name == "seconds" else values


def _rows(axes: Axes, table: pd.DataFrame, name: str) -> None:
    heights = np.arange(len(table))
    axes.barh(heights, _values(table, name).fillna(0), color=tint(BLUE, 0.6), height=0.62)
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    for height in np.flatnonzero(table["status"] == "failed"):
        axes.annotate(
            "failed",
            (0, height),
            xytext=(3, 0),
            textcoords="offset points",
            verticalalignment="center",
            fontsize=7.5,
            fontweight="bold",
            color=VERMILION,
        )


def _spread(axes: Axes, table: pd.DataFrame, name: str) -> None:
    values = _values(table, name).dropna()
    axes.hist(values, bins=30, color=tint(BLUE, 0.6))
    axes.axvline(float(values.median()), color="black", linewidth=1)
    axes.annotate(
        f"median {values.median():,.3g}",
        (float(values.median()), 1),
        xycoords=("data", "axes fraction"),
        xytext=(4, -9),
        textcoords="offset points",
        fontsize=8,
    )
    axes.set_ylabel("Tasks")

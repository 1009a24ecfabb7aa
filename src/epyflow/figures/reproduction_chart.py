"""The effective reproduction number over time, in each population and in all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil
from pathlib import Path
from typing import Any

import matplotlib.dates
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from epyflow.figures.bands import at_level, bands_of
from epyflow.figures.fan_chart import draw_series, legend_below, range_of_members
from epyflow.figures.figure_file import save, save_table
from epyflow.figures.fit import mark_end
from epyflow.figures.read_tables import Place, dated, nothing, rows_by_population
from epyflow.figures.scenarios import futures
from epyflow.figures.style import (
    BLACK,
    NARROW,
    columns_of,
    date_axis,
    date_number,
    headline,
    new_figure,
    styled,
)

NAME = "effective_reproduction_number"
COLUMNS = ("location", "scenario", "date", "low", "median", "high", "inside")

_LINE = "#4D4D4D"
_TITLE = "Effective reproduction number"
_AROUND = 0.1  # of 1, which the axis shows at least
_ROOM = 0.12  # of the axis, for the note above what is drawn


@dataclass(frozen=True)
class Numbers:
    """The reproduction numbers of one population.

    Attributes
    ----------
    label
        What people call the population.
    rows
        Its rows of ``effective_reproduction_number``, dates as such.
    """

    label: str
    rows: pd.DataFrame


def draw_reproduction(
    numbers: Path,
    *,
    places: Sequence[Place],
    fit: Mapping[str, Any] | None,
    paths: Sequence[Path],
    sheet: Path,
    table: Path,
) -> None:
    """Draw every population for itself and all on one sheet, and write what is drawn.

    A population without a row, because its tasks failed, gets a figure that says so.

    Parameters
    ----------
    numbers
        ``effective_reproduction_number.csv.gz``.
    places
        The populations of the run.
    fit
        The fit of the experiment, as :func:`epyflow.run.description.describe` has it.
    paths
        A figure for each place, ``.svg`` or ``.png``.
    sheet
        The figure of all of them.
    table
        CSV: see :func:`drawn`.
    """
    end = date.fromisoformat(fit["end"]) if fit else None
    rows = {name: dated(found) for name, found in rows_by_population(numbers) if len(found)}
    having = [Numbers(place.label, rows[place.name]) for place in places if place.name in rows]
    for place, path in zip(places, paths, strict=True):
        if place.name in rows:
            save(reproduction_chart(Numbers(place.label, rows[place.name]), end), path)
        else:
            save(nothing(f"{place.label}: {_TITLE.lower()}"), path)
    found = pd.concat(map(drawn, having)) if having else pd.DataFrame(columns=list(COLUMNS))
    save_table(found.to_csv(index=False, lineterminator="\n", float_format="%.6g"), table)
    missing = len(places) - len(having)
    title = _TITLE + (f" ({len(having)} of {len(places)}; the others failed)" if missing else "")
    save(reproduction_grid(having, title, end) if having else nothing(title), sheet)


def drawn(numbers: Numbers) -> pd.DataFrame:
    """Return what a chart shows, as numbers.

    Returns
    -------
    table
        A row per scenario and date: :data:`COLUMNS`. For one parameter set, the median and the
        widest band that is drawn; of several, the median of their medians and the range of the
        middle 90 %. ``inside`` is the share of trajectories, or of parameter sets, between ``low``
        and ``high``.
    """
    parts: list[pd.DataFrame] = []
    for scenario, rows in _by_scenario(numbers.rows):
        if len(rows["primary_id"].unique()) > 1:
            found = range_of_members(rows, NAME).assign(inside=0.9)
        else:
            found = _widest(rows)
        parts.append(found.assign(location=numbers.label, scenario=scenario))
    table = pd.concat(parts)
    return table.assign(date=table["date"].dt.strftime("%Y-%m-%d"))[list(COLUMNS)]


def _by_scenario(rows: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    return [(each.name, each.table) for each in futures(rows)] or [("", rows)]


def _widest(rows: pd.DataFrame) -> pd.DataFrame:
    bands = bands_of(rows)
    low, high = (bands[-1].low, bands[-1].high) if bands else (0.5, 0.5)
    levels = {"low": low, "median": 0.5, "high": high}
    series = {name: at_level(rows, level).set_index("date")[NAME] for name, level in levels.items()}
    return pd.DataFrame(series).sort_index().reset_index().assign(inside=round(high - low, 6))


def reproduction_chart(numbers: Numbers, end: date | None = None) -> Figure:
    """Draw the reproduction number of one population, with the line at 1.

    Bands, parameter sets and scenarios are as in :func:`~epyflow.figures.fan_chart.fan_chart`.

    Parameters
    ----------
    numbers
        The numbers of the population.
    end
        The last date that was fitted; None without a calibration.
    """
    with styled():
        figure = new_figure(NARROW, 3.6)
        axes = figure.subplots()
        _draw(axes, numbers.rows)
        date_axis(axes)
        _scale(axes, 0 if end is None else _ROOM)
        if end is not None:
            mark_end(axes, end)
        headline(figure, numbers.label)
        axes.set_ylabel(_TITLE)
        legend_below(figure, axes)
    return figure


def reproduction_grid(
    populations: Sequence[Numbers], title: str, end: date | None = None
) -> Figure:
    """Draw a panel per population, all on one scale."""
    columns = columns_of(len(populations))
    rows = ceil(len(populations) / columns)
    small = columns > 1
    with styled():
        figure = new_figure(NARROW, rows * (1.25 if small else 2.4) + 1.1)
        grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
        panels: list[Axes] = grid.ravel().tolist()
        for axes, numbers in zip(panels, populations, strict=False):
            _draw(axes, numbers.rows)
            if end is not None:
                axes.axvline(date_number(end), color=_LINE, linewidth=0.7, linestyle=":")
            axes.set_title(numbers.label, fontsize=7.5 if small else 9, pad=2)
            _ticks(axes, small=small)
        _scale(panels[0])  # and with it the others
        _tidy(panels, len(populations), columns)
        headline(figure, title)
        figure.supylabel(_TITLE, fontsize=9)
        legend_below(figure, panels[0])
    return figure


def _draw(axes: Axes, rows: pd.DataFrame) -> None:
    draw_series(axes, rows, NAME)
    axes.axhline(
        1, color=BLACK, linewidth=0.9, zorder=2.6, label="1: infections neither rise nor fall"
    )


def _scale(axes: Axes, room: float = 0) -> None:
    """Show all that is drawn, 1 and what lies around it; ``room`` is a share left above."""
    low, high = axes.get_ylim()
    low, high = max(0, min(low, 1 - _AROUND)), max(high, 1 + _AROUND)
    axes.set_ylim(low, high + room * (high - low))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10], min_n_ticks=3))


def _ticks(axes: Axes, *, small: bool) -> None:
    dates: Any = matplotlib.dates
    locator = dates.AutoDateLocator(minticks=2, maxticks=4 if small else 5)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(dates.DateFormatter("%b"))
    axes.tick_params(labelsize=7 if small else 7.5, length=2, pad=1.5)
    axes.tick_params(axis="x", pad=3.5)  # no date touches the lowest number


def _tidy(panels: Sequence[Axes], used: int, columns: int) -> None:
    """Take away the places that no panel took; the last panel of each column has the dates."""
    for place, axes in enumerate(panels):
        if place >= used:
            axes.remove()
        else:
            axes.tick_params(labelbottom=place + columns >= used)

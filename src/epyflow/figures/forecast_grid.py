"""Draw the fit and the projection of all populations on one sheet (small multiples)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from math import ceil
from pathlib import Path
from types import MappingProxyType
from typing import Any

import matplotlib.dates
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from epyflow.figures.course import Course
from epyflow.figures.figure_file import save, save_pages
from epyflow.figures.fit import draw_course, fit_legend
from epyflow.figures.observations import Seen, read_observed
from epyflow.figures.read_tables import Place, comparisons_of, nothing, rows_by_population
from epyflow.figures.style import NARROW, columns_of, date_number, headline, new_figure, styled
from epyflow.figures.wording import series_in_words

WEEKS_BEFORE, WEEKS_AFTER = 8, 4
"""Weeks fitted and weeks projected in the recent part; hubs ask for so many weeks ahead."""

ROWS_ON_A_PAGE = 6
_NO_LABELS: Mapping[str, str] = MappingProxyType({})
_LINE = "#4D4D4D"


@dataclass(frozen=True)
class Pair:
    """The fit and the projection of one population.

    Attributes
    ----------
    label
        Label of the population.
    calibration, projection
        Its rows of ``quantiles_calibration`` and ``quantiles_projection_comparison``.
    observed
        Comparison to its observations.
    """

    label: str
    calibration: pd.DataFrame
    projection: pd.DataFrame
    observed: Mapping[str, Seen] = field(default_factory=dict)


def draw_forecast_grid(
    calibration: Path,
    projection: Path,
    observed: Path,
    *,
    places: Sequence[Place],
    labels: Mapping[str, str],
    title: str,
    path: Path,
    pages: Path,
    unit: str = "Persons",
) -> None:
    """Draw all populations on one sheet, and on pages with their most recent weeks.

    Parameters
    ----------
    calibration, projection
        ``quantiles_calibration.csv.gz`` and ``quantiles_projection_comparison.csv.gz``.
    observed
        ``observed.csv``: observations as known to the run, and as known since.
    places
        The populations of the run; the title counts those without a row.
    labels
        Compartment to its label.
    title
        What the figure shows.
    path
        The sheet, ``.png`` or ``.svg``.
    pages
        The pages, ``.pdf``.
    unit
        Unit of the first comparison, for the y axes.
    """
    fitted, ahead = dict(rows_by_population(calibration)), dict(rows_by_population(projection))
    seen = read_observed(observed)
    pairs = [
        Pair(place.label, rows, ahead.get(place.name, rows.iloc[:0]), seen.get(place.name, {}))
        for place in places
        if (rows := fitted.get(place.name)) is not None
    ]
    if len(pairs) < len(places):
        title += f" ({len(pairs)} of {len(places)} populations; the others failed)"
    if not pairs:
        save(nothing(title), path)
        save_pages([nothing(title)], pages)
        return
    save(forecast_grid(pairs, title, labels, unit), path)
    sheets = range(0, len(pairs), ROWS_ON_A_PAGE)
    drawn = [page(pairs[n : n + ROWS_ON_A_PAGE], title, labels, unit) for n in sheets]
    save_pages(drawn, pages)


def forecast_grid(
    pairs: Sequence[Pair],
    title: str,
    labels: Mapping[str, str] = _NO_LABELS,
    unit: str = "Persons",
) -> Figure:
    """Draw a panel per population: observations, fit and projection.

    Each panel has its own scale. With several comparisons, the first is drawn.
    """
    columns = columns_of(len(pairs))
    rows = ceil(len(pairs) / columns)
    small = columns > 1
    with styled():
        figure = new_figure(NARROW, rows * (1.25 if small else 2.4) + 1.1)
        panels: list[Axes] = figure.subplots(rows, columns, squeeze=False).ravel().tolist()
        courses = [
            _panel(axes, pair, pair.label, small=small)
            for axes, pair in zip(panels, pairs, strict=False)
        ]
        for axes in panels[len(pairs) :]:
            axes.remove()
        _label(figure, pairs[0], title, labels, courses, unit)
    return figure


def page(
    pairs: Sequence[Pair],
    title: str,
    labels: Mapping[str, str] = _NO_LABELS,
    unit: str = "Persons",
) -> Figure:
    """Draw a row per population: all weeks, and the weeks around the end of the fit."""
    with styled():
        figure = new_figure(8.3, 1.7 * len(pairs) + 1.3)
        grid = figure.subplots(len(pairs), 2, squeeze=False)
        courses = []
        for (whole, recent), pair in zip(grid, pairs, strict=True):
            courses.append(_panel(whole, pair, pair.label, small=False))
            _panel(recent, _around_the_end(pair), f"{pair.label}, recent weeks", small=False)
        _label(figure, pairs[0], title, labels, courses, unit)
    return figure


def _around_the_end(pair: Pair) -> Pair:
    end = max(date.fromisoformat(day) for day in pair.calibration["date"])
    first = (end - timedelta(weeks=WEEKS_BEFORE)).isoformat()
    last = (end + timedelta(weeks=WEEKS_AFTER)).isoformat()
    calibration, projection = pair.calibration, pair.projection
    return replace(
        pair,
        calibration=calibration[calibration["date"] >= first],
        projection=projection[projection["date"] <= last],
    )


def _panel(axes: Axes, pair: Pair, title: str, *, small: bool) -> Course:
    course = Course.of(pair.calibration, pair.projection, pair.observed)
    draw_course(axes, course, comparisons_of(pair.calibration)[0], 1.8 if small else 3)
    axes.axvline(date_number(course.end), color=_LINE, linewidth=0.7, linestyle=":", zorder=2.5)
    axes.set_title(title, fontsize=7.5 if small else 9, pad=2)
    axes.tick_params(labelsize=7 if small else 7.5, length=2, pad=1.5)
    axes.tick_params(axis="x", pad=3.5)  # no date touches the lowest number
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=3, min_n_ticks=2))
    axes.yaxis.set_major_formatter(FuncFormatter(_short))
    dates: Any = matplotlib.dates
    low, high = axes.get_xlim()
    if small:  # the first of some months, so that their names have room
        axes.xaxis.set_major_locator(dates.MonthLocator(interval=ceil((high - low) / 100)))
    else:
        axes.xaxis.set_major_locator(dates.AutoDateLocator(minticks=2, maxticks=5))
    months = small or high - low > 120
    axes.xaxis.set_major_formatter(dates.DateFormatter("%b" if months else "%d %b"))
    return course


def _short(value: float, _: object) -> str:
    """Write a count in few characters: 1,200 as 1.2k."""
    return f"{value / 1000:.3g}k" if value >= 1000 else f"{value:.3g}"


def _label(
    figure: Figure,
    first: Pair,
    title: str,
    labels: Mapping[str, str],
    courses: Sequence[Course],
    unit: str,
) -> None:
    names = comparisons_of(first.calibration)
    more = f" (the first of {len(names)} comparisons)" if len(names) > 1 else ""
    headline(figure, f"{title}: {series_in_words(names[0], labels)}{more}")
    figure.supylabel(unit, fontsize=9)
    # Only the first comparison is drawn.
    later = any(not course.seen[names[0]].later.empty for course in courses)
    fit_legend(figure, courses[-1], later=later)

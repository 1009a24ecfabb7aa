"""Draw several scenarios in one panel: a line and a light band for each."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from epyflow.figures.bands import Band, at_level, bands_of
from epyflow.figures.style import BLACK, GREEN, ORANGE, PURPLE, SKY_BLUE, VERMILION

COLUMN = "scenario"
COLOURS = (VERMILION, GREEN, PURPLE, ORANGE, SKY_BLUE, BLACK)
_DASHES: tuple[Any, ...] = ("--", "-", ":", "-.", (0, (6, 1, 1, 1, 1, 1)))  # distinct in greyscale
_OPACITY = 0.18  # bands overlap


@dataclass(frozen=True)
class Future:
    """The rows of one scenario, and its look.

    Attributes
    ----------
    name
        The scenario's id.
    table
        Rows of a quantiles table.
    colour, dashes
        Colour and line style for matplotlib.
    """

    name: str
    table: pd.DataFrame
    colour: str
    dashes: Any

    def line(self) -> Line2D:
        """Return its legend entry."""
        return Line2D([], [], color=self.colour, linestyle=self.dashes, linewidth=1.6)


def futures(table: pd.DataFrame) -> list[Future]:
    """Return the scenarios of a quantiles table in the order of its rows, if it has any."""
    if COLUMN not in table:
        return []
    looks = cycle(_looks())
    return [
        Future(str(name), rows, *look)
        for (name, rows), look in zip(table.groupby(COLUMN, sort=False), looks, strict=False)
    ]


def _looks() -> Iterator[tuple[str, Any]]:
    return zip(COLOURS, cycle(_DASHES), strict=False)


def inner_band(table: pd.DataFrame) -> Band | None:
    """Return the narrowest band of a table, the only one that is drawn for each scenario."""
    return next(iter(bands_of(table)), None)


def draw_futures(axes: Axes, found: list[Future], series: str) -> None:
    """Draw the median of each scenario and the band around it."""
    for future in found:
        band = inner_band(future.table)
        if band is not None:
            lower = at_level(future.table, band.low).sort_values("date")
            upper = at_level(future.table, band.high).sort_values("date")
            axes.fill_between(
                lower["date"],
                lower[series].to_numpy(),
                upper[series].to_numpy(),
                color=future.colour,
                alpha=_OPACITY,
                linewidth=0,
                zorder=1.8,
            )
        median = at_level(future.table, 0.5).sort_values("date")
        axes.plot(
            median["date"],
            median[series],
            color=future.colour,
            linestyle=future.dashes,
            linewidth=1.6,
            zorder=3,
            label=f"{future.name}, median",
        )

"""Define the style of all figures, with colours that are distinct to everyone and in greyscale."""

from contextlib import AbstractContextManager
from datetime import date
from math import ceil
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Literal

import matplotlib as mpl
import matplotlib.dates
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import (
    AutoLocator,
    FixedFormatter,
    FixedLocator,
    FuncFormatter,
    MaxNLocator,
    NullLocator,
)

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

# Okabe & Ito 2008, "Color Universal Design", https://jfly.uni-koeln.de/color/
BLACK = "#000000"
ORANGE = "#E69F00"
SKY_BLUE = "#56B4E9"
GREEN = "#009E73"
BLUE = "#0072B2"
VERMILION = "#D55E00"
PURPLE = "#CC79A7"
GREY = "#7F7F7F"

_MOST_TICKS = 8

# Their ticks depend on nothing but the limits of the axis.
_BY_LIMITS: tuple[Any, ...] = (MaxNLocator, matplotlib.dates.AutoDateLocator)

_RC: "dict[RcKeyType, Any]" = {
    "font.family": "DejaVu Sans",  # shipped with matplotlib: the same on every machine
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "axes.titley": 1.0,  # nothing else is above the axes; looking for it takes long
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#4D4D4D",
    "axes.linewidth": 0.7,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": "#E0E0E0",
    "grid.linewidth": 0.6,
    "xtick.color": "#4D4D4D",
    "xtick.labelcolor": "black",
    "ytick.color": "#4D4D4D",
    "ytick.labelcolor": "black",
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "legend.frameon": False,
    "figure.dpi": 150,
    "svg.fonttype": "none",  # text that can be searched; see figure_file for other fonts
    "pdf.fonttype": 42,  # TrueType, whose text can be searched and copied
    "svg.hashsalt": "epyflow",
}


def styled() -> AbstractContextManager[None]:
    """Use this style inside a ``with`` block; afterwards matplotlib's settings are restored."""
    return mpl.rc_context(_RC)


def tint(colour: str, strength: float) -> str:
    """Mix ``colour`` into white: 0 gives white, 1 the colour. Unlike alpha, tints do not add."""
    red, green, blue = (1 - strength * (1 - part) for part in mpl.colors.to_rgb(colour))
    return mpl.colors.to_hex((red, green, blue))


class _Figure(Figure):
    """A figure that is drawn once when it is saved.

    To make room for labels, matplotlib draws a figure twice: without output, and into the file.
    The first time, computing the layout is enough.
    """

    def draw(self, renderer: Any) -> None:
        """Draw the figure; before it is saved, compute its layout alone."""
        engine = self.get_layout_engine()
        if self.canvas.is_saving() and isinstance(engine, ConstrainedLayoutEngine):
            for axes in self.axes:
                _settle(axes.xaxis)
                _settle(axes.yaxis)
            if self.axes:
                engine.execute(self)
        else:
            super().draw(renderer)


def _settle(axis: Axis) -> None:
    """Compute the ticks of an axis once, and no place for a label that it does not have.

    Matplotlib does both dozens of times for a figure. Ticks of other kinds may depend on the
    layout, so they are left to it.
    """
    if not axis.get_label_text():
        axis.set_label_coords(0, 0)
    locator, formatter = axis.get_major_locator(), axis.get_major_formatter()
    if isinstance(locator, AutoLocator) or not isinstance(locator, _BY_LIMITS):
        return
    ticks = axis.get_majorticklocs().tolist()
    labels = FixedFormatter(formatter.format_ticks(ticks))
    labels.set_offset_string(formatter.get_offset())
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_major_formatter(labels)


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure (size in inches) with a layout that makes room for labels."""
    figure = _Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


NARROW = 5.0
"""Width in inches of a figure whose text is legible on a phone: 480 pixels."""


WIDE = 10.6
"""Width in inches of a page with many panels, for printing."""

FEW = 4
"""Most panels below one another in a narrow figure."""


def columns_of(panels: int) -> int:
    """Return the columns of a sheet as wide as a phone: with many panels, three."""
    return 1 if panels <= FEW else 3


def line_length(width: float) -> int:
    """Return about how many characters of text fit into ``width`` inches."""
    return int(12.5 * width)


def headline(figure: Figure, title: str) -> None:
    """Write the title at the top left, wrapped to the width of the figure."""
    lines = "\n".join(wrap(title, int(0.8 * line_length(figure.get_figwidth()))))
    figure.suptitle(lines, x=0.01, horizontalalignment="left", fontsize=11, fontweight="bold")


def count_axis(axes: Axes) -> None:
    """Format the y axis for counts: from 0, with few ticks and thousands separators."""
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, min_n_ticks=3))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))


def log_axis(
    axes: Axes, low: float, high: float, unit: str = "", *, along: Literal["x", "y"] = "y"
) -> None:
    """Scale an axis in powers of ten, from ``low`` to ``high``, with plain numbers.

    Ticks are at 1, 2 and 5 times powers of ten, or at some powers of ten if these are too many.
    """
    steps = [float(f"{m}e{power}") for power in range(-12, 16) for m in (1, 2, 5)]
    below = max((step for step in steps if step <= low), default=low)
    above = min((step for step in steps if step >= high), default=high)
    if above <= below:
        below = above / 2
    ticks = [step for step in steps if below <= step <= above]
    if len(ticks) > _MOST_TICKS:
        powers = [step for step in ticks if f"{step:e}".startswith("1.0")]
        ticks = powers[:: ceil(len(powers) / _MOST_TICKS)]
    axes.set(**{f"{along}scale": "log", f"{along}lim": (below / 1.05, above * 1.05)})
    axis = axes.yaxis if along == "y" else axes.xaxis
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}{unit}"))
    axis.set_minor_locator(NullLocator())


def date_axis(axes: Axes) -> None:
    """Label the x axis with few dates, and the year once."""
    dates: Any = matplotlib.dates  # which matplotlib leaves without types
    locator = dates.AutoDateLocator(minticks=3, maxticks=6)
    axes.xaxis.set_major_locator(locator)
    hours = ["%b %-d", "%H:%M", "%H:%M", "%H:%M"]
    axes.xaxis.set_major_formatter(
        dates.ConciseDateFormatter(
            locator,
            formats=["%Y", "%b", "%b %-d", *hours[1:]],
            zero_formats=["", "%Y", "%b %-d", *hours[:3]],
            offset_formats=["", "%Y", "%Y", "%Y", "%Y", "%Y"],
        )
    )


def date_numbers(dates: pd.Series) -> Any:
    """Return the positions of dates on a date axis."""
    plain: Any = matplotlib.dates  # which matplotlib leaves without types
    return np.asarray(plain.date2num(pd.to_datetime(dates).to_numpy()), dtype=np.float64)


def date_number(day: date) -> float:
    """Return the position of a day on a date axis."""
    dates: Any = matplotlib.dates
    return float(dates.date2num(day))

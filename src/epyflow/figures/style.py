"""One look for every figure: colours told apart by everyone, and in grey print."""

from contextlib import AbstractContextManager
from datetime import date
from math import ceil
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import matplotlib.dates
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

# Okabe & Ito 2008, "Color Universal Design", https://jfly.uni-koeln.de/color/
BLACK = "#000000"
ORANGE = "#E69F00"
SKY_BLUE = "#56B4E9"
GREEN = "#009E73"
YELLOW = "#F0E442"
BLUE = "#0072B2"
VERMILION = "#D55E00"
PURPLE = "#CC79A7"
GREY = "#7F7F7F"

_MOST_TICKS = 8

_RC: "dict[RcKeyType, Any]" = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same on every machine
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
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
    "svg.fonttype": "path",
    "svg.hashsalt": "epyflow",
}


def styled() -> AbstractContextManager[None]:
    """Draw in our style inside a ``with`` block; matplotlib's settings are as before after it."""
    return mpl.rc_context(_RC)


def tint(colour: str, strength: float) -> str:
    """Mix ``colour`` into white: 0 gives white, 1 the colour. Unlike alpha, tints do not add up."""
    red, green, blue = (1 - strength * (1 - part) for part in mpl.colors.to_rgb(colour))
    return mpl.colors.to_hex((red, green, blue))


class _Figure(Figure):
    """A figure that is drawn once when it is saved.

    To make room for labels, matplotlib draws everything once into nothing and then once into the
    file. The first time, computing the layout is enough.
    """

    def draw(self, renderer: Any) -> None:
        """Draw everything, or compute the layout alone where a drawing follows."""
        engine = self.get_layout_engine()
        if self.canvas.is_saving() and isinstance(engine, ConstrainedLayoutEngine):
            if self.axes:
                engine.execute(self)
        else:
            super().draw(renderer)


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure, in inches, that draws itself with Agg and leaves room for labels."""
    figure = _Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def line_length(width: float) -> int:
    """Return about how many characters of ordinary text fit into ``width`` inches."""
    return int(12.5 * width)


def headline(figure: Figure, title: str) -> None:
    """Write the title above everything, from the left, in as many lines as it takes."""
    lines = "\n".join(wrap(title, int(0.8 * line_length(figure.get_figwidth()))))
    figure.suptitle(lines, x=0.01, horizontalalignment="left", fontsize=11, fontweight="bold")


def count_axis(axes: Axes) -> None:
    """Scale the y axis for counts: from 0, few ticks, thousands separated."""
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, min_n_ticks=3))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))


def log_axis(axes: Axes, low: float, high: float, unit: str = "") -> None:
    """Scale the y axis in powers of ten, from ``low`` to ``high``, with plain numbers.

    Ticks are at 1, 2 and 5 times powers of ten, or at some powers where these would be many.
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
    axes.set_yscale("log")
    axes.set_ylim(below / 1.05, above * 1.05)
    axes.yaxis.set_major_locator(FixedLocator(ticks))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}{unit}"))
    axes.yaxis.set_minor_locator(NullLocator())


def date_axis(axes: Axes) -> None:
    """Label the x axis with as few dates as are clear, the year once."""
    dates: Any = matplotlib.dates  # which matplotlib leaves without types
    locator = dates.AutoDateLocator(minticks=3, maxticks=6)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))


def date_number(day: date) -> float:
    """Return where a day is on a date axis."""
    dates: Any = matplotlib.dates
    return float(dates.date2num(day))

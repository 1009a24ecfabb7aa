"""Choose and draw bands between quantiles."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import FillBetweenPolyCollection

from epyflow.figures.style import tint

# Share of outcomes inside a band, per cent: the levels that readers know, where there is a choice.
_FAMILIAR = (50, 80, 95)
_STRENGTHS = (0.58, 0.34, 0.16)  # of their tints, narrowest first


@dataclass(frozen=True)
class Band:
    """The range between two quantile levels that are symmetric about the median.

    Attributes
    ----------
    low, high
        The levels.
    strength
        Strength of its tint, from 0 to 1.
    """

    low: float
    high: float
    strength: float

    @property
    def label(self) -> str:
        """The share of outcomes inside the band, such as ``95%``."""
        return f"{100 * (self.high - self.low):.4g}%"


def bands(levels: Sequence[float]) -> list[tuple[float, float]]:
    """Choose at most three pairs of levels, symmetric about the median, narrowest first.

    These are the pairs whose coverage is nearest to 50, 80 and 95 %.
    """
    known = {round(level, 6) for level in levels}
    pairs = {
        round(100 * (1 - 2 * low), 4): (low, round(1 - low, 6))
        for low in known
        if low < 0.5 and round(1 - low, 6) in known
    }
    if not pairs:
        return []
    chosen = {min(pairs, key=lambda found: (abs(found - share), found)) for share in _FAMILIAR}
    return [pairs[share] for share in sorted(chosen)]


def bands_of(table: pd.DataFrame) -> list[Band]:
    """Choose the bands to draw of a table of quantiles, narrowest first."""
    pairs = bands(table["quantile"].unique().tolist())
    return [
        Band(low, high, strength)
        for (low, high), strength in zip(pairs, _STRENGTHS[: len(pairs)], strict=True)
    ]


def at_level(table: pd.DataFrame, level: float) -> pd.DataFrame:
    """Return the rows of one quantile level."""
    return table[(table["quantile"] - level).abs() < 1e-6]


def draw_bands(
    axes: Axes, table: pd.DataFrame, name: str, colour: str
) -> list[tuple[Band, FillBetweenPolyCollection]]:
    """Draw the bands of a series; return each with its artist, narrowest first."""
    drawn = []
    for band in bands_of(table):
        lower = at_level(table, band.low).sort_values("date")
        upper = at_level(table, band.high).sort_values("date")
        fill = axes.fill_between(
            lower["date"],
            lower[name].to_numpy(),
            upper[name].to_numpy(),
            color=tint(colour, band.strength),
            linewidth=0,
            zorder=2 - (band.high - band.low),  # the widest lies lowest
        )
        drawn.append((band, fill))
    return drawn

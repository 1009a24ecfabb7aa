"""Tables on disk -> the rows that a figure shows, or a figure that says there are none."""

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from epyflow.figures.style import headline, new_figure, styled

# What a quantiles table has besides its series.
KEYS = ("primary_id", "scenario", "seed", "population", "date", "quantile", "location")
_ROWS_AT_A_TIME = 100_000


def rows_of(population: str, table: Path) -> pd.DataFrame:
    """Return the rows of one population; only these are kept in memory. Empty cells are text."""
    # Without na_filter a place called NA or None would be missing.
    with pd.read_csv(table, chunksize=_ROWS_AT_A_TIME, na_filter=False) as chunks:
        return pd.concat([chunk[chunk["population"] == population] for chunk in chunks])


def nothing(title: str) -> Figure:
    """Return a figure that says why there is nothing to draw."""
    with styled():
        figure = new_figure(5.5, 1.6)
        headline(figure, title)
        figure.text(0.01, 0.35, "No results: its tasks failed. run_metadata.json says why.")
    return figure

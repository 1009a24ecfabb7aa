"""Read the rows that a figure shows from tables on disk."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from epyflow.figures.bands import at_level
from epyflow.figures.style import headline, new_figure, styled
from epyflow.files import table_reader

# Columns of a quantiles table other than its series.
KEYS = ("primary_id", "scenario", "seed", "population", "date", "quantile", "location")
_ROWS_AT_A_TIME = 100_000


@dataclass(frozen=True)
class Place:
    """A population of the run.

    Attributes
    ----------
    name
        Its name in the column ``population``.
    label
        Its label for readers.
    location
        ISO code, such as ``US-MA``, or None.
    """

    name: str
    label: str
    location: str | None = None


def read_table(table: Path) -> pd.DataFrame:
    """Read a table. Empty cells are empty text, so a population may be named NA or None."""
    with table_reader(table) as file:
        return pd.read_csv(file, na_filter=False)


def rows_by_population(table: Path) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield each population with its rows, in the order of the table. One is in memory at a time.

    Of several members without scenarios, only the medians are yielded: figures show the range of
    these, and the other quantiles of 100,000 members do not fit into memory.

    Raises
    ------
    ValueError
        If the rows of a population are not contiguous.
    """
    kept, medians = list[pd.DataFrame](), False
    current: str | None = None
    seen: set[str] = set()
    with (
        table_reader(table) as file,
        pd.read_csv(file, chunksize=_ROWS_AT_A_TIME, na_filter=False) as chunks,
    ):
        for chunk in chunks:
            for key, rows in chunk.groupby("population", sort=False):
                name = str(key)
                if current is not None and name != current:
                    yield current, pd.concat(kept)
                    kept, medians = [], False
                    if name in seen:
                        raise ValueError(f"{table.name}: the rows of {name} are not together")
                current = name
                seen.add(current)
                kept.append(at_level(rows, 0.5) if medians else rows)
                if not medians and (medians := _are_of_members(kept)):
                    kept = [at_level(each, 0.5) for each in kept]
    if current is not None:
        yield current, pd.concat(kept)


def _are_of_members(parts: list[pd.DataFrame]) -> bool:
    """Whether quantiles are of several members, and the median is among them."""
    first, last = parts[0], parts[-1]
    if "quantile" not in first or "scenario" in first:
        return False
    several = first["primary_id"].iloc[0] != last["primary_id"].iloc[-1]
    return several and any(not at_level(part, 0.5).empty for part in parts)


def dated(table: pd.DataFrame) -> pd.DataFrame:
    """Return a quantiles table with dates and numbers in place of text; NaN for empty cells."""
    series = [column for column in table.columns if column not in KEYS]
    numbers = table[series].replace("", np.nan).astype(np.float64)
    return table.assign(date=pd.to_datetime(table["date"]), **numbers)


def first_scenario(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the first scenario, or all if the table has no scenarios."""
    if "scenario" not in table:
        return table
    return table[table["scenario"] == table["scenario"].iloc[:1].squeeze()]


def comparisons_of(calibration: pd.DataFrame) -> list[str]:
    """Return the comparisons of a table of fitted quantiles: columns with an observed column."""
    return [column for column in calibration.columns if f"observed_{column}" in calibration]


def nothing(
    title: str, why: str = "No results: its tasks failed. run_metadata.json says why."
) -> Figure:
    """Return a figure that says why there is nothing to draw."""
    with styled():
        figure = new_figure(5.5, 1.6)
        headline(figure, title)
        figure.text(0.01, 0.35, why)
    return figure

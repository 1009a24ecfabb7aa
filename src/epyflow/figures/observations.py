"""Draw observations: dots as known to the run, rings as they came or were corrected since."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from epyflow.figures.style import BLACK, date_numbers

THEN, SINCE = "Observed, as then known", "Observed, as known since"

_DOT: Any = {
    "linestyle": "none",
    "marker": "o",
    "color": BLACK,
    "markeredgecolor": "white",
    "clip_on": False,  # a dot at 0 is not clipped
    "zorder": 5,
}
_RING: Any = _DOT | {"markerfacecolor": "white", "markeredgecolor": BLACK, "zorder": 4}
_SAME = 1e-5  # relative: values in tables are rounded


@dataclass(frozen=True)
class Seen:
    """The observations of one series of one population.

    Attributes
    ----------
    then, since
        ``date`` and ``value``: as known to the run, and as known since.
    """

    then: pd.DataFrame
    since: pd.DataFrame

    @classmethod
    def of(
        cls,
        then: Mapping[str, float] | pd.Series | None = None,
        since: Mapping[str, float] | pd.Series | None = None,
    ) -> "Seen":
        """Make observations from two mappings of dates (ISO 8601) to values."""
        return cls(_frame(then), _frame(since))

    def between(self, first: pd.Timestamp, last: pd.Timestamp) -> "Seen":
        """Return the observations between two dates, both included."""
        return Seen(
            *(table[table["date"].between(first, last)] for table in (self.then, self.since))
        )

    @property
    def later(self) -> pd.DataFrame:
        """Later observations and corrections: the rows of ``since`` that differ from ``then``."""
        known = self.since["date"].map(self.then.drop_duplicates("date").set_index("date")["value"])
        same = np.isclose(
            known.to_numpy(dtype=np.float64), self.since["value"].to_numpy(), rtol=_SAME, atol=0
        )
        fresh: pd.DataFrame = self.since[~same]
        return fresh


def _frame(values: Mapping[str, float] | pd.Series | None) -> pd.DataFrame:
    series = pd.Series({} if values is None else values, dtype=np.float64)
    return pd.DataFrame({"date": pd.to_datetime(series.index), "value": series.to_numpy()})


def read_observed(path: Path) -> dict[str, dict[str, Seen]]:
    """Read ``observed.csv``: population to comparison to observations."""
    table = pd.read_csv(path, keep_default_na=False, na_values={"then": "", "since": ""})
    found: dict[str, dict[str, Seen]] = {}
    for (population, comparison), rows in table.groupby(["population", "comparison"], sort=False):
        its = rows.set_index("date")
        seen = Seen.of(its["then"].dropna(), its["since"].dropna())
        found.setdefault(str(population), {})[str(comparison)] = seen
    return found


@dataclass(frozen=True)
class LastObservation:
    """The last observation that a run knew: ISO date, value, and the name of the series."""

    date: str
    value: float
    comparison: str

    def change_percent(self, value: float) -> float:
        """Return the change to a value in per cent; NaN if fewer than one was observed."""
        return 100 * (value / self.value - 1) if self.value >= 1 else math.nan


def last_observations(path: Path) -> dict[str, LastObservation]:
    """Return the last observation of each population's first series, from ``observed.csv``.

    Forecasts are compared with it everywhere: on the front page, on the map, and as the baseline
    of the rate trends. A population without an observation is left out.
    """
    found = {}
    for population, series in read_observed(path).items():
        comparison, seen = next(iter(series.items()))
        if not seen.then.empty:
            row = seen.then.sort_values("date").iloc[-1]
            day = row["date"].date().isoformat()
            found[population] = LastObservation(day, float(row["value"]), comparison)
    return found


def draw_seen(axes: Axes, seen: Seen, size: float) -> None:
    """Draw dots and rings; ``size`` is the size of the dots in points."""
    looks = ((seen.later, ring(1.15 * size)), (seen.then, dot(size)))
    for table, look in looks:
        if not table.empty:
            axes.plot(date_numbers(table["date"]), table["value"], **look)


def dot(size: float) -> Any:
    """Return the marker of an observation known to the run."""
    return _DOT | {"markersize": size, "markeredgewidth": size / 8}


def ring(size: float) -> Any:
    """Return the marker of an observation that came since."""
    return _RING | {"markersize": size, "markeredgewidth": max(0.6, size / 5)}


def legend_of_seen(*, later: bool) -> list[Line2D]:
    """Return the legend entries of observations; ``later``: whether some came since."""
    if not later:
        return [Line2D([], [], label="Observed", **dot(4))]
    return [Line2D([], [], label=THEN, **dot(4)), Line2D([], [], label=SINCE, **ring(4.6))]

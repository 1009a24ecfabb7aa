"""Warn of forecasts whose intervals hold fewer later observations than chance explains."""

import csv
from collections.abc import Sequence
from itertools import groupby
from math import ceil
from operator import attrgetter
from typing import NamedTuple

from epyflow.suggest import counted

SURPRISE = 0.01
"""Warn if so few observations inside a correct interval are less probable than this."""
FEWEST_PARTICLES = 100
"""Fewest particles without a warning."""
SHORTFALL = 0.05
"""Warn only if coverage is below nominal by at least this share."""


class Coverage(NamedTuple):
    """A row of ``forecast_coverage.csv``: see :mod:`epyflow.report.forecast_coverage`."""

    target: str
    nominal: float
    forecasts: int
    observations: int
    inside: int
    coverage: float
    low: float | None = None  # a table of an earlier version has neither
    high: float | None = None


def read_coverage(table: bytes) -> tuple[Coverage, ...]:
    """Read the content of ``forecast_coverage.csv``."""
    return tuple(
        Coverage(
            row["target"],
            float(row["nominal"]),
            int(row["forecasts"]),
            int(row["observations"]),
            int(row["inside"]),
            float(row["coverage"]),
            *(float(row[name]) if row.get(name) else None for name in ("low", "high")),
        )
        for row in csv.DictReader(table.decode().splitlines())
    )


def by_target(rows: Sequence[Coverage]) -> list[tuple[str, list[Coverage]]]:
    """Return each target with its rows, in the order of the table."""
    return [(target, list(its)) for target, its in groupby(rows, key=attrgetter("target"))]


def forecasts(rows: Sequence[Coverage]) -> list[str]:
    """Warn if the intervals of forecasts hold fewer later observations than chance explains.

    The errors of one forecast's weeks are correlated: one that starts too low stays too low. So a
    forecast counts as one observation, which is inside by the share of its weeks that are, and the
    sum is rounded up. A shortfall below :data:`SHORTFALL` gives no warning.
    """
    found = []
    for target, levels in by_target(rows):
        low = [row for row in levels if _too_few(row)]
        if low:
            said = "; ".join(
                f"{100 * row.nominal:.4g}% intervals of the forecasts held "
                f"{row.coverage:.0%} of {row.observations} later observations"
                for row in reversed(low)
            )
            found.append(f"{target}: {said}. They are too narrow or biased.")
    return found


def short(row: Coverage) -> bool:
    """Return whether an interval held fewer later observations than it should."""
    return row.nominal - row.coverage >= SHORTFALL - 1e-9


def replayed(particles: int | None) -> list[str]:
    """Warn of too few particles where no table of a calibration is there to be checked."""
    if particles is None or particles >= FEWEST_PARTICLES:
        return []
    number = counted(particles, "particle")
    return [f"Each calibration has {number}, fewer than 100; intervals are rough."]


def _too_few(row: Coverage) -> bool:
    # Rounded first: in floating point, 0.95 x 20 is slightly more than 19.
    inside = ceil(round(row.coverage * row.forecasts, 6))
    return short(row) and at_most(inside, row.forecasts, row.nominal) < SURPRISE


def at_most(inside: int, observations: int, level: float) -> float:
    """Return the binomial probability of ``inside`` observations or fewer in an interval."""
    from scipy import special  # not scipy.stats, which takes ten times as long to import

    return float(special.bdtr(inside, observations, level))

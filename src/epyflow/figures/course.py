"""Join the fit and the projection of one population with its observations."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Literal

import pandas as pd

from epyflow.figures.observations import Seen
from epyflow.figures.read_tables import comparisons_of, dated
from epyflow.figures.scenarios import Future, futures
from epyflow.figures.style import BLUE, VERMILION

_UNSEEN: Mapping[str, Seen] = MappingProxyType({})


@dataclass(frozen=True)
class Part:
    """Fit or projection: its rows and its look."""

    table: pd.DataFrame
    name: str
    colour: str
    dashes: Literal["-", "--"]


@dataclass(frozen=True)
class Course:
    """A fit and what is projected from it, for one population.

    Attributes
    ----------
    parts
        The fit, and its projection where that has no scenarios.
    futures
        The scenarios of the projection.
    end
        The last date compared.
    seen
        Comparison to what was observed of it.
    """

    parts: tuple[Part, ...]
    futures: tuple[Future, ...]
    end: date
    seen: Mapping[str, Seen]

    @classmethod
    def of(
        cls,
        calibration: pd.DataFrame,
        projection: pd.DataFrame,
        observed: Mapping[str, Seen] = _UNSEEN,
    ) -> "Course":
        """Take a fit and its projection from the rows of their tables.

        What was observed is that of the dates from the first one fitted to the last one drawn.

        Raises
        ------
        ValueError
            If there is no row, or there are rows of more than one calibration.
        """
        _check(calibration)
        fitted, ahead = dated(calibration), dated(projection)
        end = fitted["date"].max()
        parts = [Part(fitted, "Fit", BLUE, "-")]
        ahead = ahead[ahead["date"] >= end]
        alternatives = futures(ahead)
        if not ahead.empty and not alternatives:
            parts.append(Part(ahead, "Projection", VERMILION, "--"))
        last = end if ahead.empty else max(end, ahead["date"].max())
        seen = {
            name: _seen(fitted, name, observed.get(name)).between(fitted["date"].min(), last)
            for name in comparisons_of(calibration)
        }
        return cls(tuple(parts), tuple(alternatives), end.date(), seen)

    @property
    def later(self) -> bool:
        """Whether something was observed, or corrected, after the fit was made."""
        return any(not seen.later.empty for seen in self.seen.values())


def _seen(fitted: pd.DataFrame, name: str, observed: Seen | None) -> Seen:
    """Add to what was fitted what else was known then, and what is known since."""
    compared = fitted.drop_duplicates("date")[["date", f"observed_{name}"]]
    compared = compared.rename(columns={f"observed_{name}": "value"})
    if observed is None:
        return Seen(compared, compared.iloc[:0])
    more = observed.then[~observed.then["date"].isin(compared["date"])]
    then = pd.concat([compared, more]) if len(more) else compared
    return Seen(then, observed.since)


def _check(calibration: pd.DataFrame) -> None:
    if calibration.empty:
        raise ValueError("there is nothing to draw: no rows")
    if (calibration["primary_id"] != calibration["primary_id"].iloc[0]).any():
        raise ValueError("a chart of a fit is of one calibration; these rows are of several")

"""Forecast observed series by damped growth, without a model of the epidemic."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from epyflow.artifacts.task import GROWTH_LEVELS
from epyflow.data.located_table import LocatedTable
from epyflow.data.observations import Column, select_observations
from epyflow.errors import DataError
from epyflow.population.locations import us_names
from forecast_hub.combining.growth import HISTORY, forecast_growth
from forecast_hub.errors import HubError

if TYPE_CHECKING:
    from epyflow.data.vintages import Vintage
    from epyflow.population.locations import Location

Array = NDArray[np.float64]

_WEEK = timedelta(weeks=1)


def forecast_locations(
    located: LocatedTable, columns: Sequence[Column], last: date, vintage: "Vintage | None"
) -> dict[str, Array]:
    """Forecast the weeks after the last for every location in a file of observations.

    A location that the file writes in several ways is one, if it is of the United States. Locations
    whose rows cannot be read, or have dates between weeks, do not count. The last ten years are
    used.

    Parameters
    ----------
    located
        Weekly counts of persons.
    columns
        One per comparison.
    last
        The last day that is used.
    vintage
        Rows that were known; None for all rows of the file.

    Returns
    -------
    forecasts
        Location as the file writes it, in lower case, to an array of shape (comparisons,
        :data:`forecast_hub.combining.growth.HORIZONS`,
        :data:`epyflow.artifacts.task.GROWTH_LEVELS`). Persons; NaN for a location without its last
        three weeks.

    Raises
    ------
    DataError
        If the file has too few weeks to learn from, or only locations with dates between weeks.
    """
    found = []
    places: dict[str, list[str]] = {}
    for name in located.names:
        places.setdefault(us_names().get(name, name), []).append(name)
    series = [_series(located, places, column, last, vintage) for column in columns]
    those = [place for place in places if all(place in each for each in series)]
    for each in series:
        try:
            found.append(forecast_growth(_counts([each[place] for place in those]), GROWTH_LEVELS))
        except HubError as error:
            raise DataError(f"{located.table.path}: damped_growth: {error}") from None
    return {
        name: forecast
        for place, forecast in zip(those, np.stack(found, axis=1), strict=True)
        for name in places[place]
    }


def choose(forecasts: Mapping[str, Array], location: "Location") -> Array:
    """Return the forecast of a location; see :func:`forecast_locations`.

    Raises
    ------
    DataError
        If there is none.
    """
    names = {name.casefold() for name in location.spellings}
    found = [each for name, each in forecasts.items() if name in names]
    if not found or np.isnan(found[0]).any():
        raise DataError(
            f"{location.label}: damped_growth needs the last three weeks of the fitting window; "
            "expected their observations, or an ensemble without damped_growth"
        )
    return found[0]


def _series(
    located: LocatedTable,
    places: Mapping[str, Sequence[str]],
    column: Column,
    last: date,
    vintage: "Vintage | None",
) -> dict[str, dict[int, float]]:
    """Return the values of each place by the number of weeks before the last.

    ``places`` are the names of each place in the file.
    """
    found, odd = {}, ""
    window = (date.fromordinal(max(1, last.toordinal() - 7 * HISTORY)), last)
    for place, names in places.items():
        try:
            dates, values = select_observations(located, names, [column], window, vintage)
        except DataError:
            continue
        other = [day for day in dates if (last - day) % _WEEK]
        if other:
            odd = f"{names[0]} has a value on {other[-1]} ({other[-1]:%A})"
            continue
        ago = [(last - day) // _WEEK for day in dates]
        found[place] = dict(zip(ago, values[:, 0].tolist(), strict=True))
    if odd and not found:
        raise DataError(
            f"{located.table.path}: {column.dates}: damped_growth forecasts weeks that end as the "
            f"fitting window does, on {last} ({last:%A}), and {odd}; expected one value per week, "
            "or no damped_growth"
        )
    return found


def _counts(series: Sequence[Mapping[int, float]]) -> Array:
    """Return counts of shape (weeks, locations); NaN where there is none."""
    weeks = 1 + max((max(each, default=0) for each in series), default=0)
    counts = np.full((weeks, len(series)), np.nan)
    for position, each in enumerate(series):
        for ago, value in each.items():
            counts[weeks - 1 - ago, position] = value
    return counts

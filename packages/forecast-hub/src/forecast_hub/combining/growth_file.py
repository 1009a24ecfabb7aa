"""Write the forecasts of damped growth for the places of a hub, as rows of a submission."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast_hub.combining.growth import HISTORY, HORIZONS, LEVELS, forecast_growth
from forecast_hub.config import flusight
from forecast_hub.config.horizon_rule import END_COLUMNS, HORIZON
from forecast_hub.config.hub import NA, STANDARD_COLUMNS, Hub
from forecast_hub.config.locations import read_places
from forecast_hub.config.reader import read_hub
from forecast_hub.config.units import COUNT, read_unit
from forecast_hub.dates import parse_dates
from forecast_hub.errors import DataError
from forecast_hub.scoring.matching import select_target
from forecast_hub.scoring.outcomes import TARGET, names_of_places, read_outcomes
from forecast_hub.scoring.task_ids import REFERENCE_DATE
from forecast_hub.suggestions import did_you_mean, listed

Array = NDArray[np.float64]


def forecast_file(
    target_data: Path, hub: Path, day: date, target: str = flusight.ADMISSIONS
) -> pd.DataFrame:
    """Forecast the places of a hub from its target data, as rows of a submission.

    Parameters
    ----------
    target_data
        What was observed, as known for the forecast: see
        :func:`forecast_hub.scoring.outcomes.read_outcomes`. Weeks up to the one before ``day``
        are used, of what was known on ``day``.
    hub
        The hub's folder; its table of locations names the places.
    day
        The reference date, the end of the week of horizon 0.
    target
        The target: a weekly count.

    Raises
    ------
    HubError
        If the target is no weekly count of the hub, or its rounds are on another day of the week,
        the hub has further columns or no table of locations, a file cannot be used or has other
        numbers than counts of weeks, the week before ``day`` is missing everywhere, or there are
        too few weeks.
    """
    try:
        weeks = [day + timedelta(weeks=number) for number in range(-1, HORIZONS)]
    except OverflowError:
        raise DataError(f"{day}: is no reference date; expected that of a round") from None
    known = read_hub(hub)
    columns = _columns(known, hub, target)
    table = _table_of_locations(known, hub, day)
    places = read_places(table)
    spellings = names_of_places(places)
    rows = read_outcomes(
        target_data, (), list(places), spellings, str(day), at=lambda _code: str(table)
    )
    series = select_target(rows, target, target)
    counts = _of_weeks(series, weeks[0], f"{target_data}: {target}")
    found = forecast_growth(counts.to_numpy(dtype=np.float64))
    rows = _rows(found, counts, weeks[1:], target)
    if rows.empty:
        raise DataError(
            f"{target_data}: {target}: no place has the three weeks to {weeks[0]}; expected them"
        )
    return pd.DataFrame({name: rows[ours] if ours else NA for name, ours in columns.items()})


def _columns(known: Hub, hub: Path, target: str) -> dict[str, str | None]:
    """Return the columns of a hub with such a target; each with that of :func:`_rows`, if any."""
    counts = {
        each.id: (round_, task, each)
        for round_ in reversed(known.rounds)
        for task, each in round_.targets()
        if each.is_step_ahead and each.time_unit == "week" and read_unit(each) == COUNT
    }
    if target not in counts:
        raise DataError(
            f"{hub}: {target!r} is no weekly count of the hub{did_you_mean(target, counts)}; "
            f"expected {' or '.join(sorted(counts)) or 'another hub'}"
        )
    round_, task, its = counts[target]
    names = {
        **{name: name for name in (HORIZON, "location", *STANDARD_COLUMNS)},
        **dict.fromkeys(END_COLUMNS, END_COLUMNS[0]),
        **dict.fromkeys(its.keys or [TARGET], TARGET),
        round_.id_column or REFERENCE_DATE: REFERENCE_DATE,
    }
    found = {name: names.get(name) for name in round_.columns}
    if further := [
        name
        for name, values in task.columns.items()
        if found[name] is None and {*values.permitted} != {NA}
    ]:
        raise DataError(
            f"{hub}: forecasts of {target!r} have {listed(further)}, for which growth has no "
            "value; expected a hub whose columns are round, target, horizon, end and location"
        )
    return found


def _table_of_locations(known: Hub, hub: Path, day: date) -> Path:
    """Return a hub's table of locations, if it has rounds on such days."""
    rounds = parse_dates(known.round_ids) or [day]
    if day.weekday() not in {each.weekday() for each in rounds}:
        raise DataError(
            f"{day} is a {day:%A}, and a round of {hub} is on a {rounds[-1]:%A}, such as "
            f"{rounds[-1]}; expected the date of a round"
        )
    if known.folder.locations is None:
        raise DataError(f"{hub}: has no table of locations; expected auxiliary-data/locations.csv")
    return known.folder.locations


def _of_weeks(series: pd.DataFrame, last: date, what: str) -> pd.DataFrame:
    """Return the counts of all weeks to the last: a row per week, a column per place."""
    days = series["target_end_date"]
    if str(last) not in set(days):
        newest = "nothing" if series.empty else f"weeks up to {days.max()}"
        raise DataError(
            f"{what}: has {newest}; expected the week that ends on {last}, one week before the "
            "reference date"
        )
    first = date.fromordinal(max(1, last.toordinal() - 7 * HISTORY))
    wide = series[days.between(str(first), str(last))].pivot_table(
        index="target_end_date", columns="location", values="observed"
    )
    ago = [(last - date.fromisoformat(text)).days for text in wide.index]
    if odd := [text for text, number in zip(wide.index, ago, strict=True) if number % 7]:
        raise DataError(
            f"{what}: has {odd[-1]}, a {date.fromisoformat(odd[-1]):%A}, and the week before the "
            f"reference date ends on a {last:%A}; expected one value for each week"
        )
    fractions = wide.to_numpy()[wide.to_numpy() % 1 > 0]
    if len(fractions):
        raise DataError(f"{what}: {fractions[-1]:g} is no count; expected whole numbers of persons")
    wide.index = pd.Index([number // 7 for number in ago])
    return wide.reindex(range(max(wide.index), -1, -1))


def _rows(
    quantiles: Array, counts: pd.DataFrame, weeks: Sequence[date], target: str
) -> pd.DataFrame:
    """Return the rows of the places (columns of ``counts``) that have a forecast."""
    return pd.DataFrame(
        [
            {
                REFERENCE_DATE: str(weeks[0]),
                "target": target,
                "horizon": str(horizon),
                END_COLUMNS[0]: str(weeks[horizon]),
                "location": place,
                "output_type": "quantile",
                "output_type_id": f"{level:g}",
                "value": float(np.rint(value)),
            }
            for place, of_place in zip(counts.columns, quantiles, strict=True)
            if not np.isnan(of_place).any()
            for horizon, values in enumerate(of_place)
            for level, value in zip(LEVELS, values, strict=True)
        ]
    )

"""Write the forecasts of damped growth for the places of a hub, as rows of a submission."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast_hub.combining.growth import HISTORY, HORIZONS, forecast_growth
from forecast_hub.config import flusight
from forecast_hub.config.horizon_rule import (
    END_COLUMNS,
    HORIZON,
    find_horizon_rule,
    list_numbers,
)
from forecast_hub.config.hub import NA, STANDARD_COLUMNS, Hub, ModelTask, Round, Target
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
        :func:`forecast_hub.scoring.outcomes.read_outcomes`. Weeks before ``day`` and before the
        first horizon are used, of what was known on ``day``.
    hub
        The hub's folder; its table of locations names the places.
    day
        The reference date.
    target
        The target: a weekly count.

    Raises
    ------
    HubError
        If the target is no weekly count of the hub, its weeks are not known, it requires other
        horizons or output types than growth forecasts, or its rounds are on another day of the
        week, the hub has further columns or no table of locations, a file cannot be used or has
        other numbers than counts of weeks, the week before the forecast is missing everywhere, or
        there are too few weeks.
    """
    known = read_hub(hub)
    round_, task, its = _find_target(known, hub, target, day)
    columns, levels = _columns(round_, task, its, hub), _levels(task, its, hub)
    table = _table_of_locations(known, hub, day)
    places = read_places(table)
    spellings = names_of_places(places)
    rows = read_outcomes(
        target_data, (), list(places), spellings, str(day), at=lambda _code: str(table)
    )
    series = select_target(rows, target, target)
    last, weeks = _weeks(known, round_, task, its, day, series)
    counts = _of_weeks(series, last, f"{target_data}: {target}")
    found = forecast_growth(counts.to_numpy(dtype=np.float64), list(map(float, levels)))
    at = [(end - last).days // 7 - 1 for end in weeks.values()]
    where = task.columns.get("location")
    taken = counts.columns.isin(list(places) if where is None else where.permitted)
    same = {REFERENCE_DATE: str(day), TARGET: target}
    rows = _rows(found[taken][:, at], counts.columns[taken], weeks, levels, same)
    if rows.empty:
        raise DataError(
            f"{target_data}: {target}: no place of the hub has the three weeks to {last}; expected "
            "them"
        )
    return pd.DataFrame({name: rows[ours] if ours else NA for name, ours in columns.items()})


def _find_target(known: Hub, hub: Path, target: str, day: date) -> tuple[Round, ModelTask, Target]:
    """Return such a target in the round of a day; in another one if that round has none."""
    given = known.round(str(day))
    counts = {
        each.id: (round_, task, each)
        for round_ in (*reversed(known.rounds), *([given] if given else []))
        for task, each in sorted(
            round_.targets(), key=lambda pair: "quantile" in pair[0].output_types
        )
        if each.is_step_ahead and each.time_unit == "week" and read_unit(each) == COUNT
    }
    if target not in counts:
        raise DataError(
            f"{hub}: {target!r} is no weekly count of the hub{did_you_mean(target, counts)}; "
            f"expected {' or '.join(sorted(counts)) or 'another hub'}"
        )
    return counts[target]


def _columns(round_: Round, task: ModelTask, its: Target, hub: Path) -> dict[str, str | None]:
    """Return the columns of a hub with such a target; each with that of :func:`_rows`, if any."""
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
            f"{hub}: forecasts of {its.id!r} have {listed(further)}, for which growth has no "
            "value; expected a hub whose columns are round, target, horizon, end and location"
        )
    return found


def _levels(task: ModelTask, its: Target, hub: Path) -> list[str]:
    """Return the levels of quantiles that a hub permits, ascending, as it writes them."""
    kinds = {**task.output_types}
    quantile = kinds.pop("quantile", None)
    others = [name for name, each in kinds.items() if each.is_required]
    if quantile is None or others:
        what = f"requires {listed(others)}" if others else f"takes {listed(kinds)}"
        raise DataError(
            f"{hub}: growth forecasts quantiles of {its.id!r}, and the hub {what}; expected "
            "another target"
        )
    return sorted(quantile.ids.permitted, key=float)


def _weeks(
    known: Hub, round_: Round, task: ModelTask, its: Target, day: date, series: pd.DataFrame
) -> tuple[date, dict[int, date]]:
    """Return the end of the last week that is used, and those of the horizons that are forecast.

    They are the horizons from 0 on that the hub permits, up to :data:`HORIZONS` weeks after the
    last week. This is before the reference date and before horizon 0. If horizon 0 itself ended
    before the reference date and is not required, it is the last week: RespiCast counts horizons
    from the week of the last data (european-modelling-hubs/RespiCast-SyndromicIndicators, wiki,
    "Targets and horizons").
    """
    newest = None if series.empty else date.fromisoformat(series["target_end_date"].max())
    weekday = None if newest is None else newest.weekday()
    rule = find_horizon_rule(known, round_, task, its, weekday)
    required = task.columns[HORIZON].required if HORIZON in task.columns else ()
    first = 0 if rule.days >= 0 or "0" in required else 1
    last = min(rule.days % 7, rule.days + 7 * first) - 7
    highest = (last - rule.days) // 7 + HORIZONS
    found = [number for number in list_numbers(task) if first <= number <= highest]
    lacking = [each for each in required if each not in map(str, found)]
    if lacking or not found:
        what = f"requires horizon {listed(lacking)}" if lacking else "permits none of these"
        raise DataError(
            f"{known.folder.tasks}: growth forecasts horizons {first} to {highest} of {its.id!r}, "
            f"and the hub {what}; expected another target"
        )
    try:
        return day + timedelta(last), {number: rule.end(day, number) for number in found}
    except OverflowError:
        raise DataError(f"{day}: is no reference date; expected that of a round") from None


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
            f"{what}: has {newest}; expected the week that ends on {last}, the last before the "
            "forecast"
        )
    first = date.fromordinal(max(1, last.toordinal() - 7 * HISTORY))
    wide = series[days.between(str(first), str(last))].pivot_table(
        index="target_end_date", columns="location", values="observed"
    )
    ago = [(last - date.fromisoformat(text)).days for text in wide.index]
    if odd := [text for text, number in zip(wide.index, ago, strict=True) if number % 7]:
        raise DataError(
            f"{what}: has {odd[-1]}, a {date.fromisoformat(odd[-1]):%A}, and the week before the "
            f"forecast ends on a {last:%A}; expected one value for each week"
        )
    fractions = wide.to_numpy()[wide.to_numpy() % 1 > 0]
    if len(fractions):
        raise DataError(f"{what}: {fractions[-1]:g} is no count; expected whole numbers of persons")
    wide.index = pd.Index([number // 7 for number in ago])
    return wide.reindex(range(max(wide.index), -1, -1))


def _rows(
    quantiles: Array,
    places: Iterable[str],
    weeks: Mapping[int, date],
    levels: Sequence[str],
    same: Mapping[str, str],
) -> pd.DataFrame:
    """Return the rows of the places that have a forecast; ``same`` are columns of one value."""
    return pd.DataFrame(
        [
            {
                **same,
                "horizon": str(horizon),
                END_COLUMNS[0]: str(end),
                "location": place,
                "output_type": "quantile",
                "output_type_id": level,
                "value": float(np.rint(value)),
            }
            for place, of_place in zip(places, quantiles, strict=True)
            if not np.isnan(of_place).any()
            for (horizon, end), values in zip(weeks.items(), of_place, strict=True)
            for level, value in zip(levels, values, strict=True)
        ]
    )

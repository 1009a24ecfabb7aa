"""Which period a horizon is, and which weeks are a season's."""

from collections.abc import Sequence
from datetime import date, timedelta

from forecast_hub.config import flusight
from forecast_hub.config.hub import Hub, ModelTask, Round, Target
from forecast_hub.config.round_calendar import WEEK, lists_other_season, parse_dates
from forecast_hub.errors import HubError

END_COLUMNS = ("target_end_date", "target_date")
"""Task ids of the hubverse that say when the period of a horizon ends."""


def find_period_end(origin: date, horizon: int, target: Target, dates: Sequence[date]) -> date:
    """Return the end of a horizon's period.

    Where the origin is itself the end of a period, as in forecast hubs (a Saturday), horizon 0 is
    that period. Else, as in scenario hubs, whose rounds start on a Sunday, horizon 1 is the
    period that the origin is in. Source: FluSight-forecast-hub, model-output/README.md,
    "target_end_date"; flu-scenario-modeling-hub, model-output/README.md, "horizon".

    Parameters
    ----------
    origin
        The round's date.
    horizon
        In the time unit of the target.
    target
        Of the hub.
    dates
        Ends of the periods of the projection.

    Raises
    ------
    HubError
        If the time unit is none of weeks and days.
    """
    if target.time_unit == "day":
        return origin + timedelta(days=horizon)
    if target.time_unit != "week":
        raise HubError(
            f"target {target.id!r} is in steps of a {target.time_unit}; projections are weekly or "
            "daily"
        )
    to_end = timedelta(days=(dates[0] - origin).days % 7)
    first = horizon if not to_end else horizon - 1
    return origin + to_end + first * WEEK


def find_week_before(reference_date: date) -> date:
    """Return the week, by its last day, that FluSight's rate changes are measured from."""
    return reference_date - WEEK


def season_weeks(
    hub: Hub, round_: Round, reference_date: date, given: tuple[date, date] | None
) -> list[date]:
    """Return the weeks, by their last day, of which one is the season's peak.

    Those given; else those that ``tasks.json`` lists as the ids of a peak week, where they are of
    the round's season; else those of a past season of FluSight.

    Raises
    ------
    HubError
        If there are none.
    """
    if given is not None:
        return _every_week(*given)
    round_id = reference_date.isoformat()
    for task, target in round_.targets():
        output = task.output_types.get("pmf")
        weeks = None if output is None else parse_dates(output.ids.permitted)
        if weeks is None or output is None or not is_peak(target):
            continue
        if not lists_other_season(round_, round_id, output):
            return weeks
        past = flusight.find_season(reference_date) if target.id == flusight.PEAK_WEEK else None
        if past is not None and past.weeks is not None:
            return _every_week(*past.weeks)
        raise HubError(
            f"{hub.folder.tasks}: the weeks of {target.id!r} are {weeks[0]} to {weeks[-1]}, not "
            f"those of {round_id}'s season; expected the season's first and last week"
        )
    raise HubError(
        f"{hub.folder.tasks}: no target lists the season's weeks; expected the season's first and "
        "last week"
    )


def _every_week(first: date, last: date) -> list[date]:
    count = (last - first) // WEEK + 1
    return [first + n * WEEK for n in range(count)]


def is_peak(target: Target) -> bool:
    """Whether a target is the size or the time of a season's peak, by its name."""
    return not target.is_step_ahead and "peak" in target.id.lower()


def find_end_column(task: ModelTask) -> str | None:
    """Return the column that says when a horizon ends; None where there is none."""
    return next((name for name in END_COLUMNS if name in task.columns), None)

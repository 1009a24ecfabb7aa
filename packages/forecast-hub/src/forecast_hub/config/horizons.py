"""Compute the period of a horizon and the weeks of a season."""

from collections.abc import Sequence
from datetime import date, timedelta

from forecast_hub.config import flusight
from forecast_hub.config.hub import Hub, ModelTask, Round, Target
from forecast_hub.config.round_calendar import WEEK, lists_other_season, parse_dates
from forecast_hub.errors import HubError

END_COLUMNS = ("target_end_date", "target_date")
"""Task ids of the hubverse for the end of a horizon's period."""


def find_period_end(origin: date, horizon: int, target: Target, dates: Sequence[date]) -> date:
    """Return the end of a horizon's period.

    If the origin is the end of a period, as in forecast hubs (a Saturday), horizon 0 is that
    period. Otherwise horizon 1 is the period that contains the origin, as in scenario hubs, whose
    rounds start on a Sunday. Source: FluSight-forecast-hub, model-output/README.md,
    "target_end_date"; flu-scenario-modeling-hub, model-output/README.md, "horizon".

    Parameters
    ----------
    origin
        The round's date.
    horizon
        In the time unit of the target.
    target
        A target of the hub.
    dates
        Ends of the periods of the projection.

    Raises
    ------
    HubError
        If the time unit is neither a week nor a day.
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
    """Return the last day of the week with which FluSight's rate changes are compared."""
    return reference_date - WEEK


def find_season_weeks(
    hub: Hub, round_: Round, reference_date: date, given: tuple[date, date] | None
) -> list[date]:
    """Return the last days of the weeks that can be the season's peak.

    They are, in this order: the weeks given; the ids of a peak week in ``tasks.json``, if they
    are of the round's season; the weeks of a past season of FluSight.

    Raises
    ------
    HubError
        If none of these is known.
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
    """Whether a target is the size or the week of a season's peak, judged by its name."""
    return not target.is_step_ahead and "peak" in target.id.lower()


def find_end_column(task: ModelTask) -> str | None:
    """Return the column with the end of a horizon's period; None if there is none."""
    return next((name for name in END_COLUMNS if name in task.columns), None)

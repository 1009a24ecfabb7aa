"""Find the weeks of a season, and the week that rate changes are measured from."""

from datetime import date

from forecast_hub.config import flusight
from forecast_hub.config.hub import Hub, Round, Target
from forecast_hub.config.round_calendar import WEEK, lists_other_season, parse_dates
from forecast_hub.errors import HubError


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

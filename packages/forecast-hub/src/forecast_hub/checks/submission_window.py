"""Report the submission window, as a note: files are checked before and after it."""

from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from forecast_hub.config.hub import Hub, Round
from forecast_hub.dates import parse_date
from forecast_hub.findings import Finding


def check_window(hub: Hub, round_: Round, round_id: str, now: datetime | None) -> list[Finding]:
    """Report the round's submission window, and whether ``now`` is in it.

    Parameters
    ----------
    now
        A time with a time zone; None to report the window only.
    """
    days = _days(round_, round_id)
    if days is None:
        return []
    zone = _zone(hub.timezone)
    message = f"the hub takes files of this round from {days[0]} to {days[1]}"
    if hub.timezone:
        message += f" ({hub.timezone})" if zone else ", in UTC: the hub's timezone is unknown"
    zone = zone or UTC
    if now is not None:
        today = now.astimezone(zone).date()
        is_open = days[0] <= today <= days[1]
        when = "in this time" if is_open else "before it" if today < days[0] else "after it"
        message += f"; now ({now.astimezone(zone):%Y-%m-%d %H:%M}) is {when}"
    return [Finding("submission_time", message, "note")]


def _days(round_: Round, round_id: str) -> tuple[date, date] | None:
    start, end = round_.due.start, round_.due.end
    if isinstance(start, date) and isinstance(end, date):
        return start, end
    origin = parse_date(round_id) if round_.due.relative_to == round_.id_column else None
    if origin is None or isinstance(start, date) or isinstance(end, date):
        return None
    try:
        return origin + timedelta(days=start), origin + timedelta(days=end)
    except OverflowError:  # at the end of the calendar
        return None


def _zone(name: str | None) -> tzinfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (OSError, ZoneInfoNotFoundError, ValueError):
        return None

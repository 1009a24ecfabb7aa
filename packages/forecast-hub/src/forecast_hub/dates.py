"""Read dates of the calendar."""

from collections.abc import Iterable
from datetime import date


def parse_date(text: str) -> date | None:
    """Read ``YYYY-MM-DD``; None for any other text."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.isoformat() == text else None


def parse_dates(texts: Iterable[str]) -> list[date] | None:
    """Read dates and sort them; None if one of the texts is not a date, or there are none."""
    days = [parse_date(text) for text in texts]
    known = sorted(day for day in days if day is not None)
    return known if known and len(known) == len(days) else None

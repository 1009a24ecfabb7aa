"""Judge rounds and season weeks that a hub's ``tasks.json`` does not list.

A hub's ``tasks.json`` lists past rounds, but the weeks of the current season only. A file of
another season, or of a round between two listed seasons, is therefore judged by the pattern of the
listed dates. A warning says so, because a hub with this ``tasks.json`` refuses the file.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

from forecast_hub.config.hub import Hub, ModelTask, OutputType, Round, Values
from forecast_hub.dates import parse_date, parse_dates
from forecast_hub.findings import Finding

WEEK = timedelta(days=7)
_SEASONS_APART = timedelta(days=28)
_LONGEST_SEASON = timedelta(days=371)


def find_listed_season(round_id: str, ids: Iterable[str]) -> tuple[date, date] | None:
    """Return the first and last listed round of the season of ``round_id``.

    A break of four weeks separates two seasons.
    """
    day, days = parse_date(round_id), parse_dates(ids)
    if day is None or days is None or day not in days:
        return None
    first = last = days.index(day)
    while first > 0 and days[first] - days[first - 1] < _SEASONS_APART:
        first -= 1
    while last + 1 < len(days) and days[last + 1] - days[last] < _SEASONS_APART:
        last += 1
    return days[first], days[last]


def find_round(hub: Hub, round_id: str) -> tuple[Round, Finding | None]:
    """Return the round with an id; without one, the nearest round and a finding.

    The finding is a warning if the id is between two listed seasons of weekly rounds, on their
    day of the week. Otherwise it is an error.
    """
    known = hub.round(round_id)
    if known is not None:
        return known, None
    day = parse_date(round_id)
    rounds = [each for each in hub.rounds if each.id_column is not None and parse_dates(each.ids)]
    if day is None or not rounds:
        expected = f"expected one of {_shown(hub.round_ids)}"
        return hub.rounds[-1], Finding(
            "round_id_valid", f"there is no round {round_id!r}; {expected}"
        )
    nearest = min(rounds, key=lambda each: _distance(day, parse_dates(each.ids) or []))
    days = parse_dates(hub.round_ids) or parse_dates(nearest.ids) or []
    before = [each for each in days if each < day]
    after = [each for each in days if each > day]
    near = " and ".join(str(each) for each in (*before[-1:], *after[:1]))
    message = (
        f"round {round_id} is not listed in tasks.json; the nearest are {near}. A hub with this "
        "tasks.json refuses the file"
    )
    if before and after and _is_weekly(days) and (day - before[-1]) % WEEK == timedelta(0):
        judged = "its dates were judged by the pattern of those listed"
        return nearest, Finding("round_id_valid", f"{message}; {judged}", "warning")
    return nearest, Finding("round_id_valid", f"{message}; expected a round that is listed")


def _distance(day: date, days: Sequence[date]) -> timedelta:
    return min(abs(day - each) for each in days)


def _is_weekly(days: Sequence[date]) -> bool:
    steps = Counter(b - a for a, b in pairwise(days))
    weekday = {each.weekday() for each in days}
    return len(weekday) == 1 and bool(steps) and steps.most_common(1)[0][0] == WEEK


def _shown(ids: Sequence[str]) -> str:
    return ", ".join(ids) if len(ids) <= 6 else f"{ids[0]}, ..., {ids[-1]} ({len(ids)} in all)"


def permit_dates(task: ModelTask, column: str, given: Iterable[str]) -> ModelTask:
    """Permit in a column the given dates that have the weekday of the listed dates."""
    listed = task.columns[column].permitted
    days = parse_dates(listed)
    if days is None:
        return task
    weekdays = {day.weekday() for day in days}
    alike = [text for text in given if (day := parse_date(text)) and day.weekday() in weekdays]
    more = tuple(text for text in alike if text not in listed)
    old = task.columns[column]
    return replace(
        task, columns={**task.columns, column: Values(old.required, (*old.optional, *more))}
    )


def lists_other_season(round_: Round, round_id: str, output: OutputType) -> bool:
    """Whether the ids of an output type are dates, and not of the round's season."""
    listed, day = parse_dates(output.ids.permitted), parse_date(round_id)
    if listed is None or day is None or len(listed) < 2:
        return False
    season = find_listed_season(round_id, round_.ids)
    return season is None or season[1] < listed[0] or listed[-1] < season[0]


def adopt_season_weeks(
    task: ModelTask, output: OutputType, round_id: str, given: Sequence[str]
) -> tuple[OutputType, Finding | None]:
    """Use the weeks of a file as those of its season, if they are plausible.

    Parameters
    ----------
    task, output
        The task and output type of the peak week, with listed ids of another season.
    round_id
        A date.
    given
        The distinct ids in the file.

    Returns
    -------
    output
        With the weeks of the file as its ids; unchanged if they cannot be a season.
    finding
        A warning, or an error of the weeks; None if the listed ids are used.
    """
    listed, day = parse_dates(output.ids.permitted), parse_date(round_id)
    days = [each for each in map(parse_date, given) if each is not None]
    if listed is None or day is None or not days or set(days) <= set(listed):
        return output, None
    alike = sorted(
        each
        for each in days
        if each.weekday() == listed[0].weekday() and abs(each - day) <= _LONGEST_SEASON
    )
    if not alike:
        return output, None
    season = f"{listed[0]} to {listed[-1]}"
    ids = Values(required=tuple(str(each) for each in alike))
    weeks = replace(output, ids=ids)
    gaps = [a + WEEK for a, b in pairwise(alike) if b - a != WEEK]
    if gaps:
        return weeks, Finding(
            "valid_vals",
            f"the weeks of {task.title!r} are not consecutive: {gaps[0]} is missing; expected "
            "every week of the season",
        )
    return weeks, Finding(
        "valid_vals",
        f"tasks.json lists no weeks of {task.title!r} for this round, only {season}; the file's, "
        f"{alike[0]} to {alike[-1]}, are consecutive, but whether they are the season's cannot be "
        "told from it",
        "warning",
    )

"""Check the task ids of a submission, by which forecasts meet each other and what was observed."""

import logging
import re
from collections.abc import Callable, Collection, Iterable
from typing import Any

import pandas as pd

from forecast_hub.config.horizon_rule import HORIZON, HorizonRule, find_horizon_rule
from forecast_hub.config.hub import NA, Hub
from forecast_hub.dates import parse_date
from forecast_hub.errors import DataError, HubError
from forecast_hub.scoring.outcomes import TARGET
from forecast_hub.suggestions import did_you_mean, find_code_with_zeros, listed

log = logging.getLogger(__name__)

REFERENCE_DATE = "reference_date"
END = "target_end_date"

_TYPES = ("quantile", "pmf", "cdf", "sample", "mean", "median")
_WHOLE = re.compile(r"(?:-(?=[1-9]))?(?:0|[1-9]\d{0,5})", re.ASCII)
_MOST_DAYS = 28
"""Days between the reference date and the end of horizon 0, at most."""

_MONTH = (28, 31)
"""Days of the shortest and of the longest month."""

At = Callable[[Any], str]
"""Names the place of a row of a file, by its label in the frame."""


def check_forms(frame: pd.DataFrame, at: At, round_id: str) -> None:
    """Refuse values that are not written as hubs write them, and write horizons without ``.0``.

    Parameters
    ----------
    frame
        The submission, as text; ``value`` may be numbers.
    at
        See :data:`At`.
    round_id
        The round in the file's name. If it is a date, it is the reference date of all rows.

    Raises
    ------
    DataError
        If a value has spaces around it, an output type is unknown, a horizon is no whole number,
        a date is not ``YYYY-MM-DD``, or the reference date is not the one of the file's name.
    """
    for name in (each for each in frame.columns if each != "value"):
        for text, place in _places(frame, name, at):
            if text != text.strip():
                raise DataError(f"{place}: {name} {text!r} has spaces around it; expected none")
    for text, place in _places(frame, "output_type", at):
        if text not in _TYPES:
            raise DataError(
                f"{place}: output_type {text!r} is unknown{did_you_mean(text, _TYPES)}; expected "
                f"{listed(_TYPES)}"
            )
    if HORIZON in frame:
        frame[HORIZON] = frame[HORIZON].map(_written(_places(frame, HORIZON, at)))
    for name in (REFERENCE_DATE, END):
        for text, place in _places(frame, name, at):
            if parse_date(text) is None and (name, text) != (END, NA):
                raise DataError(f"{place}: {name} {text!r} is no date; expected YYYY-MM-DD")
    for text, place in _places(frame, REFERENCE_DATE, at):
        if text != round_id and parse_date(round_id) is not None:
            raise DataError(
                f"{place}: reference_date {text} is not {round_id}, the date in the file's name; "
                "expected the same"
            )


def _places(frame: pd.DataFrame, name: str, at: At) -> list[tuple[str, str]]:
    """Return each distinct value of a column, with the place where it is first."""
    if name not in frame:
        return []
    return [(str(text), at(label)) for label, text in frame[name].drop_duplicates().items()]


def _written(horizons: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return how each horizon is written as a whole number."""
    found = {}
    for text, place in horizons:
        whole = re.sub(r"\.0+$", "", text)
        if text != NA and _WHOLE.fullmatch(whole) is None:
            raise DataError(
                f"{place}: horizon {text!r} is no whole number in its usual form; expected one "
                "such as 1, without plus sign and leading zeros"
            )
        found[text] = whole
    return found


def check_values(frame: pd.DataFrame, at: At, hub: Hub, *, is_named: bool) -> None:
    """Refuse targets and locations that a hub writes otherwise or, in a named file, lacks.

    Other files of a hub may be of rounds with targets that it had then.

    Raises
    ------
    DataError
        Naming the value, and what the hub has in its place.
    """
    tasks = [task for each in hub.rounds for task in each.model_tasks]
    targets = [each for task in tasks for each in task.targets]
    places = [task.columns["location"].permitted for task in tasks if "location" in task.columns]
    permitted: dict[str, set[str]] = {
        TARGET: {each.keys.get(TARGET, each.id) for each in targets},
        "location": {place for each in places for place in each},
    }
    for name, known in permitted.items():
        for text, place in _places(frame, name, at) if known else ():
            if text in known:
                continue
            alike = _other_form(text, known)
            if not (is_named or alike):
                continue
            meant = f" (did you mean {alike}?)" if alike else did_you_mean(text, known)
            raise DataError(
                f"{place}: {name} {text!r} is none of the hub's{meant}; expected one of "
                f"{listed(sorted(known))}"
            )


def _other_form(text: str, known: Collection[str]) -> str | None:
    """Return the value that a text is but for letter case, spaces and leading zeros."""
    folded = " ".join(text.casefold().split()).removesuffix(".0")
    same = (each for each in sorted(known) if each.casefold() == folded)
    return next(same, None) or find_code_with_zeros(folded, known)


def check_periods(frame: pd.DataFrame, at: At, hub: Hub | None) -> None:
    """Refuse ends of periods that do not follow from reference date and horizon.

    The rule is the hub's: see :func:`forecast_hub.config.horizon_rule.find_horizon_rule`. Where it
    is not known, all rows of a target have one: horizons are weeks or days, and horizon 0 ends a
    number of days from the reference date. If these are whole weeks, a warning says so.

    Raises
    ------
    DataError
        Naming a row that has another rule.
    """
    keys = [TARGET, REFERENCE_DATE, HORIZON, END]
    if not {*keys} <= {*frame.columns}:
        return
    rows = frame[keys].drop_duplicates()
    rows = rows[(rows[HORIZON] != NA) & (rows[END] != NA)]
    days = {text: parse_date(text) for name in (REFERENCE_DATE, END) for text in rows[name]}
    numbers = {text: day.toordinal() for text, day in days.items() if day is not None}
    rows = rows.assign(
        number=rows[HORIZON].astype(int),
        gap=rows[END].map(numbers) - rows[REFERENCE_DATE].map(numbers),
    )
    for target, part in rows.groupby(TARGET):
        _check_periods_of(str(target), part, at, hub)


def refuse_other_ends(rows: pd.DataFrame, model: str) -> None:
    """Refuse two ends of one horizon: both would stand in an ensemble, each of some members.

    Parameters
    ----------
    rows
        Forecasts of several models.
    model
        The column with their names.

    Raises
    ------
    DataError
        Naming two models, and the end that each has.
    """
    same = [TARGET, REFERENCE_DATE, HORIZON]
    if not {*same, END} <= {*rows.columns}:
        return
    dated = rows[(rows[HORIZON] != NA) & (rows[END] != NA)]
    ends = dated.drop_duplicates([*same, END]).sort_values([*same, END])
    others = ends[ends.duplicated(same, keep=False)]
    if len(others):
        one, two = others.iloc[0], others.iloc[1]
        raise DataError(
            f"{', '.join(f'{name} {one[name]}' for name in same)}: {END} is {one[END]} in "
            f"{one[model]} and {two[END]} in {two[model]}; expected the same of every member"
        )


def _check_periods_of(target: str, rows: pd.DataFrame, at: At, hub: Hub | None) -> None:
    rule = None if hub is None else _find_rule(hub, target, str(rows[REFERENCE_DATE].iloc[0]))
    if rule is not None:
        days = rows["gap"] - rule.step * rows["number"]
        _refuse_others(target, days, rule.days, rule.source, at)
        return
    found = [rows["gap"] - step * rows["number"] for step in (7, 1)]
    one = next((each for each in found if each.min() == each.max()), None)
    days = min(found, key=lambda each: len(each.unique())) if one is None else one
    if (one is None or days.abs().max() > _MOST_DAYS) and _are_months(rows):
        return
    _refuse_others(target, days, int(days.mode().iloc[0]), "most rows of the file", at)
    first = int(days.iloc[0])
    if abs(first) > _MOST_DAYS:
        raise DataError(
            f"{at(days.index[0])}: {END} of {target!r}: horizon 0 ends {_said(first)} the "
            "reference date; expected a date near it"
        )
    if one is found[0] and first and first % 7 == 0:
        log.warning(
            "%s: horizon 0 of %r ends %s the reference date; hubs whose weeks end on the weekday "
            "of the reference date count from it: expected --hub with the hub's folder to check",
            *(at(days.index[0]), target, _said(first)),
        )


def _refuse_others(target: str, days: pd.Series, expected: int, source: str, at: At) -> None:
    others = days[days != expected]
    if len(others):
        off = int(others.iloc[0]) - expected
        raise DataError(
            f"{at(others.index[0])}: {END} of {target!r} is {_counted(off)} "
            f"{'late' if off > 0 else 'early'}: horizon 0 ends {_said(int(others.iloc[0]))} the "
            f"reference date; expected {_said(expected)} it, by {source}"
        )


def _said(days: int) -> str:
    return f"{_counted(days)} {'after' if days > 0 else 'before'}" if days else "on"


def _counted(days: int) -> str:
    return f"{abs(days)} {'day' if abs(days) == 1 else 'days'}"


def _are_months(rows: pd.DataFrame) -> bool:
    """Whether each horizon ends a month after the one before it."""
    ends = rows.drop_duplicates("number").sort_values("number")
    apart = ends["gap"].diff()[1:] / ends["number"].diff()[1:]
    return bool(apart.between(*_MONTH).all())


def _find_rule(hub: Hub, target: str, day: str) -> HorizonRule | None:
    """Return the rule of a target in the round of a day, else in one like it; None if unknown."""
    given = hub.round(day)
    for round_ in [*([given] if given else []), *hub.rounds]:
        for task, each in round_.targets():
            if each.keys.get(TARGET, each.id) == target:
                try:
                    return find_horizon_rule(hub, round_, task, each)
                except HubError:
                    return None
    return None

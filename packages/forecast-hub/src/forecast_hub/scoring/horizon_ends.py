"""Check that the ends of horizons follow from the reference date, by one rule in all files."""

import logging
from collections.abc import Iterable
from pathlib import Path
from weakref import WeakKeyDictionary

import pandas as pd

from forecast_hub.config.horizon_rule import HORIZON, HorizonRule, find_horizon_rule
from forecast_hub.config.hub import NA, Hub, Round
from forecast_hub.dates import parse_date
from forecast_hub.errors import DataError, HubError
from forecast_hub.scoring.outcomes import TARGET
from forecast_hub.scoring.task_ids import END, REFERENCE_DATE, At

log = logging.getLogger(__name__)

_MOST_DAYS = 28
"""Days between the reference date and the end of horizon 0, at most."""

_MONTH = (28, 31)
"""Days of the shortest and of the longest month."""


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
    for target, part in _periods(frame).groupby(TARGET):
        _check_periods_of(str(target), part, at, hub)


def _periods(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the periods of a file, each once, with ``gap``, their days from the reference date."""
    keys = [TARGET, REFERENCE_DATE, HORIZON, END]
    if not {*keys} <= {*frame.columns}:
        return pd.DataFrame(columns=[*keys, "day"])
    rows = frame[keys].drop_duplicates()
    rows = rows[(rows[HORIZON] != NA) & (rows[END] != NA)]
    days = {text: parse_date(text) for name in (REFERENCE_DATE, END) for text in rows[name]}
    numbers = {text: day.toordinal() for text, day in days.items() if day is not None}
    return rows.assign(
        number=rows[HORIZON].astype(int),
        gap=rows[END].map(numbers) - rows[REFERENCE_DATE].map(numbers),
        day=rows[REFERENCE_DATE].map(numbers),
    )


def refuse_other_rules(files: Iterable[tuple[Path, pd.DataFrame]]) -> None:
    """Refuse files whose horizons are other periods: their scores by horizon do not compare.

    Files of one reference date end a horizon on one day. Those of other dates on the same weekday
    may end it on another weekday, but not whole weeks apart. Months are not compared.

    Parameters
    ----------
    files
        Each file with its forecasts, checked by :func:`check_periods`.

    Raises
    ------
    DataError
        Naming two files, and when horizon 0 ends in each.
    """
    known: dict[tuple[str, int, bool], dict[_Rule, Path]] = {}
    for path, frame in files:
        for (name, _), rows in _periods(frame).groupby([TARGET, "day"]):
            if (rule := _rule(rows)) == (None, None):
                continue
            day = int(rows["day"].iloc[0])
            for key in ((str(name), day, True), (str(name), day % 7, False)):
                others = known.setdefault(key, {})
                for other, its_path in others.items():
                    if _contradict(rule, other, on_one_date=key[2]):
                        raise DataError(
                            f"{path}: {name!r}: {_told(rule)}; in {its_path}: {_told(other)}; "
                            "expected the same in files that are scored together: correct one of "
                            "them, or score it by itself"
                        )
                others.setdefault(rule, path)


_Rule = tuple[int | None, int | None]
"""Days from the reference date to the end of horizon 0, if horizons are weeks, and if days."""


def _rule(rows: pd.DataFrame) -> _Rule:
    found = [(rows["gap"] - step * rows["number"]).unique() for step in (7, 1)]
    weeks, days = (int(each[0]) if len(each) == 1 else None for each in found)
    return weeks, days


def _contradict(rule: _Rule, other: _Rule, *, on_one_date: bool) -> bool:
    both = zip(rule, other, strict=True)
    apart = [one - two for one, two in both if one is not None and two is not None]
    return 0 not in apart and (on_one_date or any(days % 7 == 0 for days in apart[:1]))


def _told(rule: _Rule) -> str:
    weeks, days = rule
    first = days if weeks is None else weeks
    step = "days" if weeks is None else "weeks"
    return f"horizons are {step}, and horizon 0 ends {_said(first or 0)} the reference date"


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
    """Return the rule of a target in the round of a day, else in one like it; None if unknown.

    It is asked for with every file, and the hub's own files are read for it.
    """
    known, given = _RULES.setdefault(hub, {}), hub.round(day)
    key = target, "" if given is None else given.key
    if key not in known:
        known[key] = _look_up_rule(hub, target, [*([given] if given else []), *hub.rounds])
    return known[key]


def _look_up_rule(hub: Hub, target: str, rounds: Iterable[Round]) -> HorizonRule | None:
    for round_ in rounds:
        for task, each in round_.targets():
            if each.keys.get(TARGET, each.id) == target:
                try:
                    return find_horizon_rule(hub, round_, task, each)
                except HubError:
                    return None
    return None


_RULES: WeakKeyDictionary[Hub, dict[tuple[str, str], HorizonRule | None]] = WeakKeyDictionary()
"""The rules that were found, by the target and the key of the round."""

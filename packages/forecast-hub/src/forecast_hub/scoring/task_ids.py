"""Check the task ids of a submission, by which forecasts meet each other and what was observed."""

import re
from collections.abc import Callable, Collection, Iterable
from typing import Any

import pandas as pd

from forecast_hub.config.horizon_rule import HORIZON
from forecast_hub.config.hub import NA, Hub
from forecast_hub.dates import parse_date
from forecast_hub.errors import DataError
from forecast_hub.scoring.outcomes import TARGET
from forecast_hub.suggestions import did_you_mean, find_code_with_zeros, listed

REFERENCE_DATE = "reference_date"
END = "target_end_date"

_TYPES = ("quantile", "pmf", "cdf", "sample", "mean", "median")
_WHOLE = re.compile(r"(?:-(?=[1-9]))?(?:0|[1-9]\d{0,5})", re.ASCII)
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

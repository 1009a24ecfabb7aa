"""Define the types of the values in an experiment: dates, numbers, expressions and names."""

import keyword
import math
import re
from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from epyflow.errors import ExpressionError
from epyflow.experiment.format import expressions
from epyflow.population.age_groups import MOST
from epyflow.strict import Many, Strict, refuse, shown
from forecast_hub.config.units import EXAMPLES, parse_unit
from forecast_hub.yaml_mistakes import lookalike

T = TypeVar("T")


YEARS = range(1700, 2201)
"""Years whose days pandas can represent to the nanosecond, rounded to whole centuries."""


def as_date(value: Any) -> date:
    """Read a YAML date or its text; refuse a time of day."""
    day = value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        try:
            day = date.fromisoformat(value)
        except ValueError as error:
            raise refuse(
                f"{value!r} is not a day of the calendar ({error}); expected YYYY-MM-DD"
            ) from None
    if not isinstance(day, date) or isinstance(day, datetime):
        sign = lookalike(value) if isinstance(value, str) else ""
        raise refuse(f"{shown(value)} is not a date; expected YYYY-MM-DD{sign and '; '}{sign}")
    if day.year not in YEARS:
        raise refuse(f"{day} is out of range; expected a year from {YEARS[0]} to {YEARS[-1]}")
    return day


RELATIVE = "^(today|next|reference date|last observation|season [0-9]{2}-[0-9]{2})( .+)?$"
"""Dates that :mod:`epyflow.experiment.relative_dates` replaces; for editors."""

_DATE_OR_RELATIVE = {
    "anyOf": [{"type": "string", "format": "date"}, {"type": "string", "pattern": RELATIVE}]
}
Date = Annotated[date, BeforeValidator(as_date), WithJsonSchema(_DATE_OR_RELATIVE)]


LARGEST = float(MOST)
"""Of a number, as of those in data; the product of 25 such numbers is finite."""


def as_number(value: Any) -> float:
    """Read a number, or arithmetic such as ``1/1.5``, of at most :data:`LARGEST`."""
    number = as_finite(value)
    if abs(number) > LARGEST:
        raise refuse(f"{shown(value)} is out of range; expected a number from -1e12 to 1e12")
    return number


def as_finite(value: Any) -> float:
    """Read a number, or arithmetic such as ``1/1.5``, of any size."""
    if isinstance(value, str):
        try:
            return expressions.number(value)
        except ExpressionError as error:
            raise refuse(str(error)) from None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refuse(
            f"{shown(value)} is not a number; expected a number or arithmetic such as 1/1.5"
        )
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise refuse(f"{shown(value)} is not a finite number; expected one up to 1e12")
    return number


_NUMBER_OR_TEXT = {"anyOf": [{"type": "number"}, {"type": "string"}]}
Number = Annotated[float, BeforeValidator(as_number), WithJsonSchema(_NUMBER_OR_TEXT)]
Tolerance = Annotated[
    float, BeforeValidator(as_finite), WithJsonSchema(_NUMBER_OR_TEXT), Field(gt=0)
]


def as_expression(value: Any) -> str | float:
    """Read a number, or an expression of parameters such as ``beta*(1-VE)``."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise refuse(f"{shown(value)} is not an expression; expected {expressions.ALLOWED}")
    if not isinstance(value, str):
        return as_number(value)
    try:
        expression = expressions.parse(value)
    except ExpressionError as error:
        raise refuse(str(error)) from None
    for number in (value,) if not expression.names else expression.numbers:
        as_number(number)
    return expression.text


ExpressionText = Annotated[
    str | float, BeforeValidator(as_expression), WithJsonSchema(_NUMBER_OR_TEXT)
]


def parsed(value: str | float) -> expressions.Expression:
    """Parse what an :data:`ExpressionText` holds."""
    return expressions.parse(value if isinstance(value, str) else repr(value))


MAX_STEPS = 1_000_000
"""Steps of a simulation."""

MAX_COUNT = 10_000_000
Count = Annotated[int, Field(ge=1, le=MAX_COUNT)]
"""A number of things to simulate; the limit catches typing errors."""

_ID = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
RESERVED = ("eigenvalue", *expressions.FUNCTIONS)


def _as_id(value: Any) -> str:
    if isinstance(value, str) and _ID.fullmatch(value) and "_to_" not in f"_{value}_":
        return value
    raise refuse(
        f"{shown(value)} cannot name a compartment; expected a letter, then letters, digits, '_', "
        "'-' or '.', without 'to' between underscores (it separates source and target in the "
        "tables)" + _quote_hint(value)
    )


def _as_name(value: Any) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value) or keyword.iskeyword(value):
        raise refuse(
            f"{shown(value)} cannot name a parameter; expected a letter or '_', then letters, "
            "digits or '_', and no keyword of Python such as lambda, so that expressions can use it"
            + _quote_hint(value)
        )
    if value in RESERVED:
        raise refuse(f"{value!r} has a meaning in expressions; expected another name")
    return value


def _quote_hint(value: Any) -> str:
    return ": quote it (YAML reads NO as false)" if isinstance(value, bool) else ""


CompartmentId = Annotated[str, BeforeValidator(_as_id)]
ParameterName = Annotated[str, BeforeValidator(_as_name)]
Text = Annotated[str, Field(min_length=1)]


def _as_unit(value: Any) -> str:
    """Read the words for a unit; return those that epyflow writes."""
    unit = parse_unit(value) if isinstance(value, str) else None
    if unit is None:
        raise refuse(f"{shown(value)} is no unit; expected one such as {', '.join(EXAMPLES)}")
    return str(unit)


UnitWords = Annotated[str, BeforeValidator(_as_unit), WithJsonSchema({"type": "string"})]


def _as_text_or_number(value: Any) -> str | int | float:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return value
    raise refuse(f"{shown(value)} is not text; expected text or a number")


def _as_day_or_text(value: Any) -> str:
    return str(value) if isinstance(value, date) else str(_as_text_or_number(value))


_TextOrNumber = Annotated[
    str | int | float, BeforeValidator(_as_text_or_number), WithJsonSchema(_NUMBER_OR_TEXT)
]


class Meta(Strict):
    """Free text about a file; copied to the run's metadata."""

    description: str | None = Field(default=None, description="What the file is for.")
    author: str | None = Field(default=None, description="Who wrote it.")
    version: _TextOrNumber | None = Field(
        default=None, description="Its version; text or a number."
    )
    date: (
        Annotated[str, BeforeValidator(_as_day_or_text), WithJsonSchema(_NUMBER_OR_TEXT)] | None
    ) = Field(default=None, description="Its date.")
    id: _TextOrNumber | None = Field(default=None, description="Its id.")


def find_duplicate(names: Iterable[T]) -> T | None:
    """Return the first name that occurs a second time; None if each occurs once."""
    seen: set[T] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


def _each_once(items: tuple[T, ...]) -> tuple[T, ...]:
    if (item := find_duplicate(items)) is not None:
        raise refuse(f"{item} is listed twice; expected it once")
    return items


Distinct = Annotated[Many[T], AfterValidator(_each_once)]
"""A YAML list whose items differ."""


def refuse_double_count(simulation: Iterable[str]) -> None:
    """Refuse a sum that lists a series twice."""
    if (name := find_duplicate(simulation)) is not None:
        raise refuse(
            f"simulation lists {name!r} twice; expected it once: it would be counted twice"
        )

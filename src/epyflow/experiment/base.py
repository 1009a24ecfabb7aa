"""What every part of the format is made of: the strict base class and the types of YAML values."""

import re
from datetime import date, datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from epyflow.experiment import expressions

T = TypeVar("T")


class Strict(BaseModel):
    """Base of every config model: a misspelt key is an error, not a default."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
    )


def refuse(what: str) -> PydanticCustomError:
    """Make an error whose message pydantic passes on as it is."""
    return PydanticCustomError("epyflow", "{what}", {"what": what})


Many = Annotated[tuple[T, ...], Field(strict=False)]
"""A YAML list; its items stay strict."""


def as_date(value: Any) -> date:
    """Read a YAML date or its text; refuse a time of day."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise refuse(f"{value!r} is not a day of the calendar: {error}") from None
    raise refuse(f"{value!r} is not a date; expected YYYY-MM-DD")


Date = Annotated[date, BeforeValidator(as_date)]


def as_number(value: Any) -> float:
    """Read a number, or arithmetic such as ``1/1.5``."""
    if isinstance(value, str):
        try:
            return expressions.number(value)
        except expressions.ExpressionError as error:
            raise refuse(str(error)) from None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refuse(f"{value!r} is not a number; expected a number or arithmetic such as 1/1.5")
    try:
        return float(value)
    except OverflowError:
        raise refuse("the number is too large; expected one below 1.8e308") from None


_NUMBER_OR_TEXT = {"anyOf": [{"type": "number"}, {"type": "string"}]}
Number = Annotated[float, BeforeValidator(as_number), WithJsonSchema(_NUMBER_OR_TEXT)]


def as_expression(value: Any) -> str | float:
    """Read a number, or an expression of parameters such as ``beta*(1-VE)``."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise refuse(f"{value!r} is not an expression; expected {expressions.ALLOWED}")
    if not isinstance(value, str):
        return as_number(value)
    try:
        return expressions.parse(value).text
    except expressions.ExpressionError as error:
        raise refuse(str(error)) from None


ExpressionText = Annotated[
    str | float, BeforeValidator(as_expression), WithJsonSchema(_NUMBER_OR_TEXT)
]


def parsed(value: str | float) -> expressions.Expression:
    """Parse what an :data:`ExpressionText` holds."""
    return expressions.parse(value if isinstance(value, str) else repr(value))


_ID = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
RESERVED = ("eigenvalue", *expressions.FUNCTIONS)


def _as_id(value: Any) -> str:
    if isinstance(value, str) and _ID.fullmatch(value) and "_to_" not in value:
        return value
    raise refuse(
        f"{value!r} cannot name a compartment; expected a letter, then letters, digits, '_', '-' "
        "or '.', without '_to_' (which separates source and target in the tables)"
    )


def _as_name(value: Any) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise refuse(
            f"{value!r} cannot name a parameter; expected a letter or '_', then letters, digits "
            "or '_', so that expressions can use it"
        )
    if value in RESERVED:
        raise refuse(f"{value!r} has a meaning in expressions; choose another name")
    return value


CompartmentId = Annotated[str, BeforeValidator(_as_id)]
ParameterName = Annotated[str, BeforeValidator(_as_name)]
Text = Annotated[str, Field(min_length=1)]


class Meta(Strict):
    """Free text about a file; copied to the run's metadata."""

    description: str | None = None
    author: str | None = None
    version: str | int | float | None = None
    date: Annotated[str, BeforeValidator(str)] | None = None
    id: str | int | None = None

"""Translate the errors of pydantic into terms of YAML."""

import re
from datetime import date
from typing import TYPE_CHECKING, Any

from pydantic_core import ErrorDetails

from epyflow.strict import shown
from epyflow.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

_KINDS = {
    "bool_type": "true or false",
    "dict_type": "a mapping (key: value)",
    "finite_number": "a finite number",
    "float_type": "a number",
    "int_from_float": "a whole number",
    "int_type": "a whole number",
    "list_type": "a list",
    "model_attributes_type": "a mapping (key: value)",
    "model_type": "a mapping (key: value)",
    "string_type": "text",
    "tuple_type": "a list",
}

_LONGEST = 100
"""Characters of a list that advice writes out."""
_NUMBER = re.compile(r"(0|[1-9][0-9]{0,8})(\.[0-9]{1,9})?")
_BOUNDS = {
    "greater_than": ("gt", "is too small; expected a number above {}"),
    "greater_than_equal": ("ge", "is too small; expected {} or more"),
    "less_than": ("lt", "is too large; expected a number below {}"),
    "less_than_equal": ("le", "is too large; expected {} or less"),
}


def in_words(details: ErrorDetails) -> str:
    """Return pydantic's error as ``what is wrong; what is expected``.

    Parameters
    ----------
    details
        From :meth:`pydantic.ValidationError.errors`.
    """
    kind, given = details["type"], details["input"]
    context: Mapping[str, Any] = details.get("ctx", {})
    if kind == "epyflow":
        return details["msg"]
    if kind in _KINDS:
        if details["loc"][:-1] == ("parameters",) and isinstance(given, str | int | float):
            return (
                f"{shown(given)} is not a parameter; expected, for example, "
                f"{{type: scalar, value: {shown(given)}}}"
            )
        return _of_another_kind(kind, given)
    if kind in _BOUNDS:
        key, text = _BOUNDS[kind]
        return f"{shown(given)} {text.format(_number(context[key]))}"
    if kind == "literal_error":
        expected = str(context["expected"])
        choices = [choice.strip("'") for choice in expected.replace(" or ", ", ").split(", ")]
        near = did_you_mean(given, choices) if isinstance(given, str) else ""
        return f"{shown(given)} is not among the choices{near}; expected {expected}"
    if kind in ("too_short", "string_too_short"):
        return (
            "empty; expected at least one entry" if kind == "too_short" else "empty; expected text"
        )
    return f"{shown(given)} is not valid: {details['msg']}"


def _number(bound: float) -> str:
    return f"{bound:,}" if isinstance(bound, int) else f"{bound:g}"


def _of_another_kind(kind: str, given: object) -> str:
    message = f"{shown(given)} is not {_KINDS[kind]}; expected {_KINDS[kind]}"
    if kind in ("int_type", "float_type") and isinstance(given, str) and _NUMBER.fullmatch(given):
        return f"{message}: write {given} without quotation marks"
    if kind == "int_type" and isinstance(given, float) and given.is_integer():
        return f"{message}: write {given:.0f}"
    if kind == "string_type" and isinstance(given, bool):
        return f"{message}: quote it (YAML reads NO, ON and YES as true or false)"
    if kind == "string_type" and isinstance(given, int | float | date):
        return f"{message}: quote it"
    if kind == "tuple_type" and isinstance(given, str | int | float):
        return f"{message}{_as_list(given)}"
    return message


def _as_list(given: str | float) -> str:
    """Advise how to write a value as a list; texts may be several, in part of the brackets."""
    items = given.strip("[] ") if isinstance(given, str) else ""
    if not items or (items == given and "," not in given):
        return f", such as [{shown(given)}]"
    whole = f"[{items}]"
    return f": write {whole}" if len(whole) <= _LONGEST else ": write it between [ and ]"

"""Say what is wrong with a value in the words of those who write YAML."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from pydantic_core import ErrorDetails

from forecast_hub.suggestions import did_you_mean

_LONGEST = 60

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

_BOUNDS = {
    "greater_than": ("gt", "is too small; expected a number above {}"),
    "greater_than_equal": ("ge", "is too small; expected {} or more"),
    "less_than": ("lt", "is too large; expected a number below {}"),
    "less_than_equal": ("le", "is too large; expected {} or less"),
}


def shown(value: object) -> str:
    """Write a value as it stands in YAML; a long one is cut, a collection only named."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple) and any(isinstance(item, list | Mapping) for item in value):
        return "a list"
    text = str(value) if isinstance(value, date) else _repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _repr(value: object) -> str:
    try:
        return repr(value)
    except ValueError:  # Python writes out no whole number of more than 4,300 digits
        return "a number of thousands of digits"


def in_words(details: ErrorDetails) -> str:
    """Return pydantic's error as ``what is wrong; what is expected``.

    Parameters
    ----------
    details
        From :meth:`pydantic.ValidationError.errors`.
    """
    kind, given = details["type"], details["input"]
    context: Mapping[str, Any] = details.get("ctx", {})
    if kind in _KINDS:
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
    if kind == "string_type" and isinstance(given, bool):
        return f"{message}: quote it (YAML reads NO, ON and YES as true or false)"
    if kind == "string_type" and isinstance(given, int | float | date):
        return f"{message}: quote it"
    if kind == "tuple_type" and isinstance(given, str | int | float):
        return f"{message}, such as [{shown(given)}]"
    return message


def dotted(location: Iterable[str | int]) -> str:
    """Write a location as ``a.b[0].c``."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")

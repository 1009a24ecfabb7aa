"""Say what is wrong with a key of a configuration: ``key: what is wrong; what is expected``."""

from collections.abc import Iterable, Mapping
from typing import Any

from forecast_hub.suggestions import did_you_mean

_LONGEST = 60

_TYPES = {
    "bool": "true or false",
    "dict": "an object",
    "finite_number": "a finite number",
    "float": "a number",
    "int": "a whole number",
    "list": "a list",
    "model": "an object",
    "string": "text",
}


def format_location(location: Iterable[str | int]) -> str:
    """Write a location as ``a.b[0].c``."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")


def describe_error(kind: str, given: object, context: Mapping[str, Any], message: str) -> str:
    """Write pydantic's error as ``what is wrong; what is expected``.

    Parameters
    ----------
    kind, given, context, message
        ``type``, ``input``, ``ctx`` and ``msg`` of an entry of
        :meth:`pydantic.ValidationError.errors`.
    """
    if (expected := _TYPES.get(kind.removesuffix("_type"))) is not None:
        return f"{_shown(given)} is not {expected}; expected {expected}"
    if kind == "greater_than_equal":
        return f"{_shown(given)} is too small; expected {context['ge']} or more"
    if kind == "literal_error":
        names = str(context["expected"])
        choices = [choice.strip("'") for choice in names.replace(" or ", ", ").split(", ")]
        near = did_you_mean(given, choices) if isinstance(given, str) else ""
        return f"{_shown(given)} is not among the choices{near}; expected {names}"
    if kind == "too_short":
        return "empty; expected at least one entry"
    return f"{_shown(given)} is not valid: {message.removeprefix('Value error, ')}"


def _shown(value: object) -> str:
    """Write a value; a long one is cut, a collection only named."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."

"""Define the base class of validated settings, and write values in error messages."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from epyflow.files import LONGEST_NAME

T = TypeVar("T")

IMAGE_BY_DIGEST = r"[A-Za-z0-9][A-Za-z0-9._:/-]*@sha256:[0-9a-f]{64}"
"""A container image that is named by its digest; it begins as no option of a command does."""

_LONGEST = 60


class Strict(BaseModel):
    """Base of every config model: a misspelt key is an error, not a default.

    A key without a value (``label:``) is read as if it were not there.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
    )

    @model_validator(mode="before")
    @classmethod
    def _empty_is_absent(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {k: v for k, v in data.items() if v is not None or k not in cls.model_fields}


def refuse(what: str) -> PydanticCustomError:
    """Return an error whose message pydantic leaves unchanged."""
    return PydanticCustomError("epyflow", "{what}", {"what": what})


Many = Annotated[tuple[T, ...], Field(strict=False)]
"""A YAML list; its items are validated strictly."""


def shown(value: object) -> str:
    """Write a value as in YAML; a long one is cut, a collection is only named."""
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


_LONGEST_PART, _LONGEST_PATH = 255, 4096
"""Bytes of the name of a file, and of a path, on Linux."""


def _as_path(value: str) -> str:
    longest = max(len(part.encode("utf-8", "replace")) for part in value.split("/"))
    if longest > _LONGEST_PART or "\0" in value:
        raise refuse(
            f"a name in it has {longest:,} bytes or a NUL character; expected names of at most "
            f"{_LONGEST_PART} bytes"
        )
    if (length := len(value.encode("utf-8", "replace"))) >= _LONGEST_PATH:
        raise refuse(f"has {length:,} bytes; expected a path of fewer than {_LONGEST_PATH:,}")
    return value


def _as_short_name(value: str) -> str:
    most = LONGEST_NAME // 2  # two of them are in the name of a file
    if len(value) > most or re.fullmatch("[A-Za-z0-9_]+", value) is None:
        raise refuse(
            f"{shown(value)} cannot be in a file name; expected at most {most} letters, digits "
            "and '_'"
        )
    return value


PathText = Annotated[str, Field(min_length=1), AfterValidator(_as_path)]
ShortName = Annotated[str, Field(min_length=1), AfterValidator(_as_short_name)]

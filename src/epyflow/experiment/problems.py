"""Problems found in an experiment, each with its place: ``file:line: path.to.key: what``."""

import types
import typing
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from epyflow.experiment.source import Document, Location
from epyflow.nearest import did_you_mean, listed

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, or probably not meant.

    Attributes
    ----------
    file
        The file it is in; a folder where a file is missing.
    line
        From 1.
    key
        Path to the key, such as ``model.parameters.beta.value``; empty for the file as a whole.
    message
        What is wrong; what is expected.
    severity
        A warning does not stop a run unless strictness is asked for.
    """

    file: Path
    line: int
    key: str
    message: str
    severity: Severity = "error"

    def __str__(self) -> str:
        key = f"{self.key}: " if self.key else ""
        mark = "warning: " if self.severity == "warning" else ""
        return f"{self.file}:{self.line}: {key}{mark}{self.message}"

    def as_dict(self) -> dict[str, object]:
        """Return plain values, for JSON."""
        return asdict(self) | {"file": str(self.file)}


def dotted(location: Iterable[str | int]) -> str:
    """Write a location as ``a.b[0].c``."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")


def problem_at(
    document: Document, location: Location, message: str, severity: Severity = "error"
) -> Problem:
    """Place a message at a location of a document."""
    return Problem(
        document.path, document.line(location), dotted(location), message, severity
    )


def from_validation(
    error: ValidationError, document: Document, prefix: Location, root: type[BaseModel]
) -> list[Problem]:
    """Turn pydantic's errors into problems with file, line and key."""
    problems = []
    for details in error.errors(include_url=False):
        inside = _without_tags(details["loc"], document, prefix)
        message = _message(details, inside, root)
        problems.append(problem_at(document, (*prefix, *inside), message))
    return problems


def _without_tags(
    location: tuple[str | int, ...], document: Document, prefix: Location
) -> tuple[str | int, ...]:
    """Drop the parts that pydantic adds for itself: union tags and ``[key]``."""
    kept: tuple[str | int, ...] = ()
    for position, part in enumerate(location):
        last = position == len(location) - 1
        if part != "[key]" and (document.has((*prefix, *kept, part)) or (last and kept != location)):
            kept = (*kept, part)
    return kept


def _message(
    details: ErrorDetails, location: tuple[str | int, ...], root: type[BaseModel]
) -> str:
    kind, context = details["type"], details.get("ctx", {})
    if kind == "extra_forbidden":
        valid = _keys_at(root, location[:-1], details["loc"])
        return (
            f"unknown key {location[-1]!r}{did_you_mean(str(location[-1]), valid)}"
            + (f"; expected one of {listed(valid)}" if valid else "")
        )
    if kind == "missing":
        return f"missing; expected a value for {location[-1]!r}"
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        key = str(context.get("discriminator", "'type'")).strip("'")
        tags = context.get("expected_tags")
        found = f"{key} is {context['tag']!r}" if "tag" in context else f"{key} is missing"
        return f"{found}; expected {key}: one of {tags or _tags_at(root, details['loc'])}"
    if kind == "epyflow":
        return details["msg"]
    given = details["input"]
    shown = f" (found {given!r})" if isinstance(given, str | int | float | bool | None) else ""
    return details["msg"][0].lower() + details["msg"][1:] + shown


def _tags_at(root: type[BaseModel], location: tuple[str | int, ...]) -> str:
    models = _models_at(root, location)
    tags: list[str] = []
    for model in models:
        for field in ("type", "name"):
            if field in model.model_fields:
                tags += [str(tag) for tag in typing.get_args(model.model_fields[field].annotation)]
    return ", ".join(dict.fromkeys(tags))


def _keys_at(
    root: type[BaseModel], location: tuple[str | int, ...], raw: tuple[str | int, ...]
) -> list[str]:
    models = _models_at(root, location)
    tagged = [
        model
        for model in models
        if any(
            field in model.model_fields
            and set(typing.get_args(model.model_fields[field].annotation)) & set(raw)
            for field in ("type", "name")
        )
    ]
    keys = [key for model in tagged or models for key in model.model_fields]
    return list(dict.fromkeys(keys))


def _models_at(
    root: type[BaseModel], location: tuple[str | int, ...]
) -> list[type[BaseModel]]:
    """Return the models that may stand at a location, walking the annotations from ``root``."""
    found: list[Any] = [root]
    for part in location:
        inner: list[Any] = []
        for annotation in found:
            inner += _step(annotation, part)
        found = inner
    return [m for a in found for m in _flatten(a) if isinstance(m, type) and issubclass(m, BaseModel)]


def _step(annotation: Any, part: str | int) -> list[Any]:
    steps: list[Any] = []
    for candidate in _flatten(annotation):
        origin, arguments = typing.get_origin(candidate), typing.get_args(candidate)
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            field = candidate.model_fields.get(str(part))
            steps += [field.annotation] if field else []
        elif origin is dict:
            steps.append(arguments[1])
        elif origin is tuple and arguments:
            steps.append(arguments[0])
    return steps


def _flatten(annotation: Any) -> list[Any]:
    """Unwrap Annotated and unions; keep generic containers such as ``tuple[X, ...]``."""
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return _flatten(typing.get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        return [inner for part in typing.get_args(annotation) for inner in _flatten(part)]
    return [annotation]

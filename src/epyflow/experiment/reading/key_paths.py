"""Find the keys allowed at a key path, by the annotations of the models along it."""

import types
import typing
from typing import Any

from pydantic import BaseModel

from epyflow.experiment.reading.yaml_source import KeyPath

_TAGS = ("type", "name")
"""Keys whose value selects one of several models."""


def keys_at(root: type[BaseModel], location: KeyPath, data: Any) -> list[str]:
    """Return the keys that a mapping may have.

    Parameters
    ----------
    root
        The model of the section.
    location
        Key path of the mapping, from the section.
    data
        The section: where several models are allowed, its ``type`` or ``name`` selects one.
    """
    keys = [key for model in _models_at(root, location, data) for key in model.model_fields]
    return list(dict.fromkeys(keys))


def tags_at(root: type[BaseModel], location: KeyPath, data: Any) -> list[str]:
    """Return the values of ``type`` or ``name`` that select a model at a key path."""
    models = _models_at(root, location, data)
    tags = [tag for model in models for names in _tags(model).values() for tag in names]
    return list(dict.fromkeys(tags))


def _models_at(root: type[BaseModel], location: KeyPath, data: Any) -> list[type[BaseModel]]:
    """Return the models allowed at a key path, following the annotations from ``root``."""
    models: list[Any] = [root]
    for part in location:
        found = [inner for annotation in models for inner in _step(annotation, part)]
        data = data[part]
        models = _chosen([inner for annotation in found for inner in _flatten(annotation)], data)
    return [model for model in models if _is_model(model)]


def _chosen(annotations: list[Any], data: Any) -> list[Any]:
    """Return the models that ``type`` or ``name`` of the data selects; all if it selects none."""
    picked = [each for each in annotations if _is_model(each) and _is_tagged(each, data)]
    return picked or annotations


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _tags(model: type[BaseModel]) -> dict[str, tuple[str, ...]]:
    """Return the keys of the model that have a fixed value, with it."""
    fields = {key: model.model_fields[key] for key in _TAGS if key in model.model_fields}
    return {
        key: typing.get_args(field.annotation)
        for key, field in fields.items()
        if typing.get_origin(field.annotation) is typing.Literal
    }


def _is_tagged(model: type[BaseModel], data: object) -> bool:
    if not isinstance(data, dict):
        return False
    return any(
        str(data.get(key)).casefold() in (name.casefold() for name in names)
        for key, names in _tags(model).items()
    )


def _step(annotation: Any, part: str | int) -> list[Any]:
    steps: list[Any] = []
    for candidate in _flatten(annotation):
        origin, arguments = typing.get_origin(candidate), typing.get_args(candidate)
        if _is_model(candidate):
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

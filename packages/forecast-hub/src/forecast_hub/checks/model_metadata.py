"""Check a model's metadata file against the hub's JSON schema."""

from collections.abc import Iterable
from dataclasses import replace
from operator import itemgetter
from pathlib import Path
from typing import Any

from forecast_hub.checks.metadata_values import parse_metadata
from forecast_hub.config.hub import Hub
from forecast_hub.config.submission_file import FileName
from forecast_hub.errors import UnreadableError, YamlError
from forecast_hub.findings import Finding, cap_findings
from forecast_hub.limited_files import read_json
from forecast_hub.processor_time import processor_time
from forecast_hub.yaml_loader import read_text

FOLDER = "model-metadata"
_SUFFIXES = (".yml", ".yaml")

MOST_SECONDS = 10.0
"""Processor time of a check: a pattern such as ``^(a+)+$`` can take years."""


def check_metadata(
    hub: Hub, submission: Path, name: FileName | None, given: Path | None
) -> list[Finding]:
    """Check a metadata file: the given one, else the model's file in the hub.

    The submission need not be there: its name says which model it is of.

    A hub checks a metadata file only when that file changes. So mistakes in the hub's file are
    warnings where the model has other submissions: the file came with the first of them.

    Raises
    ------
    UnreadableError
        If the given file is missing, or the hub's schema cannot be read.
    """
    path = given or _find(hub, name)
    if path is None:
        folder = hub.folder.root / FOLDER
        if name is None or not folder.is_dir():
            message = (
                "the model's metadata file was not checked, because none is here; the command "
                "validate takes one as --metadata"
            )
            return [Finding("metadata_exists", message, "note"), *_lengths(hub, name)]
        message = f"there is no {FOLDER}/{name.model_id}.yml; expected the model's metadata"
        return [Finding("metadata_exists", message)]
    if hub.folder.metadata_schema is None:
        message = "the hub has no model-metadata-schema.json, so the metadata was not checked"
        return [Finding("metadata_schema_exists", message, "warning")]
    data = _read(path)
    if isinstance(data, Finding):
        found = [data]
    else:
        schema = hub.folder.metadata_schema
        found = [*_named(path, data, name), *_against_schema(path, data, schema)]
    if given is not None or not _has_submitted(hub, submission, name):
        return found
    why = "; the hub refuses this file when it changes"
    return [replace(each, message=each.message + why, severity="warning") for each in found]


def _has_submitted(hub: Hub, submission: Path, name: FileName | None) -> bool:
    """Whether the hub has other submissions of the model."""
    if name is None:
        return False
    folder = hub.folder.root / hub.model_output / name.model_id
    others = (path for path in folder.glob("*") if path.suffix in (".csv", ".parquet"))
    return any(path.name != submission.name for path in others)


def _lengths(hub: Hub, name: FileName | None) -> Iterable[Finding]:
    """Check short names against ``maxLength`` in the hub's schema; other hubs have other limits."""
    if name is None or hub.folder.metadata_schema is None:
        return
    schema = _read_schema(hub.folder.metadata_schema)
    properties = schema.get("properties", {})
    for what, text in (("team", name.team), ("model", name.model)):
        rule = properties.get(f"{what}_abbr")
        longest = rule.get("maxLength") if isinstance(rule, dict) else None
        if longest is not None and len(text) > longest:
            message = f"the {what}'s short name {text!r} has {len(text)} characters"
            yield Finding("file_name", f"{message}; expected at most {longest}")


def _find(hub: Hub, name: FileName | None) -> Path | None:
    if name is None:
        return None
    folder = hub.folder.root / FOLDER
    candidates = (folder / f"{name.model_id}{suffix}" for suffix in _SUFFIXES)
    return next((path for path in candidates if path.is_file()), None)


def _read(path: Path) -> Any:
    try:
        text = read_text(path)
    except YamlError as error:
        raise UnreadableError(f"{path}: {error}") from None
    try:
        return parse_metadata(text)
    except YamlError as error:
        return Finding("metadata_matches_schema", f"{path.name} is no YAML: {error}")


def _named(path: Path, data: Any, name: FileName | None) -> Iterable[Finding]:
    """Check that the file's name, its content and the submission are of the same model."""
    if path.suffix not in _SUFFIXES:
        yield Finding("metadata_file_ext", f"{path.name}: expected a file .yml or .yaml")
    if not isinstance(data, dict):
        return
    inside = _short(f"{data.get('team_abbr')}-{data.get('model_abbr')}")
    if path.stem != inside:
        yield Finding(
            "metadata_file_name",
            f"{path.name} is of the model {inside} (team_abbr, model_abbr); expected the file "
            f"name {inside}{path.suffix}",
        )
    if name is not None and name.model_id != inside:
        message = f"{path.name} is of the model {inside}; the submission's is {name.model_id}"
        yield Finding("metadata_file_name", f"{message}; expected the same model")


def _against_schema(path: Path, data: Any, schema_path: Path) -> list[Finding]:
    # Imported here because it is slow to import, and only metadata need it.
    import jsonschema
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    schema = _read_schema(schema_path)
    validator_class = jsonschema.validators.validator_for(schema)
    checker = validator_class.FORMAT_CHECKER
    # An empty registry, so that a remote reference is refused and not fetched.
    validator = validator_class(schema, format_checker=checker, registry=Registry())
    try:
        with processor_time(MOST_SECONDS):
            # Not the errors themselves: each repeats the values that it is about.
            found = [(each.json_path, _short(each.message)) for each in validator.iter_errors(data)]
    except (Unresolvable, RecursionError, TimeoutError) as error:
        raise UnreadableError(f"{schema_path}: cannot be used ({error})") from None
    return cap_findings(
        [
            Finding(
                "metadata_matches_schema",
                f"{path.name}, {place.removeprefix('$').lstrip('.') or 'the file'}: {message}",
            )
            for place, message in sorted(found, key=itemgetter(0))
        ]
    )


def _read_schema(path: Path) -> dict[str, Any]:
    import jsonschema

    try:
        schema = read_json(path)
        if not isinstance(schema, dict):
            raise TypeError("it is no object")
        with processor_time(MOST_SECONDS):
            jsonschema.validators.validator_for(schema).check_schema(schema)
    except TimeoutError as error:
        raise UnreadableError(f"{path}: cannot be used ({error})") from None
    except (OSError, TypeError, ValueError, RecursionError, jsonschema.SchemaError) as error:
        raise UnreadableError(f"{path}: is no JSON schema ({error})") from None
    return schema


def _short(message: str) -> str:
    return message if len(message) <= 200 else f"{message[:197]}..."

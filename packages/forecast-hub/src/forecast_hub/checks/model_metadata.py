"""Check a model's metadata file against the hub's JSON schema."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from forecast_hub.config.hub import Hub
from forecast_hub.config.submission_file import FileName
from forecast_hub.errors import UnreadableError
from forecast_hub.findings import Finding, cap_findings

FOLDER = "model-metadata"
_SUFFIXES = (".yml", ".yaml")


def check_metadata(hub: Hub, name: FileName | None, given: Path | None) -> list[Finding]:
    """Check a metadata file: the given one, else the model's file in the hub.

    Raises
    ------
    UnreadableError
        If the given file is missing, or the hub's schema cannot be read.
    """
    path = given or _find(hub, name)
    if path is None:
        folder = hub.folder.root / FOLDER
        if name is None or not folder.is_dir():
            message = "the model's metadata file was not checked; give it with --metadata"
            return [Finding("metadata_exists", message, "note")]
        message = f"there is no {FOLDER}/{name.model_id}.yml; expected the model's metadata"
        return [Finding("metadata_exists", message)]
    if hub.folder.metadata_schema is None:
        message = "the hub has no model-metadata-schema.json, so the metadata was not checked"
        return [Finding("metadata_schema_exists", message, "warning")]
    data = _read(path)
    if isinstance(data, Finding):
        return [data]
    return [*_named(path, data, name), *_against_schema(path, data, hub.folder.metadata_schema)]


def _find(hub: Hub, name: FileName | None) -> Path | None:
    if name is None:
        return None
    folder = hub.folder.root / FOLDER
    candidates = (folder / f"{name.model_id}{suffix}" for suffix in _SUFFIXES)
    return next((path for path in candidates if path.is_file()), None)


def _read(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableError(f"{path}: cannot be read ({error})") from None
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        what = f"{path.name} is no YAML: {' '.join(str(error).split())}"
        return Finding("metadata_matches_schema", what)


def _named(path: Path, data: Any, name: FileName | None) -> Iterable[Finding]:
    """Check that the file's name, its content and the submission are of the same model."""
    if path.suffix not in _SUFFIXES:
        yield Finding("metadata_file_ext", f"{path.name}: expected a file .yml or .yaml")
    if not isinstance(data, dict):
        return
    inside = f"{data.get('team_abbr')}-{data.get('model_abbr')}"
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

    try:
        schema = json.loads(schema_path.read_text(encoding="utf-8-sig"))
        validator_class = jsonschema.validators.validator_for(schema)
        validator_class.check_schema(schema)
    except (OSError, ValueError, jsonschema.SchemaError) as error:
        raise UnreadableError(f"{schema_path}: is no JSON schema ({error})") from None
    checker = validator_class.FORMAT_CHECKER
    # An empty registry, so that a remote reference is refused and not fetched.
    validator = validator_class(schema, format_checker=checker, registry=Registry())
    try:
        errors = sorted(validator.iter_errors(data), key=lambda error: error.json_path)
    except Unresolvable as error:
        raise UnreadableError(f"{schema_path}: cannot be used ({error})") from None
    return cap_findings(
        [
            Finding(
                "metadata_matches_schema",
                f"{path.name}, {error.json_path.removeprefix('$').lstrip('.') or 'the file'}: "
                f"{_short(error.message)}",
            )
            for error in errors
        ]
    )


def _short(message: str) -> str:
    return message if len(message) <= 200 else f"{message[:197]}..."

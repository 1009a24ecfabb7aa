"""Merge settings from a file with options of the command line."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from google_batch_emulator.documents import read_json
from google_batch_emulator.errors import EmulatorError
from google_batch_emulator.settings import Image, Settings


def read_settings(path: Path | None, options: Mapping[str, object]) -> Settings:
    """Return the settings of a file, with options over them.

    Parameters
    ----------
    path
        JSON object with keys of `Settings`; None for the defaults.
    options
        Settings by name; None is not set. ``image`` is a list of NAME=FOLDER or NAME=FILE.json,
        ``env`` one of NAME=VALUE.

    Raises
    ------
    EmulatorError
        If the file cannot be read, or a key or value is not one of `Settings`.
    """
    chosen = _read(path) if path else {}
    simple = {key: value for key, value in options.items() if key not in ("env", "image")}
    chosen |= {key: value for key, value in simple.items() if value is not None}
    if isinstance(images := options.get("image"), list):
        chosen["images"] = dict(_image(text) for text in images)
    if isinstance(variables := options.get("env"), list):
        chosen["environment"] = dict(_variable(text) for text in variables)
    try:
        return Settings.model_validate(chosen)
    except ValidationError as error:
        raise EmulatorError(f"settings: {error}") from error


def _variable(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name:
        raise EmulatorError(f"--env {text}: expected NAME=VALUE")
    return name, value


def _image(text: str) -> tuple[str, Image]:
    # An image by digest has no "=", and a tag cannot hold one.
    name, separator, where = text.partition("=")
    path = Path(where)
    if not separator or not path.exists():
        raise EmulatorError(f"--image {text}: expected NAME=FOLDER or NAME=FILE.json that exists")
    if path.is_dir():
        return name, Image(root=path.absolute())
    try:
        return name, Image.model_validate(_read(path))
    except ValidationError as error:
        raise EmulatorError(f"--image {text}: {error}") from error


def _read(path: Path) -> dict[str, object]:
    document = read_json(path)
    if not isinstance(document, dict):
        raise EmulatorError(f"{path}: expected a JSON object")
    return document

"""Read YAML files of settings; a message names the file, the line and what to write."""

from pathlib import Path
from typing import Any

from epyflow.errors import UnreadableError
from forecast_hub.errors import YamlError
from forecast_hub.yaml_loader import load, read_text


def read_yaml(path: Path) -> Any:
    """Return the content of a YAML file; None if it is empty.

    Raises
    ------
    UnreadableError
        If it cannot be read, is not YAML, is above the limits of :mod:`forecast_hub.yaml_loader`,
        or has a form that :class:`forecast_hub.yaml_loader.StrictLoader` refuses.
    """
    try:
        return load(read_text(path))
    except YamlError as error:
        raise unreadable(path, error) from None


def unreadable(path: Path, error: YamlError) -> UnreadableError:
    """Return the error for a file that is not valid YAML."""
    return UnreadableError(f"{path}: {error}")

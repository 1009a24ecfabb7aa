"""Write ``profiles/gcp/site.yaml`` from the outputs of terraform."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from epyflow.errors import EpyflowError
from epyflow.files import write_bytes_atomically
from epyflow.google.site import (
    FILE,
    FILE_VARIABLE,
    Site,
    explain,
    read_file,
    variables_given,
)

OUTPUT = "site"
"""The output of terraform/ whose keys are those of the file."""

_HEADER = """\
# What profiles/gcp/config.yaml does not know; site.example.yaml describes each key. Written by
# `epyflow init` or `epyflow cloud configure`: what they do not change stays, but no comments.
"""
_PLACEHOLDER = "to-be-pushed@sha256:" + "0" * 64


def site_path(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the path of the settings file."""
    return Path(environment.get(FILE_VARIABLE) or FILE)


def configured_site(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the settings of the environment variables, and of the file for the others."""
    return read_file(site_path(environment)) | variables_given(environment)


def values_of(outputs: str) -> dict[str, Any]:
    """Return the settings in the output of ``terraform output -json``.

    Raises
    ------
    EpyflowError
        If it has none.
    """
    try:
        value = json.loads(outputs)[OUTPUT]["value"]
        # Resources that terraform was not asked to create are null.
        return {name: each for name, each in dict(value).items() if each is not None}
    except (ValueError, KeyError, TypeError):
        raise EpyflowError(
            f"no output {OUTPUT!r}; expected the output of `terraform output -json` in terraform/ "
            "after `terraform apply`"
        ) from None


def write_site(values: Mapping[str, Any], path: Path | None = None) -> Path:
    """Change settings in the file; the others stay.

    Parameters
    ----------
    values
        Fields of :class:`~epyflow.google.site.Site`.
    path
        The file; None for the default one.

    Raises
    ------
    EpyflowError
        Naming every value that is missing or wrong; the file is not changed. Only the image may be
        missing: it is pushed later.
    """
    path = path or site_path()
    text = site_text(values, path)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes_atomically(path, text.encode())
    return path


def site_text(values: Mapping[str, Any], path: Path) -> str:
    """Return the content of the file with changed settings; nothing is written.

    Raises
    ------
    EpyflowError
        As :func:`write_site`.
    """
    content = read_file(path) | dict(values)
    try:
        Site.model_validate({"image": _PLACEHOLDER} | content)
    except ValidationError as error:
        raise EpyflowError(explain(error, path)) from None
    ordered = {name: content[name] for name in Site.model_fields if name in content}
    return _HEADER + yaml.safe_dump(ordered, sort_keys=False, width=1000)

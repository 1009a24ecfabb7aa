"""compose.yaml as Docker Compose reads it, as far as it is used here.

Source: the Compose specification, "Interpolation" and "Services".
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.image.building import ROOT

COMPOSE = ROOT / "docker" / "compose.yaml"

_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*)|:\?([^}]*))?\}")


@dataclass(frozen=True)
class Service:
    """What a container is started with: command, user, folder of the host to its mount point."""

    command: tuple[str, ...]
    user: str
    mounts: dict[Path, str]


def service(**variables: str) -> Service:
    """Return the service with the variables put in.

    Raises
    ------
    LookupError
        If a variable that has to be set is not, with the message for it.
    """
    document: dict[str, Any] = yaml.safe_load(_interpolated(COMPOSE.read_text(), variables))
    (only,) = document["services"].values()
    mounts = {}
    for volume in only["volumes"]:
        options = ":ro" if volume.get("read_only") else ""
        source = (COMPOSE.parent / volume["source"]).resolve()
        mounts[source] = f"{volume['target']}{options}"
    return Service(tuple(only["command"]), only["user"], mounts)


def _interpolated(text: str, variables: dict[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        name, default, message = found.groups()
        if variables.get(name):
            return variables[name]
        if default is None:
            raise LookupError(f"{name} {message}")
        return default

    return _VARIABLE.sub(value, text)

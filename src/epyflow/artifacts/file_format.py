"""Define the file format of artifacts: its number, and the types that a file may hold."""

from collections.abc import Mapping
from dataclasses import is_dataclass
from datetime import date
from types import NoneType
from typing import Any

from epyflow.artifacts import task

FORMAT = 3
"""Number of the file format.

Raise it when a class of :mod:`epyflow.artifacts.task` moves to another module, or when one of its
fields changes its meaning. Format 1 named the modules ``epyflow.tasks`` and ``epyflow.fits``;
in format 2 an observation model had no members.
"""

MAGIC = "epyflow"
"""The first item of every artifact."""

CLASSES: Mapping[str, type[Any]] = {
    name: value
    for name, value in vars(task).items()
    if isinstance(value, type) and is_dataclass(value)
}
"""The classes of :mod:`epyflow.artifacts.task` by name."""

ATOMS = (NoneType, bool, int, float, str, bytes, date)
"""Types without parts."""

"""Propose files to write: their text, and for each changed key its value before and after."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from epyflow.errors import EpyflowError
from epyflow.files import write_bytes_atomically
from epyflow.google.site import read_file
from epyflow.google.site_file import site_path, site_text
from epyflow.operations.setup.yaml_edit import edit_file, read_keys
from epyflow.operations.slurm.site import slurm_site_path, slurm_site_text
from epyflow.run.settings import Settings, read_settings
from epyflow.run.written_names import BASE

_SHIPPED = {"experiment": "example"}
"""Values of config/config.yaml as it is shipped, other than defaults."""


@dataclass(frozen=True)
class Change:
    """A key with another value than before.

    Attributes
    ----------
    name
        The key.
    before, after
        The value now, None if there is none, and the new value.
    replaces
        Whether the value now was set by somebody.
    """

    name: str
    before: Any
    after: Any
    replaces: bool

    def __str__(self) -> str:
        was = "" if self.before is None else f"   (was {self.before})"
        after = "the default" if self.after is None else self.after
        return f"{self.name}: {after}{was}"


@dataclass(frozen=True)
class File:
    """A file to write.

    Attributes
    ----------
    path
        Path of the file.
    text
        Its whole text.
    changes
        The keys whose values change.
    """

    path: Path
    text: str
    changes: tuple[Change, ...]

    @cached_property
    def replaced(self) -> tuple[Change, ...]:
        """The changes that replace a value that somebody set."""
        return tuple(change for change in self.changes if change.replaces)

    def write(self) -> None:
        """Write the file atomically."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes_atomically(self.path, self.text.encode())


def settings_file(
    values: Mapping[str, Any], path: Path = BASE, *, needs_experiment: bool = True
) -> File | None:
    """Return config/config.yaml with other settings and its comments; None if nothing changes.

    Parameters
    ----------
    values
        The new settings.
    path
        The file.
    needs_experiment
        Whether to refuse a file that names no experiment.

    Raises
    ------
    UnreadableError
        If the file is there and cannot be read.
    EpyflowError
        Naming every value that is missing or wrong.
    """
    before = read_keys(path)
    # Only the experiment has no default: name it before other problems.
    named = values.get("experiment", before.get("experiment"))
    if needs_experiment and not named:
        raise EpyflowError("experiment: missing; give --experiment, the id of an experiment")
    read_settings({**before, **values, "experiment": named or "any"})
    described = {name: field.description or "" for name, field in Settings.model_fields.items()}
    changes = tuple(
        Change(name, before.get(name), value, _is_a_choice(name, before.get(name)))
        for name, value in values.items()
        if value != before.get(name)
    )
    if not changes:
        return None
    new = {change.name: change.after for change in changes}
    return File(path, edit_file(path, new, described), changes)


def site_file(values: Mapping[str, Any]) -> File | None:
    """Return profiles/gcp/site.yaml with other settings; None if nothing changes.

    Raises
    ------
    EpyflowError
        Naming every value that is missing or wrong; only the image may be missing.
    """
    path = site_path()
    return _whole_file(path, site_text(values, path), values)


def slurm_site_file(values: Mapping[str, Any]) -> File | None:
    """Return profiles/slurm/site.yaml with other settings; None if nothing changes.

    Raises
    ------
    EpyflowError
        Naming every value that is wrong.
    """
    path = slurm_site_path()
    return _whole_file(path, slurm_site_text(values, path), values)


def _whole_file(path: Path, text: str, values: Mapping[str, Any]) -> File | None:
    before = read_file(path)
    changes = tuple(
        Change(name, before.get(name), value, before.get(name) is not None)
        for name, value in values.items()
        if value != before.get(name)
    )
    return File(path, text, changes) if changes else None


def _is_a_choice(name: str, value: Any) -> bool:
    return value not in (None, Settings.model_fields[name].default, _SHIPPED.get(name))

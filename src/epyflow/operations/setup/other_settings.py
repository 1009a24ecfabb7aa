"""Say which settings of a report differ from those of the run's last start."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from epyflow.errors import EpyflowError
from epyflow.operations.runs.coordinator_record import Coordinator
from epyflow.operations.runs.log_lines import printable
from epyflow.operations.setup.layers import Layer, merge_layers, read_layers
from epyflow.run.environment import PREFIX
from epyflow.run.settings import Settings

_OPTIONS = {"-C": "--config", "--config": "--config"}
_OPTIONS |= dict.fromkeys(("--configfile", "--configfiles"), "--configfile")

_WITHOUT_EFFECT = frozenset(
    {
        *("experiment", "experiments_root", "run_id", "build", "partial_results"),
        *("stamp_outputs", "log_format"),
        *(name for name in Settings.model_fields if name.startswith("notify_")),
    }
)
"""Settings that name the run, or that change no file which a report shows."""
_REMEMBERED = frozenset({"today", "last_observation"})
"""Settings that a later start takes from the run if they are absent."""


def describe_other_settings(record: Coordinator | None, now: Settings) -> str | None:
    """Name the settings that differ from those of a run's last start, and say what to type.

    Parameters
    ----------
    record
        The record of the run's coordinator, which has its command.
    now
        The settings of the report.

    Returns
    -------
    sentences
        None if no setting differs, or if the command is not known or not readable here.
    """
    if record is None or not record.wanted.command:
        return None
    try:
        then = _settings_of(record.wanted.command, now.experiment)
    except EpyflowError:  # a file of settings is on another machine, or the version is another
        return None
    found = {
        name: (value, getattr(now, name))
        for name, value in then
        if name not in _WITHOUT_EFFECT and value != getattr(now, name)
    }
    found = {k: v for k, v in found.items() if k not in _REMEMBERED or v[1] is not None}
    if not found:
        return None
    named = ", ".join(f"{k} (then {_text(a)}, now {_text(b)})" for k, (a, b) in found.items())
    given = [shlex.quote(f"{k}={_text(a)}") for k, (a, _) in found.items() if a not in (None, ())]
    absent = [name for name, (value, _) in found.items() if value in (None, ())]
    said = [f"give {' '.join(given)} after --set, or --config of snakemake"] if given else []
    said += [f"leave out {', '.join(absent)}"] if absent else []
    return printable(
        f"Settings differ from those of the last start of {record.exp_id}/{record.run_id}: "
        f"{named}. For the results of that start, {', and '.join(said)}."
    )


def _settings_of(command: Sequence[str], experiment: str) -> Settings:
    """Return the settings that a command line of Snakemake gives, in this folder."""
    given: dict[str, list[str]] = {}
    values: list[str] = []
    for part in command:
        name, equals, value = part.partition("=")
        if part.startswith("-"):
            # The last option of a name counts.
            values = given[_OPTIONS.get(name, name)] = [value] if equals else []
        else:
            values.append(part)
    pairs = (each.partition("=") for each in command if each.startswith(PREFIX))
    variables = {name: value for name, _, value in pairs}
    files = [Path(each) for each in given.get("--configfile", ())]
    layers = read_layers(files, given.get("--config", ()), environment=variables)
    # A workflow that uses ours as a module names it elsewhere.
    return merge_layers([Layer("report", {"experiment": experiment}), *layers])


def _text(value: Any) -> str:
    """Write a value as a setting takes it."""
    if value in (None, ()):
        return "none"
    if isinstance(value, tuple):
        return f"[{', '.join(map(str, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)

"""Find the experiment that a command names, and the settings of its runs.

Every command that takes an experiment reads its argument here, so one path means the same to all.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from epyflow.experiment.reading.experiment_files import locate
from epyflow.operations.setup.layers import Layer, merge_layers, read_layers
from epyflow.repositories.address import is_address
from epyflow.run.environment import read_pairs
from epyflow.run.settings import Settings

ROOT = "experiments_root"


@dataclass(frozen=True)
class NamedExperiment:
    """An experiment, and the settings of its runs.

    Attributes
    ----------
    settings
        The effective settings.
    files
        Files of ``--configfile``.
    arguments
        Texts ``KEY=VALUE`` for ``--config`` of Snakemake, which give the same settings.
    """

    settings: Settings
    files: tuple[Path, ...]
    arguments: tuple[str, ...]


def name_experiment(
    named: str | None,
    files: Sequence[Path] = (),
    given: Sequence[str] = (),
    options: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] = os.environ,
) -> NamedExperiment:
    """Find an experiment by its id below the root, or by a path.

    Parameters
    ----------
    named
        Its id below ``<experiments_root>/experiments``, or a path to its folder, to its ``config/``
        or to one of its files. None: the experiment of the settings.
    files, given
        Layers of settings, as for Snakemake.
    options
        Settings that the command has options for; None for an option that is not given.
    environment
        Environment variables, which are a layer.

    Raises
    ------
    UnreadableError
        If there is no such experiment, or a file of settings cannot be read.
    EpyflowError
        If a setting is wrong.
    """
    layers = read_layers(files, given, environment=environment)
    chosen = {key: value for key, value in (options or {}).items() if value is not None}
    if named is not None:
        before = {key: value for layer in layers for key, value in layer.values.items()}
        pinned = chosen.get(ROOT) or read_pairs(given).get(ROOT)
        chosen |= _found(named, pinned, before.get(ROOT) or Settings.model_fields[ROOT].default)
    settings = merge_layers([*layers, Layer("command line", chosen)])
    last = {text.partition("=")[0]: text for text in given}  # a setting may be given twice
    kept = [text for key, text in last.items() if key not in chosen]
    pairs = (f"{key}={_written(value)}" for key, value in chosen.items())
    return NamedExperiment(settings, tuple(files), (*kept, *pairs))


def _found(named: str, pinned: str | None, configured: str) -> dict[str, str]:
    """Return the settings that name the experiment.

    Parameters
    ----------
    named
        Id or path.
    pinned
        The root, if the command names it: a path then does not choose another one.
    configured
        The root otherwise.
    """
    root, path = pinned or configured, Path(named)
    if pinned or (is_address(root) and not path.exists()):
        return {"experiment": named}
    if not is_address(root) and not path.is_absolute() and _below(root).is_dir():
        if (_below(root) / path).is_dir():
            return {"experiment": named}
        if not path.exists():
            locate(named, Path(root))  # Its message lists the experiments that there are.
    place = locate(named)
    inside, above = place.folder, place.root
    if above == inside and not is_address(configured):
        base = Path(os.path.normpath(Path(configured).absolute()))
        above = base if inside.is_relative_to(base) else above
    is_below = inside.is_relative_to(_below(above))
    name = inside.relative_to(_below(above)).as_posix() if is_below else relative(inside)
    found = {"experiment": name}
    same = not is_address(root) and above == Path(os.path.normpath(Path(root).absolute()))
    return found if same else {**found, ROOT: relative(above)}


def _below(root: str | Path) -> Path:
    return Path(root) / "experiments"


def relative(path: Path) -> str:
    """Return a path as a person writes it: relative if it is below the working directory."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _written(value: Any) -> str:
    """Return a value as ``--config`` takes it."""
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(str, value)) + "]"
    return str(value)

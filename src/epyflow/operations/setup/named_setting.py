"""Find, change and check single settings of runs and of ``profiles/gcp``."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from epyflow.errors import EpyflowError, UnreadableError
from epyflow.experiment.reading.documents import exp_id_problem
from epyflow.experiment.reading.experiment_files import is_exp_id
from epyflow.google import site
from epyflow.google.site_file import configured_site, site_path
from epyflow.operations.notification.run_end import check_receivers
from epyflow.operations.setup import layers
from epyflow.operations.setup.layers import Layer, Setting
from epyflow.operations.setup.proposal import Change, File, settings_file
from epyflow.operations.setup.questions import site_problem
from epyflow.operations.setup.yaml_edit import edit_file, read_keys
from epyflow.repositories.address import is_address
from epyflow.repositories.token import SECRET_VARIABLE, VARIABLES, read_token
from epyflow.run import environment as run_environment
from epyflow.run.environment import read_pairs
from epyflow.run.settings import Settings, read_settings
from epyflow.run.written_names import BASE
from epyflow.suggest import did_you_mean, listed

SETTINGS, SITE = tuple(Settings.model_fields), tuple(site.Site.model_fields)


@dataclass(frozen=True)
class SettingsFile:
    """A file of settings: whether it exists, and what it sets."""

    path: Path
    exists: bool
    sets: str


def find_setting(key: str, given: Sequence[Layer]) -> Setting:
    """Return a setting of runs or of ``profiles/gcp``.

    Raises
    ------
    EpyflowError
        If there is no such key, or a setting of the layers is wrong.
    """
    _check_key(key)
    found = layers.effective_settings(given) if key in SETTINGS else layers.site_settings()
    return next(each for each in found if each.name == key)


def change_setting(key: str, text: str) -> File | None:
    """Return the file with another value of a key, and its comments; None if it has this value.

    Parameters
    ----------
    key
        A setting of runs, for config/config.yaml, or of ``profiles/gcp``, for site.yaml.
    text
        The value as ``--config`` reads it; empty for the default.

    Raises
    ------
    UnreadableError
        If the file cannot be read.
    EpyflowError
        If there is no such key, or the value is wrong.
    """
    _check_key(key)
    if key in SETTINGS:
        # Without an experiment in the file, a variable or --config names it.
        values = read_pairs([f"{key}={text}"])
        if key == "experiment" and text and not is_exp_id(text):
            _check_path(text)
        return settings_file(values, needs_experiment=key == "experiment")
    path, value = site_path(), text or None
    given = read_keys(path)
    if text and (problem := site_problem(key, text, given)):
        raise EpyflowError(f"{key}: {problem}")
    before = given.get(key)
    if before == value:
        return None
    new = edit_file(path, {key: value}, {key: site.Site.model_fields[key].description or ""})
    return File(path, new, (Change(key, before, value, before is not None),))


def _check_path(text: str) -> None:
    """Refuse a path of an experiment that no run could use; an id may be written before it is."""
    given = read_settings({**read_keys(BASE), "experiment": text})
    if is_address(given.experiments_root):
        return  # the repository is fetched when a run starts
    try:
        problems = exp_id_problem(given.place())
    except UnreadableError as error:
        raise EpyflowError(f"experiment: {error}") from None
    if problems:
        raise EpyflowError(f"experiment: {problems[0].message}")


def overriding_variable(key: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """Return the environment variable that wins over the files for a key; None if it is not set."""
    name = run_environment.variable(key) if key in SETTINGS else site.variable(key)
    return name if environment.get(name) else None


def find_problems(files: Sequence[Path], given: Sequence[str]) -> list[str]:
    """Return what is wrong with the settings of runs, of ``profiles/gcp`` and the token's.

    Parameters
    ----------
    files
        Files of ``--configfile``.
    given
        Texts ``KEY=VALUE`` of ``--config``.

    Raises
    ------
    UnreadableError
        If a file cannot be read.
    """
    checks: tuple[Callable[[], object], ...] = (
        lambda: check_receivers(layers.merge_layers(layers.read_layers(files, given))),
        lambda: site.read_site() if configured_site() else None,
        _check_token,
    )
    problems = []
    for check in checks:
        try:
            check()
        except UnreadableError:
            raise
        except EpyflowError as error:
            problems.append(str(error))
    return problems


def settings_files(files: Sequence[Path]) -> list[SettingsFile]:
    """Return the files of settings in the order in which they are read."""
    cloud = site_path()
    return [
        SettingsFile(path.absolute(), path.is_file(), sets)
        for path, sets in [*((each, "settings") for each in (BASE, *files)), (cloud, "cloud")]
    ]


def shown_value(value: Any) -> str:
    """Return a value as text: a list has an item a line."""
    if isinstance(value, list | tuple):
        return "\n".join(map(shown_value, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _check_key(key: str) -> None:
    known = [*SETTINGS, *SITE]
    if key not in known:
        raise EpyflowError(
            f"unknown key {key!r}{did_you_mean(key, known)}; expected one of {listed(known)}"
        )


def _check_token() -> None:
    """Read the token of this machine; Secret Manager is not asked."""
    given = [name for name in VARIABLES if os.environ.get(name)]
    if given != [SECRET_VARIABLE]:
        read_token()

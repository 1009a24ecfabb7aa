"""Read layers of settings as Snakemake does: the effective value of each key, and its source.

The layers are ``config/config.yaml``, then every ``--configfile`` in its order, then variables
``EPYFLOW_<KEY>``, then ``--config KEY=VALUE``. A later layer wins key by key. Source: Snakemake's
documentation, "Standard Configuration"; :mod:`epyflow.run.environment`.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from epyflow.errors import EpyflowError, UnreadableError
from epyflow.google.site import FILE_VARIABLE, Site, read_file, variable, variables_given
from epyflow.google.site_file import site_path
from epyflow.operations.secret_variables import SECRETS
from epyflow.operations.slurm.site import FILE_VARIABLE as SLURM_FILE_VARIABLE
from epyflow.repositories.token import FILE_VARIABLE as TOKEN_FILE
from epyflow.repositories.token import SECRET_VARIABLE as TOKEN_SECRET
from epyflow.run.environment import PREFIX, environment_values, read_pairs
from epyflow.run.environment import variable as setting_variable
from epyflow.run.plan import PLAN_KEY
from epyflow.run.profile_variables import VARIABLES
from epyflow.run.settings import Settings, read_settings
from epyflow.run.written_names import BASE, settings_of_file
from epyflow.suggest import did_you_mean, listed

COMMAND_LINE, DEFAULT, NOT_SET = "--config", "default", "not set"
MASK = "***"

_OTHERS = (
    *("EPYFLOW_TAKE_OVER", "EPYFLOW_KUBERNETES_NAMESPACE", "EPYFLOW_KUBERNETES_SERVICE_ACCOUNT"),
    "EPYFLOW_EXPERIMENTS",  # of docker/compose.yaml
    # Set by profiles, images and the coordinator's job.
    *("EPYFLOW_RAN_ON", "EPYFLOW_IMAGE_DIGEST", "EPYFLOW_IMAGE_VERSION", "EPYFLOW_IMAGE_REVISION"),
)
_ALIKE = 0.9
_MOST_NAMED = 20
_SECTION = "epyflow"
"""The settings in a file of another workflow, which uses ours as a module."""
_EXPECTED = "expected keys and values, as in config/config.yaml"


@dataclass(frozen=True)
class Layer:
    """Values from one file, one environment variable, or the command line."""

    source: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Setting:
    """The effective value of a key.

    Attributes
    ----------
    name
        The key or variable.
    value
        The value, validated; of a secret, only whether there is one.
    source
        The file, variable or option that sets it; ``default``; ``not set``.
    """

    name: str
    value: Any
    source: str


def read_layers(
    files: Sequence[Path],
    given: Sequence[str],
    base: Path = BASE,
    environment: Mapping[str, str] = os.environ,
) -> list[Layer]:
    """Read the layers, the weakest first.

    Parameters
    ----------
    files
        Files of ``--configfile``.
    given
        Texts ``KEY=VALUE`` of ``--config``.
    base
        The file that the workflow names; it may be absent.
    environment
        Environment variables.

    Raises
    ------
    UnreadableError
        If a file cannot be read.
    EpyflowError
        If a key of a layer is no setting, or the value of a variable is wrong; the message names
        the layer.
    """
    layers = [_file(base)] if base.is_file() else []
    layers += [_file(path) for path in files]
    variables = environment_values(environment)
    layers += [Layer(setting_variable(name), {name: value}) for name, value in variables.items()]
    if given:
        layers.append(Layer(COMMAND_LINE, read_pairs(given)))
    for layer in layers:
        _check_keys(layer)
    return layers


def merge_layers(layers: Sequence[Layer]) -> Settings:
    """Return the effective settings.

    Raises
    ------
    EpyflowError
        Naming every value that is wrong.
    """
    return read_settings({name: value for name, (value, _) in _merge(layers).items()})


def effective_settings(layers: Sequence[Layer]) -> list[Setting]:
    """Return every setting of a run with its source.

    Raises
    ------
    EpyflowError
        Naming every value that is wrong.
    """
    # A key without a value has its default.
    given = {name: source for name, (value, source) in _merge(layers).items() if value is not None}
    settings = merge_layers(layers).model_dump(mode="json")
    return [Setting(name, value, given.get(name, DEFAULT)) for name, value in settings.items()]


def _merge(layers: Sequence[Layer]) -> dict[str, tuple[Any, str]]:
    """Return the value of each key in the last layer that has it, and the source of that layer."""
    return {name: (value, layer.source) for layer in layers for name, value in layer.values.items()}


def site_settings(environment: Mapping[str, str] = os.environ) -> list[Setting]:
    """Return the settings of ``profiles/gcp``, complete or not."""
    path = site_path(environment)
    written, given = read_file(path), variables_given(environment)
    found = []
    for name, field in Site.model_fields.items():
        if name in given:
            found.append(Setting(name, given[name], variable(name)))
        elif name in written:
            found.append(Setting(name, written[name], str(path)))
        else:
            source = NOT_SET if field.default is None or field.is_required() else DEFAULT
            found.append(Setting(name, None if source == NOT_SET else field.default, source))
    return found


def secret_settings(environment: Mapping[str, str] = os.environ) -> list[Setting]:
    """Return the environment variables for secrets; the secrets themselves are masked."""
    found = []
    for name in SECRETS:
        value = environment.get(name)
        masked = name not in (TOKEN_FILE, TOKEN_SECRET)  # they say where the token is
        shown = MASK if value and masked else value or None
        found.append(Setting(name, shown, "environment" if value else NOT_SET))
    return found


def misspelt_variables(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Warn of variables that resemble one that epyflow reads; others may be somebody else's."""
    known = {
        *map(setting_variable, Settings.model_fields),
        *map(variable, Site.model_fields),
        *(
            FILE_VARIABLE,
            SLURM_FILE_VARIABLE,
            *SECRETS,
            *VARIABLES,
        ),
        *_OTHERS,
    }
    return [
        f"the environment variable {name} is not read (did you mean {near[0]}?)"
        for name in sorted(set(environment) - known)
        if name.startswith(PREFIX) and (near := get_close_matches(name, known, n=1, cutoff=_ALIKE))
    ]


def read_document(path: Path) -> dict[str, Any] | None:
    """Return the settings of a YAML file, texts as they are written; None if it is empty.

    Raises
    ------
    UnreadableError
        See :func:`epyflow.run.written_names.settings_of_file`; or if it has no keys.
    """
    content = settings_of_file(path)
    if content is not None and not isinstance(content, dict):
        raise UnreadableError(f"{path}: {_EXPECTED}")
    return content


def _file(path: Path) -> Layer:
    content = read_document(path)
    if content is None:
        raise UnreadableError(f"{path}: {_EXPECTED}")
    section = content.get(_SECTION)
    return Layer(str(path), section if isinstance(section, dict) else content)


def _check_keys(layer: Layer) -> None:
    known = list(Settings.model_fields)
    unknown = [str(key) for key in layer.values if key not in (*known, PLAN_KEY)]
    lines = [
        f"{layer.source}: unknown key {key!r}{did_you_mean(key, known)}; expected one of "
        f"{listed(known)}"
        for key in unknown[:_MOST_NAMED]
    ]
    if len(unknown) > _MOST_NAMED:
        lines.append(f"{layer.source}: {len(unknown) - _MOST_NAMED:,} more keys are unknown")
    if lines:
        raise EpyflowError("\n".join(lines))

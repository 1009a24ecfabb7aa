"""Read settings of a run from environment variables: ``EPYFLOW_RUN_ID`` sets ``run_id``.

They win over files of settings; ``--config`` wins over them. Jobs and remote workers get them as
arguments of ``--config``, so they need no such variable.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from epyflow.errors import EpyflowError
from epyflow.run.settings import Settings, read_settings
from epyflow.run.written_names import texts_of_arguments, written_texts
from forecast_hub.errors import YamlError
from forecast_hub.yaml_loader import LimitedLoader, load

PREFIX = "EPYFLOW_"


class _PlainTexts(LimitedLoader):
    """YAML whose values are all text, as Snakemake reads them."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own attribute


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return PREFIX + name.upper()


def environment_values(environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Return the settings that environment variables give; an empty variable gives none.

    Raises
    ------
    EpyflowError
        Naming each variable whose value is wrong, and what is expected.
    """
    values: dict[str, Any] = {}
    problems = []
    for name, text in _texts(environment).items():
        values |= read_pairs([f"{name}={text}"])
        try:
            read_settings({"experiment": "any", name: values[name]})
        except EpyflowError as error:
            problems.append(f"{variable(name)}: {str(error).removeprefix(f'config: {name}: ')}")
    if problems:
        raise EpyflowError("\n".join(problems))
    return values


class GivenSettings(Protocol):
    """The settings that a Snakemake process was given: its ``workflow.config_settings``."""

    config_args: Sequence[str] | None
    configfiles: Sequence[Path]
    overwrite_config: dict[str, Any]


def override_settings(given: GivenSettings, environment: Mapping[str, str]) -> dict[str, Any]:
    """Add the variables to the arguments of ``--config``, and return the settings to replace.

    Texts are as they are written; see :mod:`epyflow.run.written_names`.

    Parameters
    ----------
    given
        Changed in place: jobs are started with its ``config_args``, and Snakemake merges its
        ``overwrite_config`` into the configuration after each ``configfile``.
    environment
        Environment variables; none for a job, which has them among its arguments.

    Raises
    ------
    EpyflowError
        Naming each variable whose value is wrong.
    """
    arguments = list(given.config_args or ())
    named = {text.partition("=")[0] for text in arguments}
    values = {k: v for k, v in environment_values(environment).items() if k not in named}
    texts = _texts(environment)
    given.config_args = [*arguments, *(f"{name}={texts[name]}" for name in values)]
    names = values | written_texts(given.config_args, given.configfiles)
    given.overwrite_config.update(names)
    return names


def repeatable_command(
    arguments: Sequence[str], environment: Mapping[str, str] = os.environ
) -> list[str]:
    """Return a command line that also sets the variables, so that it starts the same run."""
    given = [f"{variable(name)}={text}" for name, text in _texts(environment).items()]
    return ["env", *given, *arguments] if given else list(arguments)


def read_pairs(arguments: Sequence[str]) -> dict[str, Any]:
    """Read texts ``KEY=VALUE`` of ``--config``; texts are as they are written.

    Raises
    ------
    EpyflowError
        If one is no pair.
    """
    return dict(map(_read_pair, arguments)) | texts_of_arguments(arguments)


def _read_pair(text: str) -> tuple[str, Any]:
    """Read ``KEY=VALUE`` as Snakemake does: a number, True, False, else YAML of texts.

    Python also reads ``1_0`` and digits of other scripts as numbers; see
    :mod:`epyflow.run.written_names`.
    """
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise EpyflowError(f"--config {text!r}: expected KEY=VALUE, such as run_id=quick")
    if value == "":
        return key, None
    for kind in (int, float):
        try:
            return key, kind(value)
        except ValueError:
            pass
    if value in ("True", "False"):
        return key, value == "True"
    try:
        return key, load(value, _PlainTexts)
    except YamlError:
        return key, value


def _texts(environment: Mapping[str, str]) -> dict[str, str]:
    given = {name: environment.get(variable(name), "") for name in Settings.model_fields}
    return {name: text for name, text in given.items() if text}

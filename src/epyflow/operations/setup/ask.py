"""Questions to a person at a terminal: one for each key, asked again until the answer can be right.

They are printed to standard error, so that what is printed to standard output stays whole.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import typer
from pydantic import ValidationError

from epyflow.errors import EpyflowError
from epyflow.experiment.reading.experiment_files import experiments_in
from epyflow.google.site import Site
from epyflow.run.settings import Settings, read_settings
from epyflow.suggest import listed

SETTINGS = ("experiments_root", "experiment", "run_id", "population_data")
SITE = (
    *("project", "region", "storage", "service_account", "coordinator_service_account", "image"),
    *("network", "subnetwork", "environment"),
)
OPTIONAL = frozenset(
    {"population_data", "coordinator_service_account", "image", "network", "subnetwork"}
)
"""Keys that an empty answer leaves out."""


def ask_settings(given: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """Ask for the settings of runs that no option gave.

    Parameters
    ----------
    given
        By options.
    now
        In config/config.yaml; what is proposed.
    """
    return _asked(SETTINGS, given, now, Settings, _wrong_setting)


def ask_site(given: Mapping[str, Any], likely: Mapping[str, Any]) -> dict[str, Any]:
    """Ask for what profiles/gcp needs and no option gave.

    Parameters
    ----------
    given
        By options.
    likely
        What is proposed.
    """
    return _asked(SITE, given, likely, Site, wrong_site)


def _asked(
    names: tuple[str, ...],
    given: Mapping[str, Any],
    proposed: Mapping[str, Any],
    model: type[Settings | Site],
    wrong: Callable[[str, Any], str],
) -> dict[str, Any]:
    answers = dict(given)
    for name in names:
        if name in given:
            continue
        field = model.model_fields[name]
        default = proposed.get(name, field.get_default())
        text = f"{name} ({(field.description or '').rstrip('.')})"
        if name == "experiment" and (there := _experiments(answers)):
            typer.echo(f"experiments there: {there}", err=True)
        answer = _answer(name, text, default if isinstance(default, str) else None, wrong)
        if answer:
            answers[name] = answer
    return answers


def _experiments(answers: Mapping[str, Any]) -> str:
    """Return what there is to choose from: in a folder, not in a repository."""
    return listed(experiments_in(Path(str(answers.get("experiments_root", "")))))


def _answer(name: str, text: str, default: str | None, wrong: Callable[[str, Any], str]) -> str:
    def checked(answer: str) -> str:
        problem = wrong(name, answer) if answer else ""
        if problem:
            raise typer.BadParameter(problem)
        return answer

    optional = name in OPTIONAL
    with _on_standard_error():
        answer: str = typer.prompt(
            f"{text}, empty for none" if optional and not default else text,
            default=default or ("" if optional else None),
            show_default=bool(default),
            value_proc=checked,
            err=True,
        )
    return answer


def agreed(question: str, *, default: bool) -> bool:
    """Return the answer to a question for yes or no."""
    with _on_standard_error():
        return typer.confirm(question, default=default, err=True)


@contextmanager
def _on_standard_error() -> Iterator[None]:
    """Keep standard output clean where it is piped: the prompt's last space goes there."""
    if sys.stdout.isatty():
        yield
        return
    with redirect_stdout(sys.stderr):
        yield


def _wrong_setting(name: str, value: Any) -> str:
    try:
        read_settings({"experiment": "any", name: value})
    except EpyflowError as error:
        return str(error).removeprefix(f"config: {name}: ")
    return ""


def wrong_site(name: str, value: Any) -> str:
    """Return what is wrong with a value for profiles/gcp; empty if it can be right."""
    try:
        Site.model_validate({name: value})
    except ValidationError as error:
        if any(each["loc"][0] == name for each in error.errors(include_url=False)):
            field = Site.model_fields[name]
            example = (field.examples or [""])[0]
            return f"{value!r} is not right; expected {field.description}, such as {example}"
    return ""

"""Ask for settings on a terminal, one key at a time, until each answer is valid.

Questions go to standard error, so that standard output can be piped.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from types import MappingProxyType
from typing import Any

import typer
from pydantic import ValidationError

from epyflow.errors import EpyflowError
from epyflow.experiment.reading.experiment_files import experiments_in
from epyflow.google.site import Site
from epyflow.operations.slurm.site import SlurmSite
from epyflow.run.settings import Settings, read_settings
from epyflow.suggest import listed

SETTINGS = ("experiments_root", "experiment", "run_id", "population_data")
SITE = (
    *("project", "region", "storage", "service_account", "coordinator_service_account", "image"),
    *("network", "subnetwork", "environment"),
)
SLURM = ("partition", "account", "qos")
OPTIONAL = frozenset(
    {"population_data", "coordinator_service_account", "image", "network", "subnetwork"}
    | {"partition", "account", "qos"}
)
"""Keys that may be left out with an empty answer."""


def ask_settings(given: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """Ask for the settings of runs that no option sets.

    Parameters
    ----------
    given
        Values of options.
    now
        Values in config/config.yaml, which are proposed.
    """
    return _asked(SETTINGS, given, now, Settings, _setting_problem)


def ask_site(given: Mapping[str, Any], likely: Mapping[str, Any]) -> dict[str, Any]:
    """Ask for the settings of profiles/gcp that no option sets.

    Parameters
    ----------
    given
        Values of options.
    likely
        Values to propose.
    """
    return _asked(SITE, given, likely, Site, site_problem)


def ask_slurm(
    given: Mapping[str, Any], likely: Mapping[str, Any], partitions: Sequence[str]
) -> dict[str, Any]:
    """Ask for the settings of profiles/slurm that no option sets.

    Parameters
    ----------
    given, likely
        See :func:`ask_site`. What is not asked for is taken as it is likely.
    partitions
        Those of the cluster, to choose from.
    """
    if partitions and "partition" not in given:
        typer.echo(f"partitions there: {listed(partitions, 30)}", err=True)
    unasked = {name: value for name, value in likely.items() if name not in SLURM}
    return unasked | _asked(SLURM, given, likely, SlurmSite, slurm_problem)


def _asked(
    names: tuple[str, ...],
    given: Mapping[str, Any],
    proposed: Mapping[str, Any],
    model: type[Settings | Site | SlurmSite],
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
    """Return the experiments in a folder; none for a repository."""
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


def confirm(question: str, *, default: bool) -> bool:
    """Ask a question for yes or no."""
    with _on_standard_error():
        return typer.confirm(question, default=default, err=True)


@contextmanager
def _on_standard_error() -> Iterator[None]:
    """Send the prompt to standard error entirely, as its last space goes to standard output."""
    if sys.stdout.isatty():
        yield
        return
    with redirect_stdout(sys.stderr):
        yield


def _setting_problem(name: str, value: Any) -> str:
    try:
        read_settings({"experiment": "any", name: value})
    except EpyflowError as error:
        return str(error).removeprefix(f"config: {name}: ")
    return ""


def site_problem(name: str, value: Any, others: Mapping[str, Any] = MappingProxyType({})) -> str:
    """Say what is wrong with a value for profiles/gcp, beside others; empty if it may be valid."""
    return _problem(Site, name, value, others)


def slurm_problem(name: str, value: Any) -> str:
    """Say what is wrong with a value for profiles/slurm; empty if it may be valid."""
    return _problem(SlurmSite, name, value)


def _problem(
    model: type[Site | SlurmSite],
    name: str,
    value: Any,
    others: Mapping[str, Any] = MappingProxyType({}),
) -> str:
    before, after = _wrong(model, others), _wrong(model, {**others, name: value})
    if name in after:
        field = model.model_fields[name]
        example = (field.examples or [""])[0]
        return f"{value!r} is not right; expected {field.description}, such as {example}"
    if spoilt := sorted(after - before):
        return f"with {value!r}, {listed(spoilt)} is not right; change that first"
    return ""


def _wrong(model: type[Site | SlurmSite], values: Mapping[str, Any]) -> set[str]:
    """Return the keys whose values are wrong; a missing key is none."""
    try:
        model.model_validate(dict(values))
    except ValidationError as error:
        found = error.errors(include_url=False)
        return {str(each["loc"][0]) for each in found if each["type"] != "missing"}
    return set()

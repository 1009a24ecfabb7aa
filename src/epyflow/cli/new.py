"""``epyflow new``: write an experiment to start from."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from epyflow.cli.output import ExitCode, exit_on_error, say
from epyflow.errors import EpyflowError
from epyflow.operations.start.experiment_template import Template, write_experiment
from epyflow.operations.start.named_experiment import relative
from epyflow.operations.start.snakemake_command import find_program, project_folder


def new(
    folder: Annotated[
        Path, typer.Argument(help="Folder to create; its name is the experiment's id.")
    ],
    template: Annotated[Template, typer.Option(help="The model to start from.")] = "sir",
) -> None:
    """Write an experiment to start from: a commented model whose numbers have sources.

    It includes the populations of two US states, so it runs without a network. Run it with
    `epyflow run`.

    Exit code 0: written. 1: the name is wrong, or the folder has content. 2: it cannot be written.
    """
    with exit_on_error(ExitCode.PROBLEM):
        place = _without_detours(folder)
        written = write_experiment(place, template, _project())
    for path in written.files:
        say(relative(path.absolute()))
    if not written.has_populations:
        say("its population is downloaded once, when it first runs", err=True)
    name = shlex.quote(str(place))
    epyflow = find_program("epyflow")
    say(f"next: {epyflow} run {name} --cores 2 --report report.html", err=True)


def _without_detours(folder: Path) -> Path:
    """Return the path without `..`, whose folders would be made, too."""
    whole = folder.absolute()
    return Path(relative(whole.parent.resolve() / whole.name))


def _project() -> Path | None:
    """Return the project's folder, if the package lies in one."""
    try:
        return project_folder()
    except EpyflowError:
        return None

"""``epyflow new``: write an experiment to start from."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from epyflow.cli.output import ExitCode, exit_on_error, say, warn
from epyflow.errors import EpyflowError
from epyflow.experiment.reading.experiment_files import locate
from epyflow.operations.start.experiment_template import Template, same_id, write_experiment
from epyflow.operations.start.named_experiment import relative
from epyflow.operations.start.snakemake_command import find_program, project_folder
from epyflow.run.layout import RunLayout
from epyflow.run.settings import Settings


def new(
    folder: Annotated[
        Path,
        typer.Argument(
            help="Folder to create. The experiment's id is its path below `experiments/`, "
            "otherwise its name alone."
        ),
    ],
    template: Annotated[Template, typer.Option(help="The model to start from.")] = "sir",
) -> None:
    """Write an experiment to start from: a commented model whose numbers have sources.

    It includes the populations of two US states, so it runs without a network. Run it with
    `epyflow run`. The last lines say its id, which names the folder of its results.

    Exit code 0: written. 1: the name is wrong, or the folder has content. 2: it cannot be written.
    """
    with exit_on_error(ExitCode.PROBLEM):
        place = _without_detours(folder)
        written = write_experiment(place, template, _project())
    for path in written.files:
        say(relative(path.absolute()))
    if not written.has_populations:
        say("its population is downloaded once, when it first runs", err=True)
    exp_id = locate(place).exp_id
    for other in same_id(place):
        warn(
            f"{relative(other)} has the id {exp_id}, too: their runs from this folder need the "
            "same folder of results. Rename one of the two, or give each run a run_id of its own"
        )
    results = RunLayout(exp_id, Settings.model_fields["run_id"].default).results
    say(f"id: {exp_id}; its results will be in {results}", err=True)
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

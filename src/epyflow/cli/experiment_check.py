"""Check an experiment for the commands that need one, and print its problems."""

from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.text import Text

from epyflow.cli.output import exit_on_error
from epyflow.errors import PopulationError, UnreadableError
from epyflow.experiment.experiment import Experiment
from epyflow.experiment.load import inspect
from epyflow.experiment.reading.experiment_files import locate
from epyflow.experiment.reading.problems import Problem
from epyflow.population.store import PopulationStore
from epyflow.repositories.address import is_address
from epyflow.run.settings import POPULATION_FOLDERS, find_path
from epyflow.run.sources import check_inside, local_folder


def inspect_experiment(
    path: Path,
    root: str | None,
    output_config: str | None,
    population_data: Path | None,
    allowed_data_roots: list[Path] | None,
    format: str,
) -> tuple[Experiment | None, list[Problem]]:
    """Check an experiment; end the command where it cannot be read.

    Parameters
    ----------
    path, root, output_config, population_data, allowed_data_roots
        The options of these names.
    format
        With ``json``, why it cannot be read is printed as a document.

    Returns
    -------
    experiment, problems
        The experiment is None if a problem is an error.
    """
    document = {"valid": False} if format == "json" else None
    with exit_on_error(errors=(UnreadableError, PopulationError), document=document):
        place = locate(path, local_folder(root), tuple(allowed_data_roots or ()))
        if root is not None and is_address(root):
            check_inside(place, root)
        given = None if population_data is None else str(population_data)
        folder = find_path(given, place.root, POPULATION_FOLDERS)
        store = None if folder is None else PopulationStore.open(folder, remote=False)
        return inspect(place, output_config, store.known() if store else ())


def print_problems(problems: Iterable[Problem], console: Console) -> None:
    """Print one line each; in colour on a terminal only."""
    for problem in problems:
        line = Text(str(problem))
        start = f"{problem.file}:{problem.line}:"
        style = "yellow" if problem.severity == "warning" else "red"
        line.stylize("bold", 0, len(start))
        line.stylize(style, len(start) + 1, len(start) + 1 + len(problem.key))
        console.print(line, soft_wrap=True)

"""Check an experiment for the commands that need one, and print its problems."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from epyflow.cli.config import warn_of_variables
from epyflow.cli.output import exit_on_error
from epyflow.experiment.experiment import Experiment
from epyflow.experiment.reading.problems import Problem
from epyflow.operations.runs.log_lines import printable
from epyflow.operations.start.named_experiment import name_experiment
from epyflow.run import sources
from epyflow.run.calendar import with_calendar
from epyflow.run.settings import Settings
from forecast_hub.errors import first_lines

MOST_PROBLEMS = 1_000
"""Problems in a document: the same mistake may be in a hundred thousand keys."""


def experiment_options(
    root: str | None,
    output_config: str | None,
    population_data: Path | None,
    allowed_data_roots: list[Path] | None,
) -> dict[str, Any]:
    """Return the settings that options of these names give; None for one that is not given."""
    return {
        "experiments_root": root,
        "output_config": output_config,
        "population_data": None if population_data is None else str(population_data),
        "allowed_data_roots": [str(each) for each in allowed_data_roots or ()] or None,
    }


def inspect_experiment(
    named: str,
    configfile: list[Path] | None,
    config: list[str] | None,
    options: Mapping[str, Any],
    format: str,
) -> tuple[Experiment | None, list[Problem], Settings]:
    """Check an experiment; end the command where it cannot be read.

    Parameters
    ----------
    named, configfile, config, options
        The experiment and its settings: :func:`name_experiment`.
    format
        With ``json``, why it cannot be read is printed as a document.

    Returns
    -------
    experiment, problems, settings
        The experiment is None if a problem is an error.
    """
    warn_of_variables()
    document = {"valid": False} if format == "json" else None
    with exit_on_error(document=document):
        found = name_experiment(named, configfile or (), config or (), options).settings
        settings = with_calendar(sources.fetch_root(found)[0])
        experiment, problems = sources.inspect_experiment(settings, settings.sources(remote=False))
        return experiment, problems, settings


def problem_document(problems: Sequence[Problem], *, valid: bool) -> dict[str, Any]:
    """Return the answer for ``--format json``.

    Of more than :data:`MOST_PROBLEMS` problems it has the first, errors before warnings, in their
    order; ``left_out`` is the number of the others.
    """
    errors_first = sorted(problems, key=lambda problem: problem.severity != "error")
    kept = {id(problem) for problem in errors_first[:MOST_PROBLEMS]}
    return {
        "valid": valid,
        "problems": [problem.as_dict() for problem in problems if id(problem) in kept],
        "left_out": len(problems) - len(kept),
    }


def print_problems(problems: Sequence[Problem], console: Console) -> None:
    """Print one line each, of many the first and the last; in colour on a terminal only."""
    styled = {str(problem): problem for problem in problems}
    for text in first_lines([str(problem) for problem in problems]):
        line = Text(printable(text))
        if (problem := styled.get(text)) is not None:
            start, key = len(printable(problem.place)), len(printable(problem.key))
            style = "yellow" if problem.severity == "warning" else "red"
            line.stylize("bold", 0, start)
            line.stylize(style, start + 1, start + 1 + key)
        console.print(line, soft_wrap=True)
